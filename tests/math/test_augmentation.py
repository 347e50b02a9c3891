"""Differentiable augmentation: by row, within its stated amounts, with a gradient."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.math.augmentation import AUGMENTATIONS, augment

X = tf.constant(np.random.default_rng(0).uniform(-1, 1, size=(6, 16, 8, 3)), tf.float64)
SEEDS = tf.range(6, dtype=tf.int64)


def _noise(*values):
    return [tf.fill([6, 1, 1, 1], tf.constant(value, tf.float64)) for value in values]


def test_color_by_hand():
    found = AUGMENTATIONS["color"](X, _noise(0.75, 0.25, 1.0), 2.0)
    bright = X.numpy() + 0.25
    grey = bright.mean(axis=3, keepdims=True)
    saturated = grey + 0.5 * (bright - grey)
    mean = saturated.mean(axis=(1, 2, 3), keepdims=True)
    np.testing.assert_allclose(found, mean + 1.5 * (saturated - mean), rtol=1e-12)


def test_translation_moves_rows_and_columns_and_fills_with_zeros():
    found = AUGMENTATIONS["translation"](X, _noise(0.99, 0.0, 0.5), 2.0)  # the largest down, the least across
    expected = np.zeros(X.shape)
    expected[:, :14, 1:] = X[:, 2:, :7]
    np.testing.assert_allclose(found, expected)


def test_translation_by_nothing_changes_nothing():
    np.testing.assert_allclose(AUGMENTATIONS["translation"](X, _noise(0.5, 0.5, 0.5), 2.0), X)


def test_cutout_zeroes_half_of_each_side():
    found = AUGMENTATIONS["cutout"](X, _noise(0.5, 0.5, 0.5), 2.0).numpy()
    expected = X.numpy().copy()
    expected[:, 4:12, 2:6] = 0.0
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_rows_depend_on_their_own_seed_and_have_a_gradient(name):
    with tf.GradientTape() as tape:
        tape.watch(X)
        found = augment(X, SEEDS, (name,), 2.0)
        total = tf.reduce_sum(found[3])
    gradient = tape.gradient(total, X).numpy()
    assert np.abs(gradient[3]).max() > 0
    assert np.abs(np.delete(gradient, 3, axis=0)).max() == 0
    np.testing.assert_allclose(augment(X[3:4], SEEDS[3:4], (name,), 2.0), found[3:4], rtol=1e-12)
    assert np.abs(np.array(found[0]) - np.array(augment(X[:1], SEEDS[1:2], (name,), 2.0)[0])).max() > 0


def test_every_shift_comes_about():
    seeds = tf.range(400, dtype=tf.int64)
    column = tf.reshape(tf.range(1.0, 17.0), [1, 16, 1, 1])
    found = augment(tf.tile(column, [400, 1, 1, 1]), seeds, ("translation",), 2.0).numpy()[:, 8, 0, 0]
    values, counts = np.unique(found, return_counts=True)
    np.testing.assert_array_equal(values, [7.0, 8.0, 9.0, 10.0, 11.0])
    assert counts.min() > 50
