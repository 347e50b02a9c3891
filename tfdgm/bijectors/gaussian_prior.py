"""Learned Gaussian priors as bijectors from standard normal noise.

    h = mean + scale * z,   z ~ N(0, I)   is   h ~ N(mean, scale^2)

A flow that ends in one has a fixed base distribution, so its density is that of one transformed standard normal.
Noise times a temperature draws from the priors at that temperature.
"""

from collections.abc import Sequence

import keras
import tensorflow as tf

from tfdgm.bijectors.layer import BijectorLayer, Context, event_axes, require_channels
from tfdgm.core.validation import require_at_least

_LIMIT = 6.0  # of log scale, to either side


class GaussianPrior(BijectorLayer):
    """Mean and scale of each channel, weights or linear in a context (a class's one-hot vector); starts at N(0, I).

    References:
      Kingma & Dhariwal (2018), Glow: generative flow with invertible 1x1 convolutions (its code: `prior`, `ycond`).
    """

    def __init__(self, event_shape: Sequence[int], *, context_size: int = 0, name: str = "prior") -> None:
        """Builds the weights.

        Args:
          event_shape: [D] or [H, W, C].
          context_size: E of the context [B, E]; 0 for none.
          name: of the layer.

        Raises:
          ValueError: for any other shape, or a negative size.
        """
        require_channels(event_shape)
        require_at_least(0, context_size=context_size)
        super().__init__(event_shape, event_shape, name=name)
        outputs = 2 * self.event_shape[-1]
        self.bias = self.add_weight(shape=(outputs,), initializer="zeros", aggregation="mean", name="bias")
        self.context_size = context_size
        if context_size:
            self.kernel = self.add_weight(
                shape=(context_size, outputs), initializer="zeros", aggregation="mean", name="kernel"
            )

    def forward_and_log_det(self, z: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """mean + scale z."""
        mean, log_scale = self._moments(z, context)
        return mean + tf.exp(log_scale) * z, tf.reduce_sum(log_scale, event_axes(self.event_shape))

    def inverse_and_log_det(self, x: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """(x - mean) / scale."""
        mean, log_scale = self._moments(x, context)
        return (x - mean) * tf.exp(-log_scale), -tf.reduce_sum(log_scale, event_axes(self.event_shape))

    def _moments(self, like: tf.Tensor, context: Context) -> tuple[tf.Tensor, tf.Tensor]:
        raw = tf.convert_to_tensor(self.bias.value)
        if self.context_size:
            if context is None or context.shape[-1] != self.context_size:
                shape = None if context is None else tuple(context.shape)
                raise ValueError(f"context is {shape}; {self.name} needs one of shape (B, {self.context_size})")
            raw += tf.matmul(tf.cast(context, raw.dtype), self.kernel.value)
            raw = tf.reshape(raw, [-1, *[1] * (len(self.event_shape) - 1), raw.shape[-1]])
        mean, raw_scale = tf.split(raw, 2, axis=-1)
        return mean, bounded_log_scale(raw_scale) + tf.zeros_like(like)


class SplitPrior(keras.layers.Layer):
    """Splits images' channels: the last half leaves as noise under a Gaussian that the first half gives.

        off = mean(stay) + exp(log_scale(stay)) * eps,   eps ~ N(0, I)

    Both come from one convolution, zero at the start. `Multiscale` makes a bijector of several.

    Attributes:
      event_shape: [H, W, C] of what is split.
      stay_shape: [H, W, C / 2] of what goes on.
      off_shape: of what leaves.

    References:
      Kingma & Dhariwal (2018), Glow: generative flow with invertible 1x1 convolutions (its code: `split2d`).
      Dinh, Sohl-Dickstein & Bengio (2017), section 3.6, with a standard normal in place of a learned one.
    """

    def __init__(self, event_shape: Sequence[int], *, name: str = "split") -> None:
        """Builds the convolution.

        Args:
          event_shape: [H, W, C].
          name: of the layer.

        Raises:
          ValueError: when it is no image of at least two channels.
        """
        if len(event_shape) != 3 or event_shape[-1] < 2:
            raise ValueError(f"event_shape is {tuple(event_shape)}; a split needs [H, W, C] of at least 2 channels")
        super().__init__(name=name)
        *size, channels = event_shape
        self.event_shape = tuple(event_shape)
        self.stay_shape = (*size, channels // 2)
        self.off_shape = (*size, channels - channels // 2)
        self.convolution = keras.layers.Conv2D(
            2 * self.off_shape[-1], 3, padding="same", kernel_initializer="zeros", name=f"{name}_moments"
        )
        self.convolution.build((None, *self.stay_shape))
        self.built = True

    def join(self, stay: tf.Tensor, noise: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """What was split, of stay [B, *stay_shape] and noise [B, *off_shape]; and log |det d off / d noise|, [B]."""
        mean, log_scale = self._moments(stay)
        off = mean + tf.exp(log_scale) * noise
        return tf.concat([stay, off], axis=-1), tf.reduce_sum(log_scale, [-3, -2, -1])

    def divide(self, h: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """What stays, the noise of what leaves and log |det d noise / d off|, of h [B, *event_shape]."""
        stay, off = tf.split(h, [self.stay_shape[-1], self.off_shape[-1]], axis=-1)
        mean, log_scale = self._moments(stay)
        return stay, (off - mean) * tf.exp(-log_scale), -tf.reduce_sum(log_scale, [-3, -2, -1])

    def _moments(self, stay: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        mean, raw_scale = tf.split(tf.cast(self.convolution(stay), stay.dtype), 2, axis=-1)
        return mean, bounded_log_scale(raw_scale)


def bounded_log_scale(raw: tf.Tensor) -> tf.Tensor:
    """raw, smoothly kept within 6 to either side, so that no scale is zero or infinite."""
    return _LIMIT * tf.tanh(raw / _LIMIT)
