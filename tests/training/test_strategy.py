"""Strategies by name, and rows dealt out to replicas in order."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.training import strategy as strategies


def test_mirrored_uses_all_local_devices():
    assert strategies.make_strategy("mirrored").num_replicas_in_sync == 2


def test_one_process_is_the_chief():
    assert strategies.is_chief(strategies.make_strategy("default"))
    assert strategies.is_chief(strategies.make_strategy("mirrored"))


def test_an_unknown_strategy_is_named():
    with pytest.raises(ValueError, match="strategy is 'mirored'; it must be one of default, mirrored"):
        strategies.make_strategy("mirored")


def test_replicas_get_contiguous_rows():
    mirrored = strategies.make_strategy("mirrored")
    seen = []

    def batches(shard):
        seen.append(shard)
        return tf.data.Dataset.range(4)

    first = next(iter(strategies.distribute(mirrored, batches)))
    assert (seen[0].num_pipelines, seen[0].pipeline, seen[0].replicas_per_pipeline) == (1, 0, 2)
    np.testing.assert_array_equal([int(value) for value in mirrored.experimental_local_results(first)], [0, 1])
