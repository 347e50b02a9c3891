"""Pathwise and score function: the same mean, another variance."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.evaluation import gaussian_estimators as gaussian
from tfdgm.math.binary_tables import binary_states

X = tf.gather(binary_states(4), [3, 5, 6, 15])
MODEL = gaussian.random_vae(0, X)
PHI = gaussian.random_posterior(0, X)


def test_all_have_the_gradient_of_the_elbo():
    exact = gaussian.elbo_gradient(MODEL, PHI).mean(axis=0)
    for name, (mean, _) in gaussian.estimates(MODEL, PHI).items():
        np.testing.assert_allclose(mean, exact, rtol=0, atol=1e-11, err_msg=name)


def test_pathwise_has_less_variance_than_the_score_function():
    found = {name: variance for name, (_, variance) in gaussian.estimates(MODEL, PHI).items()}
    assert found["pathwise, KL sampled"] < found["score function, no baseline"]
    assert found["pathwise, KL in closed form"] < found["score function, no baseline"]


def test_the_quadrature_has_the_variance_of_draws():
    _, expected = gaussian.score_function(MODEL, PHI)
    z_noise = np.random.default_rng(0).normal(size=(4, 400_000))
    mean, log_var = PHI.numpy().T[:, :, np.newaxis]
    z = mean + np.exp(0.5 * log_var) * z_noise
    logits = MODEL.biases.numpy() + z[..., np.newaxis] * MODEL.weights.numpy()
    log_likelihood = (X.numpy()[:, np.newaxis] * logits - np.logaddexp(0.0, logits)).sum(-1)
    signal = log_likelihood - 0.5 * z**2 + 0.5 * (log_var + z_noise**2)
    scores = np.stack([z_noise * np.exp(-0.5 * log_var), 0.5 * (z_noise**2 - 1.0)])
    variance = (signal * scores).var(axis=2).sum(axis=0).mean()
    assert variance == pytest.approx(expected, rel=3e-2)


def test_the_mean_signal_is_the_elbo():
    nodes, weights = gaussian.quadrature()
    assert weights.sum() == pytest.approx(1.0)
    assert (weights * nodes**4).sum() == pytest.approx(3.0)
    step = 1e-5
    up, down = (gaussian.mean_signal(MODEL, PHI + shift)[:, 0] for shift in ([step, 0.0], [-step, 0.0]))
    np.testing.assert_allclose((up - down) / (2 * step), gaussian.elbo_gradient(MODEL, PHI)[:, 0], rtol=1e-6)
