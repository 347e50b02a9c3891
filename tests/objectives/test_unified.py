"""The GAN's pair of steps and what models take of it, against the losses they are, by hand and on finite spaces."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.math.per_example_gradients import gradient
from tfdgm.objectives import adversarial, unified

LOGITS = tf.constant([-700.0, -2.0, 0.0, 0.5, 3.0, 700.0], tf.float64)


def test_the_discriminator_and_its_reverse_by_hand():
    logits = tf.constant([math.log(3.0)], tf.float64)  # D = 3/4
    for function, of_generated, of_real in [
        (unified.log_q, 0.25, 0.75),
        (unified.log_q_reversed, 0.75, 0.25),
        (unified.log_importance_weights, 3.0, 1.0 / 3.0),
    ]:
        assert float(function(logits, 0)[0]) == pytest.approx(math.log(of_generated))
        assert float(function(logits, 1)[0]) == pytest.approx(math.log(of_real))


def test_a_label_an_example():
    y = tf.constant([0.0, 1.0, 0.0, 1.0, 0.0, 1.0], tf.float64)
    for function in (unified.log_q, unified.log_q_reversed, unified.log_importance_weights):
        expected = tf.where(y > 0.5, function(LOGITS, 1), function(LOGITS, 0))
        np.testing.assert_array_equal(function(LOGITS, y), expected)


def test_weights_are_the_quotient_of_the_reverse_and_the_discriminator():
    for y in (0, 1):
        expected = unified.log_q_reversed(LOGITS, y) - unified.log_q(LOGITS, y)
        np.testing.assert_allclose(unified.log_importance_weights(LOGITS, y), expected, rtol=1e-12)


def test_the_pair_of_steps_is_the_gans():
    fake, real = LOGITS, LOGITS[::-1]
    pair = unified.phi_loss(real, 1) + unified.phi_loss(fake, 0)
    np.testing.assert_allclose(pair, adversarial.logistic_discriminator(real, fake), rtol=1e-12)
    np.testing.assert_allclose(unified.theta_loss(fake, 0), adversarial.non_saturating_generator(fake), rtol=1e-12)
    np.testing.assert_allclose(unified.saturating_theta_loss(fake, 0), adversarial.minimax_generator(fake), rtol=1e-12)


def test_one_sample_is_the_gan():
    np.testing.assert_allclose(
        unified.importance_weighted_theta_loss(LOGITS[:, tf.newaxis]), unified.theta_loss(LOGITS, 0), rtol=1e-12
    )


def test_weights_of_two_samples_by_hand():
    """D = 1/2 and 3/4 weigh 1 and 3."""
    logits = tf.constant([0.0, math.log(3.0)], tf.float64)

    def loss(logits):
        return unified.importance_weighted_theta_loss(logits[tf.newaxis])

    assert float(loss(logits)[0]) == pytest.approx(-0.25 * math.log(0.5) - 0.75 * math.log(0.75))
    # d -log D / d logit = -(1 - D), and none through the weights
    np.testing.assert_allclose(gradient(loss, logits), [-0.25 * 0.5, -0.75 * 0.25], rtol=1e-12)


def test_by_the_best_discriminator_weighted_samples_are_data():
    rng = np.random.default_rng(0)
    data, generated = rng.dirichlet(np.ones(7), size=2)
    weights = np.exp(unified.log_importance_weights(tf.constant(np.log(data / generated)), 0))
    values = rng.normal(size=7)
    assert generated @ (weights * values) == pytest.approx(data @ values, rel=1e-12)
    assert generated @ weights == pytest.approx(1.0, rel=1e-12)


def test_a_perfect_discriminator_leaves_the_bounds_of_real_examples():
    logits, bounds = tf.constant([800.0, -800.0]), tf.constant([-90.0, -70.0])
    np.testing.assert_array_equal(unified.adversary_activated(bounds, logits), [-90.0, 0.0])


def test_bounds_are_weighted_by_the_belief_that_they_are_real():
    logits = tf.constant([math.log(3.0), -math.log(3.0)], tf.float64)
    bounds = tf.constant([-2.0, -4.0], tf.float64)
    np.testing.assert_allclose(unified.adversary_activated(bounds, logits), [-1.5, -1.0], rtol=1e-12)
    np.testing.assert_allclose(gradient(lambda it: unified.adversary_activated(it, logits), bounds), [0.75, 0.25])
    assert not gradient(lambda it: unified.adversary_activated(bounds, it), logits).numpy().any()
