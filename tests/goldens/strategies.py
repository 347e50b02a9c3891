"""The strategies that tests train under."""

import functools

import tensorflow as tf

from tfdgm.training.strategy import make_strategy


@functools.cache
def mirrored() -> tf.distribute.Strategy:
    """Two replicas, one a logical CPU. One strategy for all tests of a process: each new one would count its
    collective operations from the start again, and clash with those of the one before.
    """
    strategy = make_strategy("mirrored")
    assert strategy.num_replicas_in_sync == 2
    return strategy
