"""The conditioner of Glow: shapes, zero at the start, and how far it sees."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.networks.glow import glow_conditioner


def test_starts_at_zero_and_sees_five_pixels_across():
    network = glow_conditioner((7, 9, 2), 6, 8)
    x = tf.constant(np.random.default_rng(0).normal(size=(1, 7, 9, 2)), tf.float32)
    assert network(x).shape == (1, 7, 9, 6)
    assert not network(x).numpy().any()
    for variable in network.variables:
        variable.assign(np.random.default_rng(1).normal(size=variable.shape))
    with tf.GradientTape() as tape:
        tape.watch(x)
        pixel = tf.reduce_sum(network(x)[0, 3, 4] * tf.range(1.0, 7.0))
    seen = np.abs(tape.gradient(pixel, x)[0]).sum(-1) > 0
    expected = np.zeros((7, 9), bool)
    expected[1:6, 2:7] = True
    np.testing.assert_array_equal(seen & ~expected, False)
    assert seen.sum() > 15  # rectifiers close some of the 25


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="num_filters is 0; it must be at least 1"):
        glow_conditioner((4, 4, 2), 4, 0)
    with pytest.raises(ValueError, match=r"kept_shape is \(4,\); a convolution needs"):
        glow_conditioner((4,), 4, 3)
