"""Weights and losses of reweighted wake-sleep against NumPy."""

import numpy as np
import tensorflow as tf

from tfdgm.objectives import wake_sleep

RNG = np.random.default_rng(0)


def test_weights_are_normalised_and_carry_no_gradient():
    log_weights = tf.constant(RNG.normal(scale=3.0, size=[4, 5]))
    with tf.GradientTape() as tape:
        tape.watch(log_weights)
        weights = wake_sleep.normalized_weights(log_weights)
    expected = np.exp(log_weights) / np.exp(log_weights).sum(1, keepdims=True)
    np.testing.assert_allclose(weights, expected, rtol=1e-12)
    assert tape.gradient(weights, log_weights) is None


def test_reweighted_loss_is_the_weighted_sum():
    log_probs, log_weights = (RNG.normal(size=[4, 5]) for _ in range(2))
    weights = np.exp(log_weights) / np.exp(log_weights).sum(1, keepdims=True)
    found = wake_sleep.reweighted_loss(tf.constant(log_probs), tf.constant(log_weights))
    np.testing.assert_allclose(found, -(weights * log_probs).sum(1), rtol=1e-12)


def test_one_sample_is_wake_sleep():
    log_probs = RNG.normal(size=[4, 1])
    found = wake_sleep.reweighted_loss(tf.constant(log_probs), tf.constant(RNG.normal(size=[4, 1])))
    np.testing.assert_allclose(found, -log_probs[:, 0], rtol=1e-12)
