"""What tells real from generated: features, one logit from them, and two ways to use a label."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from tfdgm.core.validation import require_choice
from tfdgm.networks.dcgan import dcgan_features
from tfdgm.networks.labels import with_label
from tfdgm.networks.mlp import ACTIVATIONS, built_sequential
from tfdgm.networks.spectral_norm import SpectralDense

CONDITIONINGS = ("none", "projection", "concatenation")


class Discriminator(keras.layers.Layer):
    """x [B, *event_shape], and a label [B], to a logit [B].

    none           w' phi(x) + b
    projection     w' phi(x) + b + e(y)' phi(x)                      (Miyato & Koyama 2018, eq. 3)
    concatenation  w' phi(x, onehot(y)) + b, for images as channels  (Mirza & Osindero 2014)
    """

    def __init__(
        self,
        event_shape: Sequence[int],
        *,
        network: str,
        hidden_sizes: Sequence[int],
        num_filters: Sequence[int],
        activation: str,
        normalization: str,
        dense_sizes: Sequence[int] = (),
        conditioning: str = "none",
        num_classes: int = 0,
        use_bias: bool = True,
        name: str,
    ) -> None:
        """Builds phi and what follows; the fields are those of `tfdgm.configs.adversarial.AdversarialConfig`.

        `use_bias` is false where only differences of logits count, which no b changes.
        """
        super().__init__(name=name)
        require_choice("conditioning", conditioning, CONDITIONINGS)
        self.conditioning, self.num_classes = conditioning, num_classes
        num_channels = event_shape[-1] + (num_classes if conditioning == "concatenation" else 0)
        shape = (*event_shape[:-1], num_channels)
        self.features = discriminator_features(
            shape,
            network=network,
            hidden_sizes=hidden_sizes,
            num_filters=num_filters,
            activation=activation,
            normalization=normalization,
            dense_sizes=dense_sizes,
        )
        size = self.features.output_shape[-1]
        dense = SpectralDense if normalization == "spectral" else keras.layers.Dense
        self.outputs = dense(1, use_bias=use_bias, name="outputs")
        self.outputs.build((None, size))
        if conditioning == "projection":
            self.embedding = dense(size, use_bias=False, name="embedding")
            self.embedding.build((None, num_classes))
        self.built = True

    def call(self, x: tf.Tensor, label: tf.Tensor | None = None, training: bool = False) -> tf.Tensor:
        """Logits [B]."""
        if self.conditioning == "none":
            return self.of_features(self.features(x, training=training), training=training)
        if self.conditioning == "concatenation":
            x = with_label(x, label, self.num_classes)
            return self.of_features(self.features(x, training=training), training=training)
        one_hot = tf.one_hot(label, self.num_classes, dtype=x.dtype)
        features = self.features(x, training=training)
        projection = tf.reduce_sum(self.embedding(one_hot, training=training) * features, axis=-1)
        return self.of_features(features, training=training) + projection

    def of_features(self, features: tf.Tensor, training: bool = False) -> tf.Tensor:
        """w' phi + b: phi [B, D] to [B]."""
        return self.outputs(features, training=training)[:, 0]


def discriminator_features(
    shape: Sequence[int],
    *,
    network: str,
    hidden_sizes: Sequence[int],
    num_filters: Sequence[int],
    activation: str,
    normalization: str,
    dense_sizes: Sequence[int] = (),
) -> keras.Sequential:
    """phi: x [B, *shape] to [B, D], by `network`, `dcgan` or `mlp`; the fields are those of `GANConfig`."""
    if network == "dcgan":
        return dcgan_features(shape, num_filters, normalization=normalization, dense_sizes=dense_sizes, name="features")
    return mlp_features(shape, hidden_sizes, activation, normalization)


def mlp_features(
    shape: Sequence[int], hidden_sizes: Sequence[int], activation: str, normalization: str, *, name: str = "features"
) -> keras.Sequential:
    """[B, *shape] to features [B, D]: hidden layers alone; `normalization` is `none` or `spectral`."""
    require_choice("discriminator_normalization", normalization, ("none", "spectral"))
    require_choice("activation", activation, ACTIVATIONS)
    if not hidden_sizes or min(hidden_sizes) < 1:
        raise ValueError(f"hidden_sizes is {tuple(hidden_sizes)}; it needs at least one layer, each of at least 1 unit")
    dense = SpectralDense if normalization == "spectral" else keras.layers.Dense
    layers: list[keras.Layer] = [keras.layers.Flatten()] if len(shape) > 1 else []
    layers += [dense(size, activation=activation, name=f"hidden_{index}") for index, size in enumerate(hidden_sizes)]
    return built_sequential(layers, shape, name)
