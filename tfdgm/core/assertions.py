"""Refusals that only running values can decide, as plain to their reader as those of constructors."""

import contextlib
import re
from collections.abc import Iterator

import tensorflow as tf


def checked(value: tf.Tensor, condition: tf.Tensor, *message: str | tf.Tensor) -> tf.Tensor:
    """`value`, where a condition holds.

    Args:
      value: whatever must not be used where the condition fails.
      condition: bool scalar.
      *message: texts and scalars, shown with spaces between.

    Returns:
      `value`.

    Raises:
      ValueError: eagerly. In a graph it is an InvalidArgumentError when running, of which `plain_refusals` makes one.
    """
    if tf.executing_eagerly():
        if not bool(condition):
            raise ValueError(" ".join(str(part if isinstance(part, str) else part.numpy()) for part in message))
        return value
    with tf.control_dependencies([tf.debugging.Assert(condition, list(message))]):
        return tf.identity(value)


@contextlib.contextmanager
def plain_refusals() -> Iterator[None]:
    """Raises what `checked` refuses within a graph as a ValueError of its message, without TensorFlow's listing."""
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        # The runtime writes each part of the message in brackets and escapes its quotes.
        refusal = re.search(r"assertion failed: \[(.*)\]", error.message)
        if refusal is None:
            raise
        raise ValueError(refusal[1].replace("] [", " ").replace("\\'", "'").replace('\\"', '"')) from error
