"""Roots of monotone functions: their value, and the gradient of the implicit function."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.math.monotone_root import monotone_root


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_root_and_its_gradient(dtype):
    """a + a^3 = y, whose root has the gradient 1 / (1 + 3 a^2) by y, and -a^3 / (1 + 3 a^2) by a factor of the cube."""
    roots = tf.constant([-20.0, -0.5, 0.0, 1e-3, 3.0], dtype)
    y, factor = roots + roots**3, tf.ones([], dtype)

    @tf.function
    def solved(y, factor):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([y, factor])
            a = monotone_root(
                lambda a: (a + factor * a**3 - y, 1.0 + 3.0 * factor * a**2), -tf.abs(y) - 1.0, tf.abs(y) + 1.0
            )
        return a, tape.gradient(a, y), tape.gradient(a, factor)

    a, by_y, by_factor = solved(y, factor)
    tolerance = 20.0 * np.finfo(dtype).eps
    slope = 1.0 + 3.0 * np.square(roots)
    np.testing.assert_allclose(a, roots, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(by_y, 1.0 / slope, rtol=tolerance * 10.0)
    np.testing.assert_allclose(by_factor, np.sum(-(roots**3) / slope), rtol=tolerance * 10.0)


def test_root_at_an_end_and_at_a_kink_of_tiny_slope():
    a = monotone_root(
        lambda a: (a - 0.999 * tf.tanh(a), 1.0 - 0.999 * (1.0 - tf.square(tf.tanh(a)))),
        tf.constant([0.0, -1.0], tf.float64),
        tf.constant([2.0, 0.0], tf.float64),
    )
    np.testing.assert_allclose(a, 0.0, rtol=0, atol=1e-12)
