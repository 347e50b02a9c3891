"""The gated update: its formula, its bounds, its inverse."""

import numpy as np
import pytest
import tensorflow as tf

from tests.bijectors.cases import points
from tfdgm.bijectors.gated import Gated


def test_formula():
    """sigma z + (1 - sigma) m (eq. 13 and 14), but for the least sigma."""
    z, raw = points((3,)).numpy(), points((6,), seed=8).numpy()
    x, log_slope = Gated(least=1e-6).forward(tf.constant(z), tf.constant(raw))
    sigma = 1.0 / (1.0 + np.exp(-2.0 - raw[:, 3:]))
    np.testing.assert_allclose(x, sigma * z + (1.0 - sigma) * raw[:, :3], rtol=0, atol=1e-5)
    np.testing.assert_allclose(log_slope, np.log(sigma), rtol=0, atol=1e-4)


def test_inverse_undoes_forward_and_its_slope():
    z, raw = points((3,)), points((6,), seed=8)
    with tf.GradientTape() as tape:
        tape.watch(z)
        x, log_slope = Gated().forward(z, raw)
    np.testing.assert_allclose(tf.math.log(tape.gradient(x, z)), log_slope, rtol=1e-11, atol=1e-11)
    again, inverse_log_slope = Gated().inverse(x, raw)
    np.testing.assert_allclose(again, z, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(inverse_log_slope, -log_slope, rtol=1e-11, atol=1e-11)


def test_the_gate_stays_within_its_bounds_and_what_comes_out_between_z_and_m():
    s = tf.constant([[-1e30], [-50.0], [0.0], [50.0], [1e30]], tf.float32)
    z, m = tf.fill([5, 1], 3.0), tf.fill([5, 1], -1.0)
    x, log_slope = Gated(least=0.01).forward(z, tf.concat([m, s], axis=1))
    np.testing.assert_allclose(np.exp(log_slope[:, 0]), [0.01, 0.01, 0.882, 1.0, 1.0], rtol=1e-3)
    np.testing.assert_allclose(x[:, 0], [-0.96, -0.96, 2.527, 3.0, 3.0], rtol=1e-3)


def test_a_least_gate_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"least is 0\.0; it must lie between 1e-06 and 0\.5"):
        Gated(least=0.0)
