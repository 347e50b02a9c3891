"""Residual blocks of BigGAN and BigGAN-deep, spectrally normalised (Brock et al. 2019, figures 15 and 16)."""

import keras
import tensorflow as tf

from tfdgm.math.resolution import averaged, repeated
from tfdgm.networks.conditional_batch_norm import ConditionalBatchNorm
from tfdgm.networks.spectral_norm import SpectralConv2D

RATIO = 4  # of a deep block's channels to those of its 3x3 convolutions


class _Block(keras.layers.Layer):
    """What blocks share: convolutions by name.

    Those of the generator have no bias: a normalisation comes after all of them, and takes it away.
    """

    uses_bias = True

    def __init__(self, num_inputs: int, num_outputs: int, *, resamples: bool, name: str) -> None:
        super().__init__(name=name)
        self.num_inputs, self.num_outputs, self.resamples = num_inputs, num_outputs, resamples

    def _conv(self, name: str, num_inputs: int, num_outputs: int, size: int) -> SpectralConv2D:
        return spectral_conv(num_inputs, num_outputs, size, f"{self.name}_{name}", use_bias=self.uses_bias)

    def _norm(self, name: str, num_channels: int, condition_size: int) -> ConditionalBatchNorm:
        return ConditionalBatchNorm(num_channels, condition_size, name=f"{self.name}_{name}")


class GeneratorBlock(_Block):
    """norm, relu, [up,] 3x3, norm, relu, 3x3; the shortcut [up,] 1x1 (figure 15b)."""

    uses_bias = False

    def __init__(self, num_inputs: int, num_outputs: int, condition_size: int, *, resamples: bool, name: str) -> None:
        """Builds the layers; `resamples` doubles the sides."""
        super().__init__(num_inputs, num_outputs, resamples=resamples, name=name)
        self.norms = [
            self._norm("norm_1", num_inputs, condition_size),
            self._norm("norm_2", num_outputs, condition_size),
        ]
        self.conv_1 = self._conv("conv_1", num_inputs, num_outputs, 3)
        self.conv_2 = self._conv("conv_2", num_outputs, num_outputs, 3)
        if resamples or num_inputs != num_outputs:
            self.shortcut = self._conv("shortcut", num_inputs, num_outputs, 1)
        else:
            self.shortcut = None
        self.built = True

    def call(self, x: tf.Tensor, condition: tf.Tensor, training: bool, uses_batch: bool) -> tf.Tensor:
        """[B, H, W, inputs] to [B, 2H, 2W, outputs], or the same sides."""
        h = tf.nn.relu(self.norms[0](x, condition, training=training, uses_batch=uses_batch))
        if self.resamples:
            h, x = repeated(h), repeated(x)
        h = self.conv_1(h, training=training)
        h = tf.nn.relu(self.norms[1](h, condition, training=training, uses_batch=uses_batch))
        h = self.conv_2(h, training=training)
        return h + (self.shortcut(x, training=training) if self.shortcut else x)


class DeepGeneratorBlock(_Block):
    """Four convolutions, 1x1, 3x3, 3x3, 1x1, at a quarter of the channels; the shortcut drops channels (figure 16b)."""

    uses_bias = False

    def __init__(self, num_inputs: int, num_outputs: int, condition_size: int, *, resamples: bool, name: str) -> None:
        """Builds the layers; `resamples` doubles the sides."""
        super().__init__(num_inputs, num_outputs, resamples=resamples, name=name)
        inner = num_inputs // RATIO
        sizes = (num_inputs, inner, inner, inner)
        self.norms = [self._norm(f"norm_{index}", size, condition_size) for index, size in enumerate(sizes, 1)]
        self.convs = [
            self._conv("conv_1", num_inputs, inner, 1),
            self._conv("conv_2", inner, inner, 3),
            self._conv("conv_3", inner, inner, 3),
            self._conv("conv_4", inner, num_outputs, 1),
        ]
        self.built = True

    def call(self, x: tf.Tensor, condition: tf.Tensor, training: bool, uses_batch: bool) -> tf.Tensor:
        """[B, H, W, inputs] to [B, 2H, 2W, outputs], or the same sides."""
        h = x
        for index, (norm, conv) in enumerate(zip(self.norms, self.convs, strict=True)):
            h = tf.nn.relu(norm(h, condition, training=training, uses_batch=uses_batch))
            h = conv(repeated(h) if index == 1 and self.resamples else h, training=training)
        x = x[..., : self.num_outputs]
        return h + (repeated(x) if self.resamples else x)


class DiscriminatorBlock(_Block):
    """[relu,] 3x3, relu, 3x3 [, down]; the shortcut [down,] 1x1 (figure 15c). The first block has no relu before it."""

    def __init__(self, num_inputs: int, num_outputs: int, *, resamples: bool, is_first: bool, name: str) -> None:
        """Builds the layers; `resamples` halves the sides."""
        super().__init__(num_inputs, num_outputs, resamples=resamples, name=name)
        self.is_first = is_first
        self.conv_1 = self._conv("conv_1", num_inputs, num_outputs, 3)
        self.conv_2 = self._conv("conv_2", num_outputs, num_outputs, 3)
        if resamples or num_inputs != num_outputs:
            self.shortcut = self._conv("shortcut", num_inputs, num_outputs, 1)
        else:
            self.shortcut = None
        self.built = True

    def call(self, x: tf.Tensor, training: bool) -> tf.Tensor:
        """[B, H, W, inputs] to [B, H/2, W/2, outputs], or the same sides."""
        h = self.conv_1(x if self.is_first else tf.nn.relu(x), training=training)
        h = self.conv_2(tf.nn.relu(h), training=training)
        if self.resamples:
            h, x = averaged(h), averaged(x)
        return h + (self.shortcut(x, training=training) if self.shortcut else x)


class DeepDiscriminatorBlock(_Block):
    """Four convolutions as in the generator, halved before the last; the shortcut adds channels (figure 16c)."""

    def __init__(self, num_inputs: int, num_outputs: int, *, resamples: bool, name: str) -> None:
        """Builds the layers; `resamples` halves the sides."""
        super().__init__(num_inputs, num_outputs, resamples=resamples, name=name)
        inner = num_outputs // RATIO
        self.convs = [
            self._conv("conv_1", num_inputs, inner, 1),
            self._conv("conv_2", inner, inner, 3),
            self._conv("conv_3", inner, inner, 3),
            self._conv("conv_4", inner, num_outputs, 1),
        ]
        num_added = num_outputs - num_inputs
        self.shortcut = self._conv("shortcut", num_inputs, num_added, 1) if num_added else None
        self.built = True

    def call(self, x: tf.Tensor, training: bool) -> tf.Tensor:
        """[B, H, W, inputs] to [B, H/2, W/2, outputs], or the same sides."""
        h = x
        for index, conv in enumerate(self.convs):
            h = tf.nn.relu(h)
            h = conv(averaged(h) if index == 3 and self.resamples else h, training=training)
        if self.resamples:
            x = averaged(x)
        if self.shortcut:
            x = tf.concat([x, self.shortcut(x, training=training)], axis=-1)
        return h + x


def spectral_conv(num_inputs: int, num_outputs: int, size: int, name: str, *, use_bias: bool = True) -> SpectralConv2D:
    """A built convolution, orthogonal at the start (Brock et al. 2019, appendix C.1)."""
    layer = SpectralConv2D(
        num_outputs, size, padding="same", use_bias=use_bias, kernel_initializer="orthogonal", name=name
    )
    layer.build((None, None, None, num_inputs))
    return layer
