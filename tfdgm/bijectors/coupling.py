"""Coupling: one half of an event is moved by a function whose parameters the other half gives (Dinh et al. 2017).

    x_kept = z_kept,   x_moved = f(z_moved; conditioner(z_kept)),   log |det dx/dz| = sum log f'        (eq. 4 to 6)

f is one of tfdgm.bijectors.elementwise: additive, affine, a rational-quadratic spline.
"""

import tensorflow as tf

from tfdgm.bijectors.conditioned import Conditioned, Conditioner
from tfdgm.bijectors.elementwise import Elementwise
from tfdgm.bijectors.layer import Context, event_axes
from tfdgm.bijectors.masks import Mask


class Coupling(Conditioned):
    """Forward, inverse and log-determinant together take one evaluation of the conditioner.

    Attributes:
      mask: which half is kept.

    References:
      Dinh, Krueger & Bengio (2015), NICE: non-linear independent components estimation, section 3.2.
      Dinh, Sohl-Dickstein & Bengio (2017), Density estimation using Real NVP, section 3.
    """

    def __init__(
        self,
        conditioner: Conditioner,
        mask: Mask,
        transform: Elementwise,
        *,
        uses_context: bool = False,
        name: str = "coupling",
    ) -> None:
        """Takes its parts.

        Args:
          conditioner: of the kept half [B, *mask.kept_shape], and of the context where it uses one, gives
            [B, *mask.params_shape(transform.num_params)].
          mask: which half is kept.
          transform: f.
          uses_context: whether the conditioner is called with the context too.
          name: of the layer.
        """
        super().__init__(mask.event_shape, conditioner, transform, uses_context=uses_context, name=name)
        self.mask = mask

    def forward_and_log_det(self, z: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """The moved half through f."""
        return self._merged(z, *self.transform.forward(self.mask.moved(z), self._params(z, context)))

    def inverse_and_log_det(self, x: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """The moved half through f^-1."""
        return self._merged(x, *self.transform.inverse(self.mask.moved(x), self._params(x, context)))

    def _params(self, x: tf.Tensor, context: Context) -> tf.Tensor:
        return self.params(self.mask.kept(x), context, self.mask.params_shape(self.transform.num_params))

    def _merged(self, x: tf.Tensor, moved: tf.Tensor, log_slope: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        log_det = tf.reduce_sum(self.mask.of_moved(log_slope), event_axes(self.event_shape))
        return self.mask.merged(x, moved), log_det
