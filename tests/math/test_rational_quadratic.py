"""Rational-quadratic splines: TFP's own as the oracle, the identity outside and at zero, extreme parameters."""

import hypothesis
import hypothesis.extra.numpy as npst
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from hypothesis import strategies as st

from tfdgm.math.rational_quadratic import inverse_spline, spline

K, D, BOUND = 6, 3, 2.5
NUM_PARAMS = (3 * K - 1) * D


def _raw(num_rows, scale=1.5, dtype="float64"):
    return tf.constant(np.random.default_rng(0).normal(size=(num_rows, NUM_PARAMS)) * scale, dtype)


def _theirs(raw):
    blocks = tf.transpose(tf.reshape(raw, [-1, 3 * K - 1, D]), [0, 2, 1])
    widths, heights, slopes = tf.split(blocks, [K, K, K - 1], -1)

    def sizes(free):
        return 2.0 * BOUND * (1e-3 + (1.0 - K * 1e-3) * tf.nn.softmax(free))

    slopes = 1e-3 + tf.nn.softplus(slopes + np.log(np.expm1(1.0 - 1e-3)))
    return tfp.bijectors.RationalQuadraticSpline(sizes(widths), sizes(heights), slopes, range_min=-BOUND)


@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_values_slopes_and_gradients_are_those_of_tfp(direction):
    raw, x = _raw(40), tf.constant(np.random.default_rng(1).uniform(-3.5, 3.5, (40, D)))
    ours = {"forward": spline, "inverse": inverse_spline}[direction]
    results = []
    for function in (
        lambda: ours(x, raw, K, BOUND),
        lambda: (
            getattr(_theirs(raw), direction)(x),
            getattr(_theirs(raw), f"{direction}_log_det_jacobian")(x, event_ndims=0),
        ),
    ):
        with tf.GradientTape() as tape:
            tape.watch([raw, x])
            y, log_slope = function()
            loss = tf.reduce_sum(tf.square(y)) + tf.reduce_sum(log_slope)
        results.append([y, log_slope, *tape.gradient(loss, [raw, x])])
    for value, expected in zip(*results, strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("function", [spline, inverse_spline])
def test_identity_outside_and_at_zero_parameters(function):
    outside = tf.constant([[-2.5, 2.5, -7.0], [1e6, -1e30, 2.6]], tf.float64)
    y, log_slope = function(outside, _raw(2), K, BOUND)
    np.testing.assert_array_equal(y, outside)
    np.testing.assert_array_equal(log_slope, 0.0)
    x = tf.constant(np.random.default_rng(1).uniform(-3.5, 3.5, (40, D)))
    y, log_slope = function(x, tf.zeros([40, NUM_PARAMS], tf.float64), K, BOUND)
    np.testing.assert_allclose(y, x, rtol=0, atol=1e-12)
    np.testing.assert_allclose(log_slope, 0.0, rtol=0, atol=1e-12)


def test_value_and_slope_are_continuous_at_the_bounds():
    inside = tf.constant([[-BOUND, BOUND, BOUND]], tf.float64) * (1.0 - 1e-9)
    y, log_slope = spline(inside, _raw(1), K, BOUND)
    np.testing.assert_allclose(y, inside, rtol=0, atol=1e-7)
    np.testing.assert_allclose(log_slope, 0.0, rtol=0, atol=1e-5)


@hypothesis.settings(max_examples=60, deadline=None, derandomize=True)
@hypothesis.given(
    raw=npst.arrays(np.float32, (2, NUM_PARAMS), elements=st.floats(-30.0, 30.0, width=32)),
    x=npst.arrays(np.float32, (2, D), elements=st.floats(-3.0, 3.0, width=32)),
)
@pytest.mark.parametrize("function", [spline, inverse_spline])
def test_values_and_gradients_are_finite_whatever_the_parameters(function, raw, x):
    raw, x = tf.constant(raw), tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch([raw, x])
        y, log_slope = function(x, raw, K, BOUND)
        loss = tf.reduce_sum(y) + tf.reduce_sum(log_slope)
    for value in (y, log_slope, *tape.gradient(loss, [raw, x])):
        assert np.isfinite(value).all()


@hypothesis.settings(max_examples=40, deadline=None, derandomize=True)
@hypothesis.given(raw=npst.arrays(np.float64, (1, NUM_PARAMS), elements=st.floats(-8.0, 8.0)))
def test_strictly_increasing_and_inverted(raw):
    x = tf.constant(np.linspace(-2.6, 2.6, 131)[:, None] * np.ones(D))
    rows = tf.repeat(tf.constant(raw), 131, axis=0)
    y, log_slope = spline(x, rows, K, BOUND)
    assert (np.diff(y, axis=0) > 0.0).all()
    again, inverse_log_slope = inverse_spline(y, rows, K, BOUND)
    # Where the slope is least, an ulp of y is many of x.
    np.testing.assert_allclose(again, x, rtol=0, atol=1e-8)
    np.testing.assert_allclose(inverse_log_slope, -log_slope, rtol=1e-4, atol=1e-4)
