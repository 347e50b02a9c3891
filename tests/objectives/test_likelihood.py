"""Observation models against SciPy and TensorFlow Probability, and where float32 is at its end."""

import hypothesis
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
import tensorflow_probability as tfp
from hypothesis import strategies as st

from tfdgm.objectives.likelihood import LIKELIHOODS, Bernoulli, DiscretizedLogistic, Gaussian, likelihood

tfd = tfp.distributions
RNG = np.random.default_rng(0)
OUTPUTS = RNG.normal(0.4, 0.5, (6, 5))
SEEDS = tf.range(4000, dtype=tf.int64)


def test_bernoulli_equals_tfd():
    x = (RNG.random((6, 5)) < 0.5).astype(np.float64)
    found = Bernoulli().log_prob(tf.constant(OUTPUTS * 40.0), tf.constant(0.0), tf.constant(x))
    expected = tfd.Independent(tfd.Bernoulli(logits=tf.constant(OUTPUTS * 40.0)), 1).log_prob(x)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_gaussian_equals_scipy():
    x = RNG.normal(size=(6, 5))
    found = Gaussian().log_prob(tf.constant(OUTPUTS), tf.constant(-0.7, tf.float64), tf.constant(x))
    np.testing.assert_allclose(found, scipy.stats.norm(OUTPUTS, np.exp(-0.7)).logpdf(x).sum(-1), rtol=1e-12)


def test_discretized_logistic_equals_scipy_masses():
    levels, scale = np.arange(17) / 16.0, np.exp(-2.0)
    edges = np.concatenate([[-np.inf], (levels[1:] + levels[:-1]) / 2, [np.inf]])
    expected = np.log(np.diff(scipy.stats.logistic(0.3, scale).cdf(edges)))
    found = DiscretizedLogistic(17).log_prob(
        tf.constant(0.3, tf.float64), tf.constant(-2.0, tf.float64), tf.constant(levels[:, None])
    )
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@hypothesis.settings(max_examples=40, deadline=None)
@hypothesis.given(
    num_levels=st.integers(2, 300),
    low=st.sampled_from([0.0, -1.0]),
    mean=st.floats(-3.0, 3.0),
    log_scale=st.floats(-10.0, 10.0),
)
def test_masses_sum_to_one(num_levels, low, mean, log_scale):
    x = low + (1.0 - low) * np.arange(num_levels) / (num_levels - 1)
    for dtype, tolerance in (("float32", 2e-4), ("float64", 1e-10)):
        log_mass = DiscretizedLogistic(num_levels, low=low).log_prob(
            tf.constant(mean, dtype), tf.constant(log_scale, dtype), tf.constant(x[:, None], dtype)
        )
        assert np.exp(log_mass.numpy().astype(np.float64)).sum() == pytest.approx(1.0, abs=tolerance)


@pytest.mark.parametrize("mean", [-1e7, -30.0, 0.0, 0.5, 1.0, 30.0, 1e7])
@pytest.mark.parametrize("log_scale", [-10.0, -4.0, 0.0, 4.0, 10.0, 30.0])
def test_gradients_are_finite_at_the_extremes(mean, log_scale):
    means, log_scale = tf.fill([256, 1], mean), tf.constant(log_scale)
    x = tf.constant(np.arange(256)[:, None] / 255.0, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch([means, log_scale])
        log_mass = DiscretizedLogistic(256).log_prob(means, log_scale, x)
    for value in (log_mass, *tape.gradient(log_mass, [means, log_scale])):
        assert np.isfinite(value).all()


@pytest.mark.parametrize("domain", ["unit", "symmetric"])
def test_discretized_logistic_samples_its_own_masses(domain):
    found = likelihood("discretized_logistic", domain=domain, num_levels=5)
    levels = np.linspace(-1.0 if domain == "symmetric" else 0.0, 1.0, 5).astype(np.float32)
    log_scale = tf.constant(-1.2)
    samples = found.sample(tf.fill([len(SEEDS), 1], 0.4), log_scale, SEEDS).numpy().ravel()
    counts = np.array([(np.abs(samples - level) < 1e-5).sum() for level in levels])
    assert counts.sum() == len(SEEDS)
    masses = np.exp(
        found.log_prob(tf.constant(0.4), log_scale, tf.constant(levels[:, None])).numpy().astype(np.float64)
    )
    assert scipy.stats.chisquare(counts, masses / masses.sum() * len(SEEDS)).pvalue > 1e-3


def test_bernoulli_samples_its_mean():
    outputs = tf.constant(np.tile([-2.0, 0.0, 1.5], (len(SEEDS), 1)))
    samples = Bernoulli().sample(outputs, tf.constant(0.0), SEEDS).numpy()
    assert set(np.unique(samples)) == {0.0, 1.0}
    np.testing.assert_allclose(samples.mean(0), Bernoulli().mean(outputs)[0], atol=4 * 0.5 / np.sqrt(len(SEEDS)))


def test_gaussian_samples_its_mean_and_scale():
    outputs = tf.constant(np.tile([-2.0, 0.0, 1.5], (len(SEEDS), 1)))
    samples = Gaussian().sample(outputs, tf.constant(-1.0, tf.float64), SEEDS)
    assert scipy.stats.kstest(((samples - outputs) * np.e).numpy().ravel(), "norm").pvalue > 1e-3


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_inverse_mean_undoes_mean(name):
    found = likelihood(name, domain="unit", num_levels=256)
    mean = tf.constant([0.01, 0.2, 0.99], tf.float64)
    np.testing.assert_allclose(found.mean(found.inverse_mean(mean)), mean, rtol=1e-6)
    assert np.isfinite(found.inverse_mean(tf.constant([0.0, 1.0], tf.float64))).all()


def test_messages_name_field_value_and_choices():
    with pytest.raises(ValueError, match="likelihood is 'bernouli'; it must be one of bernoulli, gaussian"):
        likelihood("bernouli", domain="binary", num_levels=2)
    with pytest.raises(ValueError, match="likelihood is 'gaussian' and data.domain 'binary'; it needs one of unit"):
        likelihood("gaussian", domain="binary", num_levels=2)
    with pytest.raises(ValueError, match="num_levels is 0; a discretized likelihood needs data of at least 2 levels"):
        likelihood("discretized_logistic", domain="unit", num_levels=0)
