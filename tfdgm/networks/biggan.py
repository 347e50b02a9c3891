"""Generator and discriminator of BigGAN and BigGAN-deep (Brock, Donahue & Simonyan 2019, appendix B, tables 4 to 9)."""

import dataclasses
import itertools
from collections.abc import Sequence

import keras
import tensorflow as tf

from tfdgm.core.validation import require_at_least, require_choice
from tfdgm.networks.attention import SelfAttention
from tfdgm.networks.biggan_blocks import (
    RATIO,
    DeepDiscriminatorBlock,
    DeepGeneratorBlock,
    DiscriminatorBlock,
    GeneratorBlock,
    spectral_conv,
)
from tfdgm.networks.conditional_batch_norm import ConditionalBatchNorm
from tfdgm.networks.spectral_norm import SpectralDense

_BASE_SIDE = 4


@dataclasses.dataclass(frozen=True)
class _Plan:
    """Channels in units of the width: the generator's from 4x4 on, and of the discriminator's blocks."""

    generator: tuple[int, ...]
    discriminator: tuple[int, ...]
    num_halvings: int


# By side of the images. 8 and 16 are ours, in the manner of 32.
_PLANS = {
    8: _Plan((4, 4), (4, 4), 1),
    16: _Plan((4, 4, 4), (4, 4, 4), 2),
    32: _Plan((4, 4, 4, 4), (4, 4, 4, 4), 2),
    64: _Plan((16, 16, 8, 4, 2), (1, 2, 4, 8, 16), 4),
    128: _Plan((16, 16, 8, 4, 2, 1), (1, 2, 4, 8, 16, 16), 5),
    256: _Plan((16, 16, 8, 8, 4, 2, 1), (1, 2, 4, 8, 8, 16, 16), 6),
}


class BigGANGenerator(keras.layers.Layer):
    """Latents and a class to images with values in [-1, 1].

    The class has one embedding, which conditions every normalisation. Plain: the latents are dealt out, a share for the
    first layer and one for each block's condition. Deep: every block sees them whole.

    Attributes:
      latent_dim: D of the latents.
      norms: all normalisations.
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        num_classes: int,
        *,
        width: int,
        latent_dim: int,
        embedding_size: int,
        attention_size: int,
        deep: bool,
        name: str = "generator",
    ) -> None:
        """Builds the blocks; the fields are those of `tfdgm.configs.biggan.BigGANConfig`.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        super().__init__(name=name)
        plan = _plan(image_shape, attention_size)
        require_at_least(1, latent_dim=latent_dim, embedding_size=embedding_size)
        channels = _channels(plan.generator, width, deep)
        self.deep, self.latent_dim, self.num_classes = deep, latent_dim, num_classes
        self.num_shares = 1 if deep else len(channels)
        if latent_dim % self.num_shares:
            below = latent_dim // self.num_shares * self.num_shares
            raise ValueError(
                f"latent_dim is {latent_dim}; {image_shape[0]} pixels have {self.num_shares} shares of latents, so it "
                f"must be a multiple of {self.num_shares}: {below or self.num_shares} or {below + self.num_shares}"
            )
        share = latent_dim // self.num_shares
        condition_size = embedding_size + share
        self.embedding = keras.layers.Dense(
            embedding_size, use_bias=False, kernel_initializer="orthogonal", name=f"{name}_embedding"
        )
        self.embedding.build((None, num_classes))
        self.first = _dense(condition_size if deep else share, _BASE_SIDE**2 * channels[0], f"{name}_first")
        self.blocks = _generator_blocks(channels, condition_size, attention_size, deep, name)
        self.last_norm = ConditionalBatchNorm(channels[-1], name=f"{name}_last_norm")
        self.last = spectral_conv(channels[-1], image_shape[-1], 3, f"{name}_last")
        blocks = [block for block in self.blocks if not isinstance(block, SelfAttention)]
        self.norms = [*(norm for block in blocks for norm in block.norms), self.last_norm]
        self.first_channels = channels[0]
        self.built = True

    def call(
        self, z: tf.Tensor, one_hot: tf.Tensor, training: bool = False, uses_batch: bool | None = None
    ) -> tf.Tensor:
        """Images.

        Args:
          z: [B, latent_dim].
          one_hot: of the class, [B, num_classes]; a mixture of classes is between them.
          training: moves the vectors of the power iterations.
          uses_batch: normalise by the batch's own moments; None: as `training` says.

        Returns:
          [B, H, W, C].
        """
        uses_batch = training if uses_batch is None else uses_batch
        embedded = self.embedding(one_hot)
        first, *shares = tf.split(z, self.num_shares, axis=-1)
        whole = tf.concat([embedded, z], axis=-1)
        conditions = iter(tf.concat([embedded, share], axis=-1) for share in shares)
        h = self.first(whole if self.deep else first, training=training)
        h = tf.reshape(h, [-1, _BASE_SIDE, _BASE_SIDE, self.first_channels])
        for block in self.blocks:
            if isinstance(block, SelfAttention):
                h = block(h, training=training)
            else:
                h = block(h, whole if self.deep else next(conditions), training=training, uses_batch=uses_batch)
        h = tf.nn.relu(self.last_norm(h, training=training, uses_batch=uses_batch))
        return tf.tanh(self.last(h, training=training))


class BigGANDiscriminator(keras.layers.Layer):
    """Images and a class to logits, by projection (Miyato & Koyama 2018, eq. 3)."""

    def __init__(
        self,
        image_shape: Sequence[int],
        num_classes: int,
        *,
        width: int,
        attention_size: int,
        deep: bool,
        name: str = "discriminator",
    ) -> None:
        """Builds the blocks; the fields are those of `tfdgm.configs.biggan.BigGANConfig`.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        super().__init__(name=name)
        plan = _plan(image_shape, attention_size)
        channels = _channels(plan.discriminator, width, deep)
        build = _deep_discriminator_blocks if deep else _discriminator_blocks
        self.blocks = build(image_shape, channels, plan.num_halvings, attention_size, name)
        self.outputs = _dense(channels[-1], 1, f"{name}_outputs")
        self.embedding = _dense(num_classes, channels[-1], f"{name}_embedding", use_bias=False)
        self.built = True

    def call(self, x: tf.Tensor, one_hot: tf.Tensor, training: bool = False) -> tf.Tensor:
        """x [B, H, W, C] and one_hot [B, num_classes] to logits [B]."""
        h = x
        for block in self.blocks:
            h = block(h, training=training)
        h = tf.reduce_sum(tf.nn.relu(h), axis=[1, 2])
        projection = tf.reduce_sum(self.embedding(one_hot, training=training) * h, axis=-1)
        return self.outputs(h, training=training)[:, 0] + projection


def _generator_blocks(
    channels: Sequence[int], condition_size: int, attention_size: int, deep: bool, name: str
) -> list[keras.layers.Layer]:
    blocks: list[keras.layers.Layer] = []
    for index, (inputs, outputs) in enumerate(itertools.pairwise(channels)):
        label = f"{name}_block_{index}"
        if deep:
            blocks.append(DeepGeneratorBlock(inputs, inputs, condition_size, resamples=False, name=f"{label}_same"))
            blocks.append(DeepGeneratorBlock(inputs, outputs, condition_size, resamples=True, name=label))
        else:
            blocks.append(GeneratorBlock(inputs, outputs, condition_size, resamples=True, name=label))
        if _BASE_SIDE * 2 ** (index + 1) == attention_size:
            blocks.append(SelfAttention(outputs, name=f"{name}_attention"))
    return blocks


def _discriminator_blocks(
    image_shape: Sequence[int], channels: Sequence[int], num_halvings: int, attention_size: int, name: str
) -> list[keras.layers.Layer]:
    blocks: list[keras.layers.Layer] = []
    side = image_shape[0]
    for index, (inputs, outputs) in enumerate(itertools.pairwise([image_shape[-1], *channels])):
        halves = index < num_halvings
        blocks.append(
            DiscriminatorBlock(inputs, outputs, resamples=halves, is_first=index == 0, name=f"{name}_block_{index}")
        )
        side //= 2 if halves else 1
        if halves and side == attention_size:
            blocks.append(SelfAttention(outputs, name=f"{name}_attention"))
    return blocks


def _deep_discriminator_blocks(
    image_shape: Sequence[int], channels: Sequence[int], num_halvings: int, attention_size: int, name: str
) -> list[keras.layers.Layer]:
    blocks: list[keras.layers.Layer] = [spectral_conv(image_shape[-1], channels[0], 3, f"{name}_first")]
    side = image_shape[0]
    for index, (inputs, outputs) in enumerate(itertools.pairwise(channels)):
        halves, label = index < num_halvings, f"{name}_block_{index}"
        blocks.append(DeepDiscriminatorBlock(inputs, outputs, resamples=halves, name=label))
        blocks.append(DeepDiscriminatorBlock(outputs, outputs, resamples=False, name=f"{label}_same"))
        side //= 2 if halves else 1
        if halves and side == attention_size:
            blocks.append(SelfAttention(outputs, name=f"{name}_attention"))
    return blocks


def _plan(image_shape: Sequence[int], attention_size: int) -> _Plan:
    if len(image_shape) != 3 or image_shape[0] != image_shape[1] or image_shape[0] not in _PLANS:
        raise ValueError(
            f"the data have shape {tuple(image_shape)}; BigGAN needs square images of {', '.join(map(str, _PLANS))} "
            "pixels (data.image_height, data.image_width)"
        )
    sides = [side for side in _PLANS if _BASE_SIDE < side < image_shape[0]]
    require_choice("attention_size", attention_size, (0, *sides))
    return _PLANS[image_shape[0]]


def _channels(multiples: Sequence[int], width: int, deep: bool) -> list[int]:
    """Of each layer; refuses a width of which a deep block's inner layers would have no quarter."""
    require_at_least(-(-RATIO // min(multiples)) if deep else 1, width=width)
    return [multiple * width for multiple in multiples]


def _dense(num_inputs: int, num_outputs: int, name: str, *, use_bias: bool = True) -> SpectralDense:
    layer = SpectralDense(num_outputs, use_bias=use_bias, kernel_initializer="orthogonal", name=name)
    layer.build((None, num_inputs))
    return layer
