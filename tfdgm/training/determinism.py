"""Deterministic operations for as long as a run lasts."""

import contextlib
from collections.abc import Iterator

import tensorflow as tf
from tensorflow.python.framework import config as tf_config  # the only way back is not public


@contextlib.contextmanager
def deterministic_operations(wanted: bool) -> Iterator[None]:
    """Makes every operation deterministic within the block, if `wanted`, and leaves the process as it was.

    Left on, it would refuse what must not repeat itself: the fresh seeds of an exported sampler.
    """
    before = tf_config.is_op_determinism_enabled()
    if wanted and not before:
        tf.config.experimental.enable_op_determinism()
    try:
        yield
    finally:
        if wanted and not before:
            tf_config.disable_op_determinism()
