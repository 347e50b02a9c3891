"""Adversarial losses against NumPy by hand, and at the best discriminator of two known densities."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.objectives.adversarial import LOSSES

REAL = np.array([-2.0, 0.5, 3.0])
FAKE = np.array([1.5, -0.25, -4.0])


def _log_sigmoid(logits):
    return -np.log1p(np.exp(-logits))


def _mean(logits):
    return tf.reduce_mean(logits)


EXPECTED = {
    "minimax": (-_log_sigmoid(REAL) - _log_sigmoid(-FAKE), _log_sigmoid(-FAKE)),
    "non_saturating": (-_log_sigmoid(REAL) - _log_sigmoid(-FAKE), -_log_sigmoid(FAKE)),
    "least_squares": (((REAL - 1) ** 2 + FAKE**2) / 2, (FAKE - 1) ** 2 / 2),
    "hinge": (np.maximum(0, 1 - REAL) + np.maximum(0, 1 + FAKE), -FAKE),
    "wasserstein": (FAKE - REAL, -FAKE),
    "relativistic": (-_log_sigmoid(REAL - FAKE), -_log_sigmoid(FAKE - REAL)),
    "relativistic_average": (
        -_log_sigmoid(REAL - FAKE.mean()) - _log_sigmoid(-(FAKE - REAL.mean())),
        -_log_sigmoid(FAKE - REAL.mean()) - _log_sigmoid(-(REAL - FAKE.mean())),
    ),
}


def test_every_loss_is_tested():
    assert set(EXPECTED) == set(LOSSES)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_those_worked_out_by_hand(name):
    loss, (discriminator, generator) = LOSSES[name], EXPECTED[name]
    real, fake = tf.constant(REAL), tf.constant(FAKE)
    np.testing.assert_allclose(loss.discriminator(real, fake, _mean), discriminator, rtol=1e-12)
    np.testing.assert_allclose(loss.generator(real, fake, _mean), generator, rtol=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_only_those_that_say_so_need_real_logits_for_the_generator(name):
    real = tf.constant(REAL)
    with tf.GradientTape() as tape:
        tape.watch(real)
        loss = LOSSES[name].generator(real, tf.constant(FAKE), _mean)
    assert (tape.gradient(loss, real) is not None) == LOSSES[name].needs_real


def test_the_best_discriminator_gives_the_jensen_shannon_divergence():
    rng = np.random.default_rng(0)
    p, q = rng.dirichlet(np.ones(7), 2)
    logits = tf.Variable(np.zeros(7))
    best = tf.constant(np.log(p / q))  # D = p / (p + q)

    def value(logits):
        # E_p and E_q by enumeration: the loss of a pair is a sum of one term each.
        real_term = LOSSES["minimax"].discriminator(logits, tf.fill([7], tf.constant(-1e9, tf.float64)), _mean)
        fake_term = LOSSES["minimax"].discriminator(tf.fill([7], tf.constant(1e9, tf.float64)), logits, _mean)
        return tf.reduce_sum(p * real_term + q * fake_term)

    mixture = (p + q) / 2
    jsd = 0.5 * np.sum(p * np.log(p / mixture)) + 0.5 * np.sum(q * np.log(q / mixture))
    np.testing.assert_allclose(value(best), 2 * np.log(2) - 2 * jsd, rtol=1e-12)
    with tf.GradientTape() as tape:
        tape.watch(best)
        least = value(best)
    np.testing.assert_allclose(tape.gradient(least, best), 0.0, atol=1e-12)
    assert value(logits) > least


def test_hinge_critic_of_separated_logits_costs_nothing():
    real, fake = tf.constant([1.0, 7.0]), tf.constant([-1.0, -3.0])
    np.testing.assert_array_equal(LOSSES["hinge"].discriminator(real, fake, _mean), [0.0, 0.0])


@pytest.mark.parametrize("name", LOSSES)
def test_those_without_an_origin_are_blind_to_a_constant(name):
    loss, real, fake = LOSSES[name], tf.constant(REAL), tf.constant(FAKE)
    moved = np.allclose(loss.discriminator(real, fake, _mean), loss.discriminator(real + 1.0, fake + 1.0, _mean))
    assert moved != loss.has_origin
