"""Noise that spreads grey levels over their cells: the density of y = k + u bounds the probability of k.

    log P(k) >= E_q(u|k) [log p(k + u) - log q(u|k)],   u in [0, 1)   (Theis et al. 2016, eq. 2; Ho et al. 2019, eq. 12)

`uniform` has log q = 0; `variational` learns q. One table, `DEQUANTIZERS`.
"""

import abc
import math
from collections.abc import Sequence

import keras
import tensorflow as tf

from tfdgm.core.validation import require_choice

_LIMIT = 5.0  # of the log scale


class Dequantizer(keras.layers.Layer, abc.ABC):
    """q(u|k)."""

    def __init__(self, *, name: str) -> None:
        """Takes inputs as they are: in 16 bits noise would have few values."""
        super().__init__(autocast=False, name=name)

    @abc.abstractmethod
    def call(self, levels: tf.Tensor, noise: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """A draw and its density.

        Args:
          levels: k, from 0 to 1 as a share of the highest, [B, H, W, C].
          noise: uniforms in [0, 1), [B, H, W, C].

        Returns:
          u [B, H, W, C] and log q(u|k), nats, [B].
        """


class UniformDequantizer(Dequantizer):
    """The noise as it is.

    References:
      Theis, van den Oord & Bethge (2016), A note on the evaluation of generative models, section 3.1.
    """

    def __init__(self, image_shape: Sequence[int], num_filters: int, *, name: str = "dequantizer") -> None:
        """Takes what others need."""
        del image_shape, num_filters
        super().__init__(name=name)
        self.built = True

    def call(self, levels: tf.Tensor, noise: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """u is the noise; log q is 0."""
        del levels
        return noise, tf.zeros(tf.shape(noise)[:1], noise.dtype)


class VariationalDequantizer(Dequantizer):
    """u = sigmoid(mean(k) + scale(k) eps): a logistic normal in each dimension, its moments convolutions of the image.

    It starts close to the uniform: mean 0 and the scale 1.7 of the normal that is nearest the logistic.

    References:
      Ho, Chen, Srinivas, Duan & Abbeel (2019), Flow++, section 3.1, whose q is a flow itself.
    """

    def __init__(self, image_shape: Sequence[int], num_filters: int, *, name: str = "dequantizer") -> None:
        """Builds the convolutions.

        Args:
          image_shape: [H, W, C].
          num_filters: of the two hidden layers.
          name: of the layer.
        """
        super().__init__(name=name)
        channels = image_shape[-1]
        self.convolutions = [
            keras.layers.Conv2D(num_filters, 3, padding="same", activation="relu", name=f"{name}_first"),
            keras.layers.Conv2D(num_filters, 3, padding="same", activation="relu", name=f"{name}_second"),
            keras.layers.Conv2D(2 * channels, 3, padding="same", kernel_initializer="zeros", name=f"{name}_outputs"),
        ]
        for convolution, inputs in zip(self.convolutions, (channels, num_filters, num_filters), strict=True):
            convolution.build((None, *image_shape[:-1], inputs))
        self.built = True

    def call(self, levels: tf.Tensor, noise: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """By the noise's normal quantiles."""
        hidden = levels
        for convolution in self.convolutions:
            hidden = convolution(hidden)
        mean, raw_scale = tf.split(tf.cast(hidden, noise.dtype), 2, axis=-1)
        log_scale = math.log(1.7) + _LIMIT * tf.tanh(raw_scale / _LIMIT)
        eps = tf.math.ndtri(tf.clip_by_value(noise, 1e-6, 1.0 - 1e-6))  # of which 0 would be infinite
        logit = mean + tf.exp(log_scale) * eps
        # log q(u) = log N(eps) - log scale - log du/dlogit
        log_normal = -0.5 * (tf.square(eps) + math.log(2.0 * math.pi))
        log_slope = tf.math.log_sigmoid(logit) + tf.math.log_sigmoid(-logit)
        return tf.sigmoid(logit), tf.reduce_sum(log_normal - log_scale - log_slope, [-3, -2, -1])


DEQUANTIZERS: dict[str, type[UniformDequantizer] | type[VariationalDequantizer]] = {
    "uniform": UniformDequantizer,
    "variational": VariationalDequantizer,
}


def dequantizer(kind: str, image_shape: Sequence[int], num_filters: int, *, name: str = "dequantizer") -> Dequantizer:
    """One by its name in `DEQUANTIZERS`.

    Raises:
      ValueError: for an unknown name.
    """
    require_choice("dequantization", kind, DEQUANTIZERS)
    return DEQUANTIZERS[kind](image_shape, num_filters, name=name)
