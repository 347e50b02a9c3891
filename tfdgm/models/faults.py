"""The first non-finite tensor of a run as one whole number, so that a variable on the device can keep it."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import keras
import tensorflow as tf

_SLOT_BITS, _STEP_BITS = 16, 24  # a code is ((step, group), slot) + 1; slot 0 is the loss, others are gradients


@dataclasses.dataclass(frozen=True)
class Fault:
    """The first non-finite tensor of a run: at which step, in which group, what it was."""

    step: int
    group: str
    tensor: str


def fault_code(
    tensors: Sequence[tf.Tensor | tf.IndexedSlices],
    step: tf.Tensor,
    group_index: int,
    sum_over_replicas: Callable[[tf.Tensor], tf.Tensor],
    dtype: str,
) -> tf.Tensor:
    """The code of the first tensor that is not finite on any replica, int64; 0 where all are.

    Args:
      tensors: the loss, then the gradients of the group's variables.
      step: int64 scalar.
      group_index: place of the group.
      sum_over_replicas: of an int32 vector.
      dtype: to sum in: in 16 bits the square of a sound loss of 400 would already overflow.
    """
    squares = tf.stack([tf.nn.l2_loss(tf.cast(_dense(tensor), dtype)) for tensor in tensors])  # one fused sum a tensor
    bad = sum_over_replicas(tf.cast(~tf.math.is_finite(squares), tf.int32)) > 0
    code = step * (1 << _STEP_BITS) + (group_index << _SLOT_BITS) + tf.argmax(bad) + 1
    return tf.where(tf.reduce_any(bad), code, tf.zeros_like(code))


def fault_of(code: int, groups: Mapping[str, Sequence[keras.Variable]]) -> Fault | None:
    """What a code stands for: `groups` as they were when it was made; without any it is of a statistic."""
    if not code:
        return None
    step, place = divmod(code - 1, 1 << _STEP_BITS)
    if not groups:
        return Fault(step, "", "a statistic")
    index, slot = divmod(place, 1 << _SLOT_BITS)
    group, variables = list(groups.items())[index]
    return Fault(step, group, "the loss" if slot == 0 else f"the gradient of {variables[slot - 1].path}")


def _dense(tensor: tf.Tensor | tf.IndexedSlices) -> tf.Tensor:
    return tensor.values if isinstance(tensor, tf.IndexedSlices) else tensor
