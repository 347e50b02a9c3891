"""Planar flows: the constraint, the formula, the inverse where the function is almost flat."""

import hypothesis
import hypothesis.extra.numpy as npst
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st

from tests.bijectors.cases import build, points
from tests.goldens.precision import dtype_policy
from tfdgm.bijectors.planar import Planar


def _with(kernel):
    with dtype_policy("float64"):
        layer = Planar((len(kernel) - 1) // 2)
    layer.kernel.assign(kernel)
    return layer


def test_formula():
    layer, z = build("planar"), points((4,)).numpy()
    w, u, b, stretch = (part.numpy() for part in layer.plane())
    x, log_det = layer.forward_and_log_det(tf.constant(z))
    activation = np.tanh(z @ w + b)
    np.testing.assert_allclose(x, z + np.outer(activation, u), rtol=1e-12)
    np.testing.assert_allclose(log_det, np.log(np.abs(1.0 + u @ w * (1.0 - activation**2))), rtol=1e-9)
    np.testing.assert_allclose(stretch, u @ w, rtol=1e-12)


@hypothesis.settings(max_examples=60, deadline=None, derandomize=True)
@hypothesis.given(kernel=npst.arrays(np.float64, 7, elements=st.floats(-30.0, 30.0)))
def test_the_constraint_holds_whatever_the_weights(kernel):
    """w'u >= -1 (appendix A.1), u moves along w alone, and w'u keeps its sign."""
    layer = _with(kernel)
    w, u, _, stretch = (part.numpy() for part in layer.plane())
    free_u = kernel[3:6]
    assert stretch >= -1.0 + 0.9e-3
    assert np.isfinite(u).all()
    assert w @ u == pytest.approx(float(stretch[0]), rel=1e-6, abs=1e-6)
    np.testing.assert_allclose(
        np.cross(u - free_u, w), 0.0, atol=1e-6 * (1.0 + np.abs(u).max()) * (1.0 + np.abs(w).max())
    )
    assert np.sign(stretch) in (0.0, np.sign(w @ free_u))
    x = points((3,))
    z, log_det = layer.inverse_and_log_det(x)
    assert np.isfinite(log_det).all()
    np.testing.assert_allclose(layer.forward_and_log_det(z)[0], x, rtol=0, atol=1e-7 * (1.0 + np.abs(u).max()))


@pytest.mark.parametrize("w", [[0.0, 0.0], [-1e-12, 0.0], [0.0, 2.0], [3.0, 1.0]])
def test_u_is_left_alone_where_it_keeps_the_constraint(w):
    """Also where w is 0, as at the start of an amortised flow, with a gradient that is finite."""
    layer = _with([*w, 3.0, 0.0, 0.5])
    np.testing.assert_allclose(layer.plane().u, [3.0, 0.0], rtol=0, atol=1e-11)
    with tf.GradientTape() as tape:
        x, log_det = layer.forward_and_log_det(points((2,)))
        loss = tf.reduce_sum(x) + tf.reduce_sum(log_det)
    assert np.abs(tape.gradient(loss, layer.kernel.value)).max() < 100.0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_inverse_of_a_squeeze_close_to_the_bound(dtype):
    with dtype_policy(dtype):
        layer = Planar(2)
    layer.kernel.assign([2.0, 0.0, -50.0, 1.0, 0.0])
    assert float(layer.plane().stretch[0]) == pytest.approx(-1.0 + 1e-3, abs=1e-5)
    x = points((2,), 200, dtype=dtype)
    z, _ = layer.inverse_and_log_det(x)
    error = np.abs(layer.forward_and_log_det(z)[0] - x)
    assert error.max() <= 100.0 * np.finfo(dtype).eps
