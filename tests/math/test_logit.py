"""The logit map with a margin: its inverse, its range and its Jacobian."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.math import logit

_P = np.array([0.0, 1e-9, 0.003, 0.5, 0.997, 1.0 - 1e-9, 1.0])


@pytest.mark.parametrize("alpha", [1e-6, 0.05])
def test_values_and_inverse(alpha):
    x = logit.to_logit(tf.constant(_P), alpha).numpy()
    q = alpha + (1.0 - 2.0 * alpha) * _P
    np.testing.assert_allclose(x, np.log(q / (1.0 - q)), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(logit.from_logit(tf.constant(x), alpha), _P, atol=1e-13)
    assert x[0] == pytest.approx(math.log(alpha / (1.0 - alpha)))


def test_without_a_margin_it_is_the_logit():
    np.testing.assert_allclose(logit.to_logit(tf.constant([0.25, 0.5]), 0.0), [-math.log(3.0), 0.0], rtol=1e-6)


@pytest.mark.parametrize("alpha", [0.0, 1e-6, 0.05])
def test_log_det_is_that_of_the_jacobian(alpha):
    x = tf.constant([-13.0, -2.0, 0.0, 0.7, 12.0], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        p = logit.from_logit(x, alpha)
    np.testing.assert_allclose(logit.from_logit_log_det(x, alpha), np.log(tape.gradient(p, x)), rtol=1e-9, atol=1e-9)
