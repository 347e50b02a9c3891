"""Exact partition functions and exact samples of a harmonium, through every state of its smaller side.

Z = sum_h exp(-F(h)),  F(h) = -c'h - A(b + W h),   over 2^H hidden states, whatever the visible units, or
Z = sum_v exp(-F(v)),  F(v) = -b'v - sum_j softplus(c_j + (v'W)_j),   over 2^V visible states, all binary
"""

import dataclasses
from typing import Literal

import tensorflow as tf

from tfdgm.core import philox
from tfdgm.evaluation.progress import Progress
from tfdgm.math.harmonium import Harmonium
from tfdgm.math.units import BERNOULLI

MAX_UNITS = 20

Side = Literal["hidden", "visible"]

_BLOCK_VALUES = 1 << 22  # in float64: 32 MB an intermediate result, however many states there are
_STATE_STREAM, _VISIBLE_STREAM = 0, 1


def side(harmonium: Harmonium) -> Side | None:
    """The smaller side of those that can be enumerated, at most `MAX_UNITS` binary units; None where there is none."""
    sizes: dict[Side, int] = {"hidden": harmonium.num_hidden}
    if harmonium.visible == BERNOULLI:
        sizes["visible"] = harmonium.num_visible
    smaller = min(sizes, key=sizes.__getitem__)
    return smaller if sizes[smaller] <= MAX_UNITS else None


@dataclasses.dataclass(frozen=True)
class Enumeration:
    """All states of one side.

    Attributes:
      harmonium: in float64.
      side: which.
      log_masses: log p(state) + log Z of state 0, 1, ..., nats, float64 [2^num_units].
    """

    harmonium: Harmonium
    side: Side
    log_masses: tf.Tensor

    @property
    def num_units(self) -> int:
        """Units of the side."""
        return _num_units(self.harmonium, self.side)

    def log_partition(self) -> float:
        """log Z, nats, exact up to rounding in float64."""
        return float(tf.reduce_logsumexp(self.log_masses))

    def samples(self, seeds: tf.Tensor) -> tf.Tensor:
        """Exact samples from p(v): seeds int64 [N] to float64 [N, V]; row i depends on `seeds[i]` alone."""
        # One uniform has 23 bits, too few for 2^20 states: a second one fills the cell of the first.
        coarse, fine = tf.unstack(philox.row_uniform(seeds, (2,), stream=_STATE_STREAM, dtype=tf.float64), axis=1)
        uniform = coarse + (fine - 0.5) * 2.0**-23
        cumulative = tf.cumsum(tf.exp(self.log_masses - tf.reduce_max(self.log_masses)))
        index = tf.searchsorted(cumulative, uniform * cumulative[-1], side="right", out_type=tf.int64)
        state = _states(index, self.num_units)
        if self.side == "visible":
            return state
        shape = (self.harmonium.num_visible,)
        noise = philox.row_uniform(seeds, shape, stream=_VISIBLE_STREAM, dtype=tf.float64)
        return self.harmonium.sample_visible(state, noise)


def enumerate_states(harmonium: Harmonium) -> Enumeration:
    """Goes through the states of the smaller side, in float64 and block by block.

    Raises:
      ValueError: when no side has at most `MAX_UNITS` binary units.
    """
    which = side(harmonium)
    if which is None:
        raise ValueError(
            f"the harmonium has {harmonium.num_visible} visible and {harmonium.num_hidden} hidden units; "
            f"enumeration needs a side of at most {MAX_UNITS} binary units"
        )
    harmonium = _in_float64(harmonium)
    num_units = _num_units(harmonium, which)
    free_energy = harmonium.hidden_free_energy if which == "hidden" else harmonium.free_energy
    width = max(harmonium.num_visible, harmonium.num_hidden)
    size = min(2**num_units, 1 << max(0, (_BLOCK_VALUES // width).bit_length() - 1))

    @tf.function(autograph=False)
    def log_masses(first: tf.Tensor) -> tf.Tensor:
        return -free_energy(_states(first + tf.range(size, dtype=tf.int64), num_units))

    blocks = []
    with Progress("enumeration", 2**num_units, unit="state") as progress:
        for first in range(0, 2**num_units, size):
            blocks.append(log_masses(tf.constant(first, tf.int64)))
            progress.update(size)
    return Enumeration(harmonium, which, tf.concat(blocks, axis=0))


def _num_units(harmonium: Harmonium, which: Side) -> int:
    return harmonium.num_hidden if which == "hidden" else harmonium.num_visible


def _states(index: tf.Tensor, num_units: int) -> tf.Tensor:
    """Binary digits, the lowest first: int64 [N] to float64 [N, num_units]."""
    digits = tf.bitwise.right_shift(index[:, tf.newaxis], tf.range(num_units, dtype=tf.int64))
    return tf.cast(tf.bitwise.bitwise_and(digits, tf.constant(1, tf.int64)), tf.float64)


def _in_float64(harmonium: Harmonium) -> Harmonium:
    fields = {field.name: getattr(harmonium, field.name) for field in dataclasses.fields(harmonium)}
    cast = {name: tf.cast(value, tf.float64) for name, value in fields.items() if tf.is_tensor(value)}
    return dataclasses.replace(harmonium, **cast)
