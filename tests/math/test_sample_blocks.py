"""Samples in blocks: as many as asked for, each block by seeds of its own, rows by their own seeds."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.core import philox
from tfdgm.math.sample_blocks import over_blocks

SEEDS = tf.constant([3, 0, 2**40], tf.int64)


@pytest.mark.parametrize(("num_samples", "limit", "size"), [(12, 5, 4), (12, 100, 12), (7, 5, 1), (1, 100, 1)])
def test_blocks_are_the_largest_equal_ones_within_the_limit(num_samples, limit, size):
    sizes = over_blocks(lambda seeds, num: tf.fill(tf.shape(seeds), num), SEEDS, num_samples, limit, "int32")
    np.testing.assert_array_equal(sizes, np.full([num_samples // size, 3], size))


def test_each_block_draws_anew_and_each_row_by_its_own_seed():
    def draw(seeds, num):
        return tf.reduce_sum(philox.row_uniform(seeds, (num,)), axis=1)

    together = over_blocks(draw, SEEDS, 12, 4, "float32").numpy()
    assert len(np.unique(together)) == 9
    np.testing.assert_array_equal(over_blocks(draw, SEEDS[1:2], 12, 4, "float32")[:, 0], together[:, 1])
