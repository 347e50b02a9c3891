"""Elementwise functions: their bounds, their formula, what zero parameters give."""

import numpy as np
import pytest
import tensorflow as tf

from tests.bijectors.cases import points
from tfdgm.bijectors.elementwise import Additive, Affine, RationalQuadratic, SigmoidAffine, elementwise

ALL = [Additive(), Affine(), Affine(limit=0.5), SigmoidAffine(), RationalQuadratic(num_bins=4, bound=2.0)]


@pytest.mark.parametrize("transform", ALL)
def test_inverse_undoes_forward_and_its_slope(transform):
    z, raw = points((3,)), points((3 * transform.num_params,), seed=8)
    x, log_slope = transform.forward(z, raw)
    again, inverse_log_slope = transform.inverse(x, raw)
    np.testing.assert_allclose(again, z, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(inverse_log_slope, -log_slope, rtol=1e-11, atol=1e-11)
    with tf.GradientTape() as tape:
        tape.watch(z)
        x, _ = transform.forward(z, raw)
    np.testing.assert_allclose(tf.math.log(tape.gradient(x, z)), log_slope, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("transform", [Additive(), Affine(), RationalQuadratic()])
def test_identity_at_zero_parameters(transform):
    z = points((3,))
    x, log_slope = transform.forward(z, tf.zeros([5, 3 * transform.num_params], tf.float64))
    np.testing.assert_allclose(x, z, rtol=0, atol=1e-12)
    np.testing.assert_allclose(log_slope, 0.0, rtol=0, atol=1e-12)


def test_affine_is_scale_times_z_plus_shift():
    raw = tf.constant([[1.0, -2.0, 0.0, 3.0]], tf.float64)
    x, _ = Affine(limit=2.0).forward(tf.constant([[5.0, 7.0]], tf.float64), raw)
    np.testing.assert_allclose(x, [[6.0, 7.0 * np.exp(2.0 * np.tanh(1.5)) - 2.0]], rtol=1e-12)


@pytest.mark.parametrize(
    ("transform", "low", "high"),
    [(Affine(limit=2.0), np.exp(-2.0), np.exp(2.0)), (SigmoidAffine(least=0.05), 1.0, 1.0 / 0.05)],
)
def test_scales_stay_within_their_bounds(transform, low, high):
    raw = tf.constant([[-1e30], [-50.0], [0.0], [50.0], [1e30]], tf.float32)
    scale = np.exp(transform.log_scale(raw))
    assert (scale >= low * (1.0 - 1e-5)).all()
    assert (scale <= high * (1.0 + 1e-5)).all()
    assert scale.min() == pytest.approx(low, rel=1e-4)
    assert scale.max() == pytest.approx(high, rel=1e-4)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Affine(limit=0.0), "limit is 0.0; it must lie between 0.01 and 20"),
        (lambda: SigmoidAffine(least=0.0), "least is 0.0; it must lie between 1e-06 and 0.99"),
        (lambda: RationalQuadratic(num_bins=1), "num_bins is 1; it must lie between 2 and 256"),
        (lambda: RationalQuadratic(bound=0.0), "bound is 0.0; it must be at least 0.001"),
    ],
)
def test_settings_that_are_none_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_functions_by_their_names():
    assert elementwise("affine", scale_limit=3.0) == Affine(3.0)
    assert elementwise("rational_quadratic", num_bins=5, bound=4.0) == RationalQuadratic(5, 4.0)
    assert (elementwise("additive"), elementwise("sigmoid_affine")) == (Additive(), SigmoidAffine())
    with pytest.raises(ValueError, match="transform is 'afine'; it must be one of additive, affine"):
        elementwise("afine")
