"""The losses with few labels, against sums written out in NumPy and on a space where every probability is known."""

import numpy as np
import scipy.special
import tensorflow as tf

from tfdgm.objectives.semi_supervised import semi_supervised_loss, unlabeled_bound

RNG = np.random.default_rng(0)
BOUNDS = RNG.normal(scale=3.0, size=(6, 4)) - 80.0
LOG_Q = scipy.special.log_softmax(RNG.normal(size=(6, 4)), axis=1)


def test_the_unlabeled_bound_is_the_mean_of_the_bounds_and_an_entropy():
    expected = [sum(np.exp(q) * (b - q) for q, b in zip(*row, strict=True)) for row in zip(LOG_Q, BOUNDS, strict=True)]
    np.testing.assert_allclose(unlabeled_bound(tf.constant(BOUNDS), tf.constant(LOG_Q)), expected, rtol=1e-12)


def test_it_is_the_evidence_at_the_posterior_and_below_it_elsewhere():
    """With bounds that are log p(x, y) itself: log p(x) - KL(q(y|x) || p(y|x))."""
    log_joint = tf.constant(BOUNDS)
    evidence = scipy.special.logsumexp(BOUNDS, axis=1)
    posterior = BOUNDS - evidence[:, None]
    np.testing.assert_allclose(unlabeled_bound(log_joint, tf.constant(posterior)), evidence, rtol=1e-12)
    gap = np.sum(np.exp(LOG_Q) * (LOG_Q - posterior), axis=1)
    assert gap.min() > 0.01
    np.testing.assert_allclose(unlabeled_bound(log_joint, tf.constant(LOG_Q)), evidence - gap, rtol=1e-12)


def test_a_class_that_is_ruled_out_counts_nothing():
    log_q = tf.constant([[0.0, -np.inf]], tf.float64)
    np.testing.assert_array_equal(unlabeled_bound(tf.constant([[-3.0, -900.0]], tf.float64), log_q), [-3.0])


def test_known_labels_take_their_own_bound_and_a_weighted_cross_entropy():
    label = np.array([2, -1, 0, -1, 3, 1])
    found = semi_supervised_loss(tf.constant(BOUNDS), tf.constant(LOG_Q), tf.constant(label, tf.int32), 7.0)
    unlabeled = unlabeled_bound(tf.constant(BOUNDS), tf.constant(LOG_Q)).numpy()
    expected = [-u if y < 0 else -b[y] - 7.0 * q[y] for u, b, q, y in zip(unlabeled, BOUNDS, LOG_Q, label, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_gradients_by_known_and_unknown_labels():
    """By the bounds: -1 at the label, else -q(y|x); by log q: -alpha at the label, else -q (bound - log q - 1)."""
    label = tf.constant([2, -1, 0, -1, 3, 1])
    bounds, log_q = tf.constant(BOUNDS), tf.constant(LOG_Q)
    with tf.GradientTape() as tape:
        tape.watch([bounds, log_q])
        loss = tf.reduce_sum(semi_supervised_loss(bounds, log_q, label, 7.0))
    by_bounds, by_log_q = tape.gradient(loss, [bounds, log_q])
    q, one_hot, known = np.exp(LOG_Q), tf.one_hot(label, 4, dtype=tf.float64).numpy(), (label.numpy() >= 0)[:, None]
    np.testing.assert_allclose(by_bounds, np.where(known, -one_hot, -q), rtol=1e-12)
    np.testing.assert_allclose(by_log_q, np.where(known, -7.0 * one_hot, -q * (BOUNDS - LOG_Q - 1.0)), rtol=1e-9)
