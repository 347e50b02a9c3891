"""Radial flow: the space stretched or squeezed around one point (Rezende & Mohamed 2015).

    x = z + beta h (z - z0),   h = 1 / (alpha + r),   r = |z - z0|
    |det dx/dz| = (1 + beta h)^(D - 1) (1 + beta alpha h^2)                                          (eq. 14)

It is invertible where beta >= -alpha (appendix A.2). With R = |x - z0| the radius is the positive root of
r^2 + (alpha + beta - R) r - alpha R = 0, so the inverse has a closed form.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tfdgm.bijectors.amortized import Amortized
from tfdgm.bijectors.layer import Context

_LEAST = 1e-3  # of alpha, and of alpha + beta, so that no volume vanishes


class Radial(Amortized):
    """Of vectors; z0, alpha and beta are weights, or given by a context for each row.

    References:
      Rezende & Mohamed (2015), Variational inference with normalizing flows, section 4.1 and appendix A.2.
    """

    def __init__(
        self, num_dims: int, *, conditioner: Callable[[tf.Tensor], tf.Tensor] | None = None, name: str = "radial"
    ) -> None:
        """Builds the weights.

        Args:
          num_dims: D.
          conditioner: of the context, gives [B, D + 2], free parameters of z0, alpha and alpha + beta; without it they
            are weights.
          name: of the layer.

        Raises:
          ValueError: when `num_dims` is below 1.
        """
        super().__init__(num_dims, num_dims + 2, conditioner, initial_scale=1.0, name=name)

    def params(self, context: Context = None) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """z0 [D], alpha [1] > 0 and beta [1] > -alpha; [B, D], [B, 1] and [B, 1] of a context."""
        centre, raw_alpha, raw_sum = tf.split(self.free_params(context), [self.event_shape[0], 1, 1], axis=-1)
        alpha = _LEAST + tf.nn.softplus(raw_alpha)
        return centre, alpha, _LEAST + tf.nn.softplus(raw_sum) - alpha

    def forward_and_log_det(self, z: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """z + beta h (z - z0)."""
        centre, alpha, beta = self.params(context)
        offset = z - centre
        radius = _norm(offset)
        return centre + offset * (1.0 + beta / (alpha + radius)), self._log_det(alpha, beta, radius)

    def inverse_and_log_det(self, x: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """z0 + (x - z0) / (1 + beta h), r by the quadratic formula."""
        centre, alpha, beta = self.params(context)
        offset = x - centre
        outer = _norm(offset)
        b = alpha + beta - outer
        root = tf.sqrt(tf.square(b) + 4.0 * alpha * outer)
        # Of the formula's two forms the one that subtracts no nearly equal numbers.
        is_positive = b > 0.0
        radius = tf.where(
            is_positive, 2.0 * alpha * outer / tf.where(is_positive, b + root, tf.ones_like(b)), 0.5 * (root - b)
        )
        return centre + offset / (1.0 + beta / (alpha + radius)), -self._log_det(alpha, beta, radius)

    def _log_det(self, alpha: tf.Tensor, beta: tf.Tensor, radius: tf.Tensor) -> tf.Tensor:
        h = 1.0 / (alpha + radius)
        along = tf.math.log1p(beta * alpha * tf.square(h))
        return ((self.event_shape[0] - 1) * tf.math.log1p(beta * h) + along)[..., 0]


def _norm(offset: tf.Tensor) -> tf.Tensor:
    # The least float under the root: at the centre the gradient is 0, not 0 / 0.
    least = np.finfo(offset.dtype.as_numpy_dtype).tiny
    return tf.sqrt(tf.maximum(tf.reduce_sum(tf.square(offset), axis=-1, keepdims=True), least))
