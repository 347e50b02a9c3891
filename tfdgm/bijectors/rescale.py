"""A fixed scale and shift of all dimensions, such as from grey levels to numbers about zero.

x = scale * z + shift,   log |det dx/dz| = D log scale
"""

import math
from collections.abc import Sequence

import tensorflow as tf

from tfdgm.bijectors.layer import BijectorLayer, Context


class Rescale(BijectorLayer):
    """No weights: what optimizers see is of one size, whatever the data's unit.

    Attributes:
      scale: positive.
      shift: any.
    """

    def __init__(self, event_shape: Sequence[int], *, scale: float, shift: float, name: str = "rescale") -> None:
        """Takes the numbers.

        Args:
          event_shape: any.
          scale: of the data, in units of the latents.
          shift: what a latent of zero becomes.
          name: of the layer.

        Raises:
          ValueError: when the scale is not positive.
        """
        if not scale > 0.0:
            raise ValueError(f"scale is {scale}; it must be positive")
        super().__init__(event_shape, event_shape, name=name)
        self.scale, self.shift = scale, shift

    def forward_and_log_det(self, z: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """scale z + shift."""
        del context
        return self.scale * z + self.shift, tf.constant(self._log_det(), z.dtype)

    def inverse_and_log_det(self, x: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """(x - shift) / scale."""
        del context
        return (x - self.shift) / self.scale, tf.constant(-self._log_det(), x.dtype)

    def _log_det(self) -> float:
        return math.prod(self.event_shape) * math.log(self.scale)
