"""Cross entropy against the sum that defines it."""

import numpy as np
import pytest
import scipy.special
import tensorflow as tf

from tfdgm.math.categorical import cross_entropy, is_most_probable


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 1.0])
def test_cross_entropy_is_the_sum_over_classes(label_smoothing):
    rng = np.random.default_rng(0)
    logits, label = 3.0 * rng.normal(size=(20, 5)), rng.integers(0, 5, 20)
    q = (1.0 - label_smoothing) * np.eye(5)[label] + label_smoothing / 5
    expected = -np.sum(q * scipy.special.log_softmax(logits, axis=1), axis=1)
    found = cross_entropy(tf.constant(logits), tf.constant(label, tf.int32), label_smoothing)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_extreme_logits_stay_finite():
    found = cross_entropy(tf.constant([[1e4, 0.0], [1e4, 0.0]]), tf.constant([0, 1]))
    np.testing.assert_allclose(found, [0.0, 1e4])


def test_the_most_probable_label_is_the_first_of_the_highest_scores():
    scores = tf.constant([[0.1, 0.7, 0.2], [0.4, 0.4, 0.2], [0.4, 0.4, 0.2], [0.0, 0.0, 1.0]])
    np.testing.assert_array_equal(is_most_probable(scores, tf.constant([1, 0, 1, 0])), [1.0, 1.0, 0.0, 0.0])
