"""The Gaussian of largest likelihood: by NumPy's moments, densities in closed form, samples by their moments."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

import tfdgm
from tests.goldens.strategies import mirrored
from tfdgm.configs import get_config
from tfdgm.core.types import DataSpec
from tfdgm.models.faults import Fault

SPEC = DataSpec((3, 2), domain="real", num_levels=0)
NUM = 60


def _examples(num=NUM):
    """Far from zero against their spread, and correlated."""
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(6, 6)) * np.array([1e-3, 1e-2, 0.1, 1.0, 1.0, 10.0])
    return (1000.0 + rng.normal(size=(num, 6)) @ mixing.T).astype(np.float32).reshape(num, 3, 2)


def _dataset(x, batch_size=10):
    return tf.data.Dataset.from_tensor_slices({"x": x}).batch(batch_size)


def _fitted(x, batch_size=10, epochs=1):
    model = tfdgm.build("gaussian", SPEC)
    model.compile()
    model.fit(_dataset(x, batch_size), epochs=epochs, shuffle=False, verbose=0)
    return model


def _moments(x):
    flat = x.reshape(len(x), -1).astype(np.float64)
    return flat.mean(axis=0), np.cov(flat.T, bias=True)


@pytest.mark.parametrize(("batch_size", "epochs"), [(10, 1), (1, 1), (60, 1), (20, 3)])
def test_an_epoch_ends_at_the_largest_likelihood(batch_size, epochs):
    x = _examples()
    model = _fitted(x, batch_size, epochs)
    mean, covariance = _moments(x)
    expected = tfp.distributions.MultivariateNormalFullCovariance(mean, covariance).log_prob(x.reshape(NUM, 6))
    np.testing.assert_allclose(model.log_prob(x), expected, rtol=1e-5)
    # Of the maximum: mean log p = -1/2 log det(2 pi e C).
    log_det = np.linalg.slogdet(2.0 * np.pi * np.e * covariance)[1]
    assert float(tf.reduce_mean(model.log_prob(x))) == pytest.approx(-0.5 * log_det, rel=1e-6)


def test_the_density_integrates_to_one():
    spec = DataSpec((2,), domain="real", num_levels=0)
    model = tfdgm.build("gaussian", spec)
    model.compile()
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(50, 2)) @ np.array([[1.0, 0.8], [0.0, 0.3]])).astype(np.float32)
    model.fit(_dataset(x), shuffle=False, verbose=0)
    side = np.arange(-8.0, 8.0, 0.05)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    assert float(tf.reduce_sum(tf.exp(model.log_prob(grid)))) * 0.05**2 == pytest.approx(1.0, abs=1e-4)


def test_two_replicas_have_the_moments_of_one_device():
    x = _examples()
    with mirrored().scope():
        model = tfdgm.build("gaussian", SPEC)
        model.compile()
    model.fit(_dataset(x), shuffle=False, verbose=0)
    np.testing.assert_allclose(model.log_prob(x), _fitted(x).log_prob(x), rtol=1e-6)


def test_samples_have_the_moments_and_row_by_row_the_temperature():
    x = _examples()
    model, (mean, covariance) = _fitted(x), _moments(x)
    seeds = tf.range(20_000, dtype=tf.int64)
    samples = model.sample(seeds).numpy().astype(np.float64)
    assert samples.shape == (20_000, 3, 2)
    scale = np.sqrt(np.diag(covariance))
    z = (samples.reshape(-1, 6) - mean) / scale
    np.testing.assert_allclose(z.mean(axis=0), 0.0, atol=0.03)
    np.testing.assert_allclose(np.cov(z.T), covariance / np.outer(scale, scale), atol=0.03)
    cold = model.sample(seeds[:3], tf.constant([1.0, 0.5, 0.0])).numpy()
    expected = mean.reshape(3, 2) + np.reshape([1.0, 0.5, 0.0], [3, 1, 1]) * (samples[:3] - mean.reshape(3, 2))
    np.testing.assert_allclose(cold, expected, rtol=1e-6)


def test_it_has_no_groups_and_no_optimizers():
    model = _fitted(_examples())
    assert (model.groups(), model.optimizers, model.optimizer, model.trainable_variables) == ({}, {}, None, [])
    assert get_config("gaussian:digits").to_dict()["optimizers"] == {}
    with pytest.raises(ValueError, match=r"optimizers are \['model'\]; gaussian needs a dict with \[\]"):
        model.compile({"model": "adam"})


def test_logs_are_likelihoods_of_validation_and_the_spread_of_training():
    x = _examples()
    model = tfdgm.build("gaussian", SPEC)
    model.compile()
    history = model.fit(_dataset(x, NUM), validation_data=_dataset(x, 7), shuffle=False, verbose=0).history
    assert history["variance"] == [pytest.approx(np.trace(_moments(x)[1]) / 6.0, rel=1e-5)]
    assert history["val_log_prob"] == [pytest.approx(float(tf.reduce_mean(model.log_prob(x))), rel=1e-5)]


def test_a_value_that_is_not_finite_is_known():
    x = _examples()
    x[35, 1, 0] = np.inf
    assert _fitted(x).fault() == Fault(3, "", "a statistic")


def test_a_dimension_that_never_varies_is_refused():
    x = _examples()
    x[:, 0, 0] = x[:, 2, 1] = 0.1
    model, words = _fitted(x), "2 of 6 dimensions never vary.*'logit' spreads grey levels"
    with pytest.raises(ValueError, match=words):
        model.log_prob(x)
    with pytest.raises(ValueError, match=words):
        model.fit(_dataset(x), validation_data=_dataset(x), verbose=0)


def test_levels_are_refused():
    with pytest.raises(ValueError, match=r"the data have 256 levels; a Gaussian is a density of continuous data"):
        tfdgm.build("gaussian", DataSpec((8, 8, 1), domain="unit", num_levels=256))
