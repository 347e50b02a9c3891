"""Which half of an event a coupling keeps. One table, `MASKS`."""

import abc
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfdgm.bijectors.layer import require_channels


class Mask(abc.ABC):
    """A division of events [B, *event_shape] into what is kept and what is moved.

    Attributes:
      event_shape: [D] or [H, W, C].
      kept_shape: what the conditioner sees, without the batch.
      moved_shape: what is moved, without the batch.
    """

    kept_shape: tuple[int, ...]
    moved_shape: tuple[int, ...]

    def __init__(self, event_shape: Sequence[int], *, swap: bool = False) -> None:
        """Args: event_shape: [D] or [H, W, C]. swap: the two halves change places."""
        require_channels(event_shape)
        self.event_shape = tuple(event_shape)
        self.swap = swap

    def params_shape(self, num_params: int) -> tuple[int, ...]:
        """Shape of a conditioner's output, without the batch, for `num_params` parameters of each dimension moved."""
        return (*self.moved_shape[:-1], num_params * self.moved_shape[-1])

    @abc.abstractmethod
    def kept(self, x: tf.Tensor) -> tf.Tensor:
        """[B, *kept_shape]."""

    @abc.abstractmethod
    def moved(self, x: tf.Tensor) -> tf.Tensor:
        """[B, *moved_shape]."""

    @abc.abstractmethod
    def merged(self, x: tf.Tensor, moved: tf.Tensor) -> tf.Tensor:
        """x with the moved half in its place."""

    @abc.abstractmethod
    def of_moved(self, value: tf.Tensor) -> tf.Tensor:
        """`value` [B, *moved_shape], 0 where nothing is moved."""


class ChannelMask(Mask):
    """The first channels are kept, the last half of them is moved; swapped, the other way round."""

    def __init__(self, event_shape: Sequence[int], *, swap: bool = False) -> None:
        """Args: as for `Mask`.

        Raises:
          ValueError: for one channel, of which there is no half.
        """
        super().__init__(event_shape, swap=swap)
        channels = self.event_shape[-1]
        if channels < 2:
            raise ValueError(f"event_shape is {self.event_shape}; to split its channels it needs at least 2 of them")
        self._first = channels // 2
        sizes = (self._first, channels - self._first)
        kept, moved = sizes[::-1] if swap else sizes
        self.kept_shape = (*self.event_shape[:-1], kept)
        self.moved_shape = (*self.event_shape[:-1], moved)

    def kept(self, x: tf.Tensor) -> tf.Tensor:
        """One half."""
        return x[..., self._first :] if self.swap else x[..., : self._first]

    def moved(self, x: tf.Tensor) -> tf.Tensor:
        """The other half."""
        return x[..., : self._first] if self.swap else x[..., self._first :]

    def merged(self, x: tf.Tensor, moved: tf.Tensor) -> tf.Tensor:
        """Both halves, in their places."""
        kept = self.kept(x)
        return tf.concat([moved, kept] if self.swap else [kept, moved], axis=-1)

    def of_moved(self, value: tf.Tensor) -> tf.Tensor:
        """All of it."""
        return value


class CheckerboardMask(Mask):
    """Pixels with even row + column, or even dimensions of a vector, are kept; swapped, the odd ones.

    The conditioner sees the whole event with 0 for what is moved (Dinh et al. 2017, eq. 9).
    """

    def __init__(self, event_shape: Sequence[int], *, swap: bool = False) -> None:
        """Args: as for `Mask`.

        Raises:
          ValueError: for a single pixel, or a vector of one dimension.
        """
        super().__init__(event_shape, swap=swap)
        cells = self.event_shape[:-1] or self.event_shape
        if np.prod(cells) < 2:
            raise ValueError(f"event_shape is {self.event_shape}; a checkerboard needs at least 2 cells")
        is_kept = np.indices(cells).sum(0) % 2 == int(swap)
        self._is_kept = np.broadcast_to(
            is_kept.reshape(*cells, *[1] * (len(self.event_shape) - len(cells))), self.event_shape
        )
        self.kept_shape = self.moved_shape = self.event_shape

    def kept(self, x: tf.Tensor) -> tf.Tensor:
        """x, 0 where it is moved."""
        return tf.where(self._is_kept, x, tf.zeros_like(x))

    def moved(self, x: tf.Tensor) -> tf.Tensor:
        """All of x; `merged` takes of it what is moved."""
        return x

    def merged(self, x: tf.Tensor, moved: tf.Tensor) -> tf.Tensor:
        """x where it is kept, else `moved`."""
        return tf.where(self._is_kept, x, moved)

    def of_moved(self, value: tf.Tensor) -> tf.Tensor:
        """0 where x is kept."""
        return tf.where(self._is_kept, tf.zeros_like(value), value)


MASKS: dict[str, type[Mask]] = {"channel": ChannelMask, "checkerboard": CheckerboardMask}
