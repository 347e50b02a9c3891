"""Squeezing of images as a bijector: data [H, W, C], latents [H / 2, W / 2, 4 C]; volumes stay (Dinh et al. 2017)."""

from collections.abc import Sequence

import tensorflow as tf

from tfdgm.bijectors.layer import BijectorLayer, Context
from tfdgm.core.validation import require_at_least
from tfdgm.math.squeeze import squeeze, unsqueeze


class Squeeze(BijectorLayer):
    """Latents have the pixels of a block as channels.

    References:
      Dinh, Sohl-Dickstein & Bengio (2017), Density estimation using Real NVP, section 3.6.
    """

    def __init__(self, event_shape: Sequence[int], factor: int = 2, *, name: str = "squeeze") -> None:
        """Takes the shape.

        Args:
          event_shape: [H, W, C] of the data.
          factor: height and width of a block.
          name: of the layer.

        Raises:
          ValueError: when the factor is below 1 or does not divide height and width.
        """
        require_at_least(1, factor=factor)
        if len(event_shape) != 3 or event_shape[0] % factor or event_shape[1] % factor:
            raise ValueError(
                f"event_shape is {tuple(event_shape)}; to squeeze it by {factor} it must be [height, width, channels]"
                f" with height and width multiples of {factor}"
            )
        height, width, channels = event_shape
        super().__init__((height // factor, width // factor, factor**2 * channels), event_shape, name=name)
        self.factor = factor

    def forward_and_log_det(self, z: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """Channels to blocks."""
        del context
        return unsqueeze(z, self.factor), tf.zeros([], z.dtype)

    def inverse_and_log_det(self, x: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """Blocks to channels."""
        del context
        return squeeze(x, self.factor), tf.zeros([], x.dtype)
