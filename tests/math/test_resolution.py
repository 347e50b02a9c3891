"""Averages, repetitions and fades of images against NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.math.resolution import averaged, blended, faded, repeated

X = np.random.default_rng(0).normal(size=(3, 4, 8, 2))


def test_averages_are_of_blocks():
    expected = (X[:, ::2, ::2] + X[:, 1::2, ::2] + X[:, ::2, 1::2] + X[:, 1::2, 1::2]) / 4
    np.testing.assert_allclose(averaged(tf.constant(X)), expected, rtol=1e-12)
    np.testing.assert_allclose(averaged(tf.constant(X), 4), averaged(averaged(tf.constant(X))), rtol=1e-12)


def test_repetition_is_of_the_nearest_pixel():
    np.testing.assert_array_equal(repeated(tf.constant(X), 2), X.repeat(2, axis=1).repeat(2, axis=2))
    np.testing.assert_allclose(averaged(repeated(tf.constant(X), 4), 4), X, rtol=1e-14)


def test_factor_one_changes_nothing():
    np.testing.assert_array_equal(averaged(tf.constant(X), 1), X)
    np.testing.assert_array_equal(repeated(tf.constant(X), 1), X)


def test_real_images_fade_from_half_their_resolution():
    coarse = np.asarray(averaged(tf.constant(X))).repeat(2, axis=1).repeat(2, axis=2)
    for alpha in (0.0, 0.25, 1.0):
        expected = (1 - alpha) * coarse + alpha * X
        np.testing.assert_allclose(faded(tf.constant(X), tf.constant(alpha)), expected, rtol=1e-12)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_ends_of_a_blend_are_exact(alpha):
    below, above = tf.constant([1e8, 0.1]), tf.constant([0.1, -1e8])
    np.testing.assert_array_equal(blended(below, above, tf.constant(alpha)), above if alpha else below)


def test_unknown_batch_sizes_work():
    function = tf.function(
        lambda x: repeated(averaged(x)), input_signature=[tf.TensorSpec([None, 4, 8, 2], tf.float64)]
    )
    assert function(tf.constant(X)).shape == X.shape
