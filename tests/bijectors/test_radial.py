"""Radial flows: the constraint, the formula, the centre."""

import hypothesis
import hypothesis.extra.numpy as npst
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st

from tests.bijectors.cases import build, points
from tests.goldens.precision import dtype_policy
from tfdgm.bijectors.radial import Radial


def _with(kernel):
    with dtype_policy("float64"):
        layer = Radial(len(kernel) - 2)
    layer.kernel.assign(kernel)
    return layer


def test_formula():
    layer, z = build("radial"), points((4,)).numpy()
    centre, alpha, beta = (part.numpy() for part in layer.params())
    x, log_det = layer.forward_and_log_det(tf.constant(z))
    r = np.linalg.norm(z - centre, axis=1)
    h = 1.0 / (alpha + r)
    np.testing.assert_allclose(x, z + (beta * h)[:, None] * (z - centre), rtol=1e-12)
    slope = 1.0 + beta * h - beta * r / (alpha + r) ** 2
    np.testing.assert_allclose(log_det, np.log((1.0 + beta * h) ** 3 * slope), rtol=1e-9)


@hypothesis.settings(max_examples=60, deadline=None, derandomize=True)
@hypothesis.given(kernel=npst.arrays(np.float64, 5, elements=st.floats(-30.0, 30.0)))
def test_the_constraint_holds_whatever_the_weights(kernel):
    """beta > -alpha (appendix A.2): radii grow with radii."""
    layer = _with(kernel)
    _, alpha, beta = layer.params()
    assert alpha > 0.0
    assert beta >= -alpha + 0.9e-3
    x = tf.concat([points((3,)), points((3,), scale=100.0)], axis=0)
    z, log_det = layer.inverse_and_log_det(x)
    assert np.isfinite(log_det).all()
    np.testing.assert_allclose(layer.forward_and_log_det(z)[0], x, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_the_centre_stays_and_its_gradient_is_finite(direction):
    layer = _with([1.0, -2.0, 0.3, -1.5])
    centre = tf.constant([[1.0, -2.0]], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(centre)
        image, log_det = getattr(layer, f"{direction}_and_log_det")(centre)
        loss = tf.reduce_sum(image) + tf.reduce_sum(log_det)
    np.testing.assert_allclose(image, centre, rtol=0, atol=1e-12)
    for gradient in tape.gradient(loss, [centre, layer.kernel.value]):
        assert np.isfinite(gradient).all()
