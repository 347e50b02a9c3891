"""Activation normalisation: a scale and a shift for each channel, first set by the data (Kingma & Dhariwal 2018).

x = exp(log_scale) * z + shift,   log |det dx/dz| = H W sum_c log_scale_c        (section 3.1 and table 1)
"""

import math
from collections.abc import Sequence

import tensorflow as tf

from tfdgm.bijectors.layer import BijectorLayer, Context, Mean, require_channels
from tfdgm.core.assertions import checked


class ActNorm(BijectorLayer):
    """Gives the latents of the first batch mean 0 and variance 1 in each channel; from then on its weights are learned.

    That happens once in the life of its weights: the flag `initialized` is saved with them.

    Attributes:
      shift: [C].
      log_scale: [C].
      initialized: int64 scalar, 1 once data was seen.

    References:
      Kingma & Dhariwal (2018), Glow: generative flow with invertible 1x1 convolutions, section 3.1.
    """

    def __init__(self, event_shape: Sequence[int], *, name: str = "actnorm") -> None:
        """Builds the weights.

        Args:
          event_shape: [D] or [H, W, C].
          name: of the layer.

        Raises:
          ValueError: for any other shape.
        """
        require_channels(event_shape)
        super().__init__(event_shape, event_shape, name=name)
        channels = (self.event_shape[-1],)
        self.shift = self.add_weight(shape=channels, initializer="zeros", aggregation="mean", name="shift")
        self.log_scale = self.add_weight(shape=channels, initializer="zeros", aggregation="mean", name="log_scale")
        self.initialized = self.add_weight(
            shape=(),
            initializer="zeros",
            dtype="int64",
            trainable=False,
            aggregation="only_first_replica",
            name="initialized",
        )

    def forward_and_log_det(self, z: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """x = exp(log_scale) z + shift.

        Raises:
          ValueError: before any data was seen; in a graph when it runs.
        """
        del context
        log_scale = self._checked_log_scale()
        return z * tf.exp(log_scale) + tf.convert_to_tensor(self.shift.value), self._log_det(log_scale)

    def inverse_and_log_det(self, x: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """z = (x - shift) exp(-log_scale).

        Raises:
          ValueError: before any data was seen; in a graph when it runs.
        """
        del context
        log_scale = self._checked_log_scale()
        return (x - tf.convert_to_tensor(self.shift.value)) * tf.exp(-log_scale), -self._log_det(log_scale)

    def start_at(self, x: tf.Tensor, mean: Mean, context: Context = None) -> None:
        """Shift and scale from the moments of a first batch, over all replicas; a second call changes nothing.

        A channel that hardly varies keeps a scale of a thousandth of the channels' mean.

        Args:
          x: [B, *event_shape].
          mean: averages a tensor over replicas.
          context: not used.
        """
        del context
        axes = list(range(x.shape.rank - 1))
        shift = mean(tf.reduce_mean(x, axes))
        scale = tf.sqrt(mean(tf.reduce_mean(tf.square(x - shift), axes)))
        log_scale = tf.math.log(tf.maximum(scale, 1e-3 * tf.reduce_mean(scale) + 1e-6))
        is_new = self.initialized.value < 1
        self.shift.assign(tf.where(is_new, shift, self.shift.value))
        self.log_scale.assign(tf.where(is_new, log_scale, self.log_scale.value))
        self.initialized.assign(tf.ones([], tf.int64))

    def _checked_log_scale(self) -> tf.Tensor:
        return checked(
            tf.convert_to_tensor(self.log_scale.value),
            self.initialized.value > 0,
            f"{self.path or self.name} has seen no data yet: give it a first batch by start_at (a model's initialize"
            " does), or load trained weights, before a density or a sample",
        )

    def _log_det(self, log_scale: tf.Tensor) -> tf.Tensor:
        return math.prod(self.event_shape[:-1]) * tf.reduce_sum(log_scale)
