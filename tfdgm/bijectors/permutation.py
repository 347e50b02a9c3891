"""A fixed order of the channels, so that successive couplings and autoregressions move different ones."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfdgm.bijectors.layer import BijectorLayer, Context, require_channels


class Permutation(BijectorLayer):
    """x_c = z_{order[c]}; volumes stay as they are.

    Attributes:
      order: a permutation of 0 ... C - 1.
    """

    def __init__(self, event_shape: Sequence[int], order: Sequence[int], *, name: str = "permutation") -> None:
        """Takes the order.

        Args:
          event_shape: [D] or [H, W, C].
          order: of the channels; `reversal` and `shuffle` give two.
          name: of the layer.

        Raises:
          ValueError: when the order is no permutation of the channels.
        """
        require_channels(event_shape)
        super().__init__(event_shape, event_shape, name=name)
        self.order = require_order(order, self.event_shape[-1])

    def forward_and_log_det(self, z: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """The channels in their order."""
        del context
        return tf.gather(z, self.order, axis=-1), tf.zeros([], z.dtype)

    def inverse_and_log_det(self, x: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """The channels as they were."""
        del context
        return tf.gather(x, np.argsort(self.order), axis=-1), tf.zeros([], x.dtype)


def require_order(order: Sequence[int], num_channels: int) -> tuple[int, ...]:
    """The order of the channels, checked.

    Raises:
      ValueError: when it is no permutation of them.
    """
    if sorted(order) != list(range(num_channels)):
        raise ValueError(f"order is {tuple(order)}; it must be a permutation of 0 ... {num_channels - 1}")
    return tuple(int(channel) for channel in order)


def reversal(num_channels: int) -> tuple[int, ...]:
    """The order backwards."""
    return tuple(reversed(range(num_channels)))


def shuffle(num_channels: int, seed: int) -> tuple[int, ...]:
    """An order by chance, the same for the same seed."""
    return tuple(int(channel) for channel in np.random.default_rng(seed).permutation(num_channels))
