"""Paths through a latent space."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.math.latents import great_circle


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ends_and_norms(dtype):
    rng = np.random.default_rng(0)
    z_a, z_b = rng.standard_normal((2, 6, 5)).astype(dtype)
    z_b *= 2.0
    path = great_circle(tf.constant(z_a), tf.constant(z_b), 7)
    assert path.shape == (6, 7, 5)
    assert path.dtype == dtype
    np.testing.assert_allclose(path[:, 0], z_a, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(path[:, -1], z_b, rtol=1e-4, atol=1e-5)
    t = np.linspace(0.0, 1.0, 7)
    norms = (1.0 - t) * np.linalg.norm(z_a, axis=-1)[:, None] + t * np.linalg.norm(z_b, axis=-1)[:, None]
    np.testing.assert_allclose(np.linalg.norm(path, axis=-1), norms, rtol=1e-4)


def test_angles_are_even():
    path = great_circle(tf.constant([[1.0, 0.0]]), tf.constant([[0.0, 3.0]]), 4)[0].numpy()
    np.testing.assert_allclose(np.degrees(np.arctan2(path[:, 1], path[:, 0])), [0.0, 30.0, 60.0, 90.0], atol=1e-3)


def test_parallel_ends_take_the_straight_line():
    path = great_circle(tf.constant([[3.0, 4.0]]), tf.constant([[6.0, 8.0]]), 3)
    np.testing.assert_allclose(path[0], [[3.0, 4.0], [4.5, 6.0], [6.0, 8.0]], rtol=1e-6)
