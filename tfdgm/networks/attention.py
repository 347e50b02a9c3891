"""Self-attention over the places of an image (Wang et al. 2018; Zhang et al. 2019), with spectral normalisation."""

import keras
import tensorflow as tf

from tfdgm.core.validation import require_at_least
from tfdgm.networks.spectral_norm import SpectralConv2D


class SelfAttention(keras.layers.Layer):
    """x + gamma W_o A g(x), with A = softmax over places j of f(x)_i' h(x)_j; gamma starts at 0.

    Keys and values are max-pooled to half the sides, as in BigGAN.

    References:
      Zhang, Goodfellow, Metaxas & Odena (2019), Self-attention generative adversarial networks, eq. 1 to 3.
      Brock, Donahue & Simonyan (2019), Large scale GAN training, appendix B.
    """

    def __init__(self, num_channels: int, *, name: str = "attention") -> None:
        """Builds the four 1x1 convolutions.

        Args:
          num_channels: C, at least 8: queries and keys have C / 8 channels, values C / 2.
          name: of the layer.

        Raises:
          ValueError: for fewer channels.
        """
        require_at_least(8, num_channels=num_channels)
        super().__init__(name=name)
        inner, half = num_channels // 8, num_channels // 2
        self.queries = _projection(num_channels, inner, f"{name}_queries")
        self.keys = _projection(num_channels, inner, f"{name}_keys")
        self.values = _projection(num_channels, half, f"{name}_values")
        self.outputs = _projection(half, num_channels, f"{name}_outputs")
        self.gamma = self.add_weight(shape=(), initializer="zeros", aggregation="mean", name="gamma")
        self.built = True

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        """[B, H, W, C] to the same; H and W are even."""
        queries = _places(self.queries(x, training=training))
        keys = _places(_pooled(self.keys(x, training=training)))
        values = _places(_pooled(self.values(x, training=training)))
        attention = tf.nn.softmax(tf.matmul(queries, keys, transpose_b=True))  # [B, H W, H W / 4]
        attended = tf.matmul(attention, values)
        attended = tf.reshape(attended, tf.concat([tf.shape(x)[:3], [values.shape[-1]]], axis=0))
        return x + tf.cast(self.gamma.value, x.dtype) * self.outputs(attended, training=training)


def _projection(num_inputs: int, num_outputs: int, name: str) -> SpectralConv2D:
    layer = SpectralConv2D(num_outputs, 1, use_bias=False, kernel_initializer="orthogonal", name=name)
    layer.build((None, None, None, num_inputs))
    return layer


def _pooled(x: tf.Tensor) -> tf.Tensor:
    return tf.nn.max_pool2d(x, 2, 2, "VALID")


def _places(x: tf.Tensor) -> tf.Tensor:
    return tf.reshape(x, [tf.shape(x)[0], -1, x.shape[-1]])
