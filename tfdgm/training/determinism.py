"""Deterministic operations for as long as a run lasts."""

import contextlib
from collections.abc import Iterator

import tensorflow as tf
from tensorflow.python.framework import config as tf_config  # the only way back is not public

# Grappler makes one AddN of a tree of additions, and AddN begins with whichever operand's memory it may overwrite:
# a sum of three or more so has last digits by who was done with its operands first (BUILD_NOTES 59).
_REWRITES_SUMS = "arithmetic_optimization"


@contextlib.contextmanager
def deterministic_operations(wanted: bool) -> Iterator[None]:
    """Makes every operation deterministic within the block, if `wanted`, and leaves the process as it was.

    Left on, it would refuse what must not repeat itself: the fresh seeds of an exported sampler.
    """
    if not wanted:
        yield
        return
    was_on = tf_config.is_op_determinism_enabled()
    rewrote_sums = tf.config.optimizer.get_experimental_options().get(_REWRITES_SUMS, True)
    if not was_on:
        tf.config.experimental.enable_op_determinism()
    tf.config.optimizer.set_experimental_options({_REWRITES_SUMS: False})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({_REWRITES_SUMS: rewrote_sums})
        if not was_on:
            tf_config.disable_op_determinism()
