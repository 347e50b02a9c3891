"""Losses of pairs against NumPy, and at the best discriminator of two joint distributions on a finite space."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.objectives.adversarial import logistic_discriminator
from tfdgm.objectives.adversarial_inference import LOSSES

NUM_X, NUM_Z = 4, 3
RNG = np.random.default_rng(0)
P_Z, P_DATA = RNG.dirichlet(np.ones(NUM_Z)), RNG.dirichlet(np.ones(NUM_X))
P = (P_Z[:, np.newaxis] * RNG.dirichlet(np.ones(NUM_X), NUM_Z)).T  # p(z) p(x|z), [X, Z]
Q = P_DATA[:, np.newaxis] * RNG.dirichlet(np.ones(NUM_Z), NUM_X)  # p_data(x) q(z|x), [X, Z]


def _kl(p, q):
    return np.sum(p * np.log(p / q))


def _jsd(p, q):
    middle = (p + q) / 2
    return (_kl(p, middle) + _kl(q, middle)) / 2


def _mean(loss, q, p, logits):
    """E of a loss over independent pairs, a sum of one term by q and one by p."""
    logits = tf.reshape(logits, [-1])
    encoded, generated = tf.repeat(logits, len(logits)), tf.tile(logits, [len(logits)])
    weight = tf.reshape(tf.reshape(q, [-1, 1]) * tf.reshape(p, [1, -1]), [-1])
    return tf.reduce_sum(weight * loss(encoded, generated))


def test_losses_are_those_worked_out_by_hand():
    encoded, generated = np.array([-2.0, 0.5]), np.array([1.5, -0.25])
    d_encoded, d_generated = (1.0 / (1.0 + np.exp(-each)) for each in (encoded, generated))
    expected = {
        "minimax": np.log(d_encoded) + np.log(1.0 - d_generated),
        "non_saturating": -np.log(1.0 - d_encoded) - np.log(d_generated),
    }
    assert set(expected) == set(LOSSES)
    for name, loss in LOSSES.items():
        np.testing.assert_allclose(loss(tf.constant(encoded), tf.constant(generated)), expected[name], rtol=1e-12)


def test_the_best_discriminator_is_the_share_of_the_encoder_s_joint():
    logits = tf.Variable(np.log(Q / P))
    with tf.GradientTape() as tape:
        loss = _mean(logistic_discriminator, tf.constant(Q), tf.constant(P), logits)
    np.testing.assert_allclose(tape.gradient(loss, logits), np.zeros([NUM_X, NUM_Z]), atol=1e-12)
    assert float(loss) == pytest.approx(2 * np.log(2.0) - 2 * _jsd(Q, P), rel=1e-12)
    worse = _mean(logistic_discriminator, tf.constant(Q), tf.constant(P), logits + RNG.normal(size=logits.shape))
    assert float(worse) > float(loss)


def test_at_equal_joints_the_value_is_log_4_and_neither_side_moves():
    joint, logits = tf.Variable(P), tf.zeros([NUM_X, NUM_Z], tf.float64)
    assert float(_mean(logistic_discriminator, joint, joint, logits)) == pytest.approx(np.log(4.0), rel=1e-12)
    for loss in LOSSES.values():
        with tf.GradientTape() as tape:
            value = _mean(loss, joint / tf.reduce_sum(joint), tf.constant(P), logits)
        np.testing.assert_allclose(tape.gradient(value, joint), np.zeros(P.shape), atol=1e-12)


@pytest.mark.parametrize(("name", "value"), [("minimax", 0.0), ("non_saturating", 1.0)])
def test_values_by_the_best_discriminator(name, value):
    """Of the swap: 2 log 2 + both KL - 2 JSD; of V: 2 JSD - 2 log 2."""
    best = tf.constant(np.log(Q / P))
    found = float(_mean(LOSSES[name], tf.constant(Q), tf.constant(P), best))
    sign = 1.0 if value else -1.0
    expected = sign * (2 * np.log(2.0) - 2 * _jsd(Q, P)) + value * (_kl(Q, P) + _kl(P, Q))
    assert found == pytest.approx(expected, rel=1e-10)


def test_the_swap_moves_both_sides_as_two_divergences_less_the_jsd():
    """D stays where it is best for the joints as they are; both joints are softmaxes of free logits."""
    free = [tf.Variable(np.log(each)) for each in (Q, P)]

    def joints():
        return [tf.reshape(tf.nn.softmax(tf.reshape(each, [-1])), each.shape) for each in free]

    def kl(p, q):
        return tf.reduce_sum(p * tf.math.log(p / q))

    with tf.GradientTape(persistent=True) as tape:
        q, p = joints()
        loss = _mean(LOSSES["non_saturating"], q, p, tf.constant(np.log(Q / P)))
        middle = (p + q) / 2.0
        divergence = kl(q, tf.constant(P)) + kl(p, tf.constant(Q)) - kl(q, middle) - kl(p, middle)
    for each in free:
        np.testing.assert_allclose(tape.gradient(loss, each), tape.gradient(divergence, each), atol=1e-12)
        assert np.abs(tape.gradient(loss, each)).max() > 0.01
