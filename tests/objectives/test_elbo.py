"""Evidence bounds against TensorFlow Probability and against each other."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from tfdgm.objectives import elbo as bounds

tfd = tfp.distributions
RNG = np.random.default_rng(0)
MEAN, LOG_VAR = RNG.normal(size=(2, 6, 4))
LOG_LIKELIHOOD, LOG_WEIGHTS = RNG.normal(size=(2, 6, 5)) * 3.0
KL = RNG.random(6)


def test_kl_equals_tfd():
    q = tfd.MultivariateNormalDiag(MEAN, np.exp(0.5 * LOG_VAR))
    prior = tfd.MultivariateNormalDiag(tf.zeros([4], tf.float64))
    found = bounds.kl_from_standard_normal(tf.constant(MEAN), tf.constant(LOG_VAR))
    np.testing.assert_allclose(found, tfd.kl_divergence(q, prior), rtol=1e-12)


def test_kl_is_exact_near_the_prior():
    log_var = tf.constant([[1e-4]], tf.float32)
    found = bounds.kl_from_standard_normal(tf.zeros([1, 1]), log_var)
    assert float(found[0]) == pytest.approx(0.25e-8, rel=0.02)
    assert float(bounds.kl_from_standard_normal(tf.zeros([1, 3]), tf.zeros([1, 3]))[0]) == 0.0


def test_the_sampled_kl_is_the_kl_in_the_mean():
    q = tfd.MultivariateNormalDiag(MEAN, np.exp(0.5 * LOG_VAR))
    prior = tfd.MultivariateNormalDiag(tf.zeros([4], tf.float64))
    z = MEAN + np.exp(0.5 * LOG_VAR) * RNG.normal(size=(20_000, 6, 4))
    log_q, log_p = q.log_prob(z).numpy().T, prior.log_prob(z).numpy().T
    error = (log_q - log_p).std(1) / np.sqrt(20_000)
    difference = bounds.sampled_kl(log_q, log_p).numpy() - tfd.kl_divergence(q, prior).numpy()
    assert (np.abs(difference) < 5.0 * error).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normal_log_density_equals_tfd(dtype):
    z = RNG.normal(size=(6, 4)).astype(dtype)
    mean, log_var = MEAN.astype(dtype), LOG_VAR.astype(dtype)
    expected = tfd.MultivariateNormalDiag(mean, np.exp(0.5 * log_var)).log_prob(z)
    np.testing.assert_allclose(bounds.diagonal_normal_log_prob(tf.constant(z), mean, log_var), expected, rtol=1e-5)
    expected = tfd.MultivariateNormalDiag(np.zeros(4, dtype)).log_prob(z)
    np.testing.assert_allclose(bounds.diagonal_normal_log_prob(tf.constant(z), 0.0, 0.0), expected, rtol=1e-5)


def test_iwae_bound_is_the_log_of_the_mean_weight_without_overflow():
    found = bounds.iwae_bound(tf.constant(LOG_WEIGHTS + 800.0))
    np.testing.assert_allclose(found, np.log(np.exp(LOG_WEIGHTS).mean(1)) + 800.0, rtol=1e-12)


def test_one_weight_makes_the_iwae_loss_the_vae_loss():
    """With one sample, IWAE's loss is the ELBO's with the KL estimated by log q - log p of the sample."""
    log_likelihood, log_weights = tf.constant(LOG_LIKELIHOOD[:, :1]), tf.constant(LOG_WEIGHTS[:, :1])
    estimated_kl = (log_likelihood - log_weights)[:, 0]
    for kl_weight in (1.0, 0.3):
        vae = bounds.elbo_loss(log_likelihood, estimated_kl, log_weights, kl_weight)
        iwae = bounds.iwae_loss(log_likelihood, tf.constant(KL), log_weights, kl_weight)
        np.testing.assert_allclose(iwae, vae, rtol=1e-12)


def test_weight_one_gives_the_bounds_themselves():
    arguments = tf.constant(LOG_LIKELIHOOD), tf.constant(KL), tf.constant(LOG_WEIGHTS)
    np.testing.assert_allclose(bounds.elbo_loss(*arguments, 1.0), -bounds.elbo(*arguments[:2]), rtol=1e-12)
    np.testing.assert_allclose(bounds.iwae_loss(*arguments, 1.0), -bounds.iwae_bound(arguments[2]), rtol=1e-12)


def test_more_weights_never_lower_the_bound_in_the_mean():
    log_weights = tf.constant(RNG.normal(size=(4000, 8)) * 2.0)
    means = [float(tf.reduce_mean(bounds.iwae_bound(log_weights[:, :k]))) for k in (1, 2, 4, 8)]
    assert means == sorted(means)
    assert means[-1] - means[0] > 0.5  # of at most var / 2 = 2
