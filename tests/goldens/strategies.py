"""The strategies that tests train under."""

import functools

import tensorflow as tf


@functools.cache
def mirrored() -> tf.distribute.Strategy:
    """Two replicas, one a logical CPU.

    They reduce without collective operations: those are numbered from the start by every strategy, so that the
    second strategy of a process clashes with the first.
    """
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"], tf.distribute.ReductionToOneDevice())
