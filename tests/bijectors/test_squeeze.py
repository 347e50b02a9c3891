"""Squeezing as a bijector."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.bijectors.squeeze import Squeeze
from tfdgm.math.squeeze import squeeze


def test_latents_are_squeezed_data():
    layer, x = Squeeze((4, 6, 3)), tf.reshape(tf.range(144.0), [2, 4, 6, 3])
    z, log_det = layer.inverse_and_log_det(x)
    assert layer.latent_shape == (2, 3, 12)
    np.testing.assert_array_equal(z, squeeze(x))
    assert float(log_det) == 0.0


@pytest.mark.parametrize(("shape", "factor"), [((5, 4, 1), 2), ((4, 5, 1), 2), ((4,), 2), ((4, 4, 1), 3)])
def test_sizes_that_the_factor_does_not_divide_are_refused(shape, factor):
    with pytest.raises(ValueError, match=rf"to squeeze it by {factor} it must be \[height, width, channels\]"):
        Squeeze(shape, factor)
