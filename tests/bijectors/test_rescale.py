"""Rescale: where it sends numbers, and what is refused; that it is a bijector test_layer.py shows."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.bijectors.rescale import Rescale


def test_grey_levels_become_numbers_about_zero():
    layer = Rescale((2, 1, 1), scale=256.0, shift=128.0)
    z, log_det = layer.inverse_and_log_det(tf.reshape(tf.constant([0.0, 256.0]), [1, 2, 1, 1]))
    np.testing.assert_array_equal(tf.reshape(z, [-1]), [-0.5, 0.5])
    assert float(log_det) == pytest.approx(-2 * np.log(256.0))


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan")])
def test_a_scale_that_inverts_nothing_is_refused(scale):
    with pytest.raises(ValueError, match=f"scale is {scale}; it must be positive"):
        Rescale((2,), scale=scale, shift=0.0)
