"""The golden flow is a density, and its sampler draws from it."""

import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.precision import dtype_policy
from tests.goldens.table import GOLDENS


@pytest.fixture(scope="module")
def flow():
    with dtype_policy("float64"):
        model = GOLDENS["flow"].build_compiled()
    model.fit(GOLDENS["flow"].dataset(30, 64), shuffle=False, verbose=0)
    return model


def test_density_integrates_to_one(flow):
    axis = np.linspace(-12.0, 12.0, 401)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    mass = np.exp(flow.log_prob(grid)).sum() * (axis[1] - axis[0]) ** 2
    assert mass == pytest.approx(1.0, abs=1e-3)


def test_samples_have_the_moments_of_the_density(flow):
    axis = np.linspace(-12.0, 12.0, 241)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    weights = np.exp(flow.log_prob(grid)) * (axis[1] - axis[0]) ** 2
    samples = flow.sample(tf.range(20_000, dtype=tf.int64)).numpy()
    np.testing.assert_allclose(samples.mean(0), weights @ grid, atol=0.06)
    np.testing.assert_allclose((samples**2).mean(0), weights @ grid**2, rtol=0.05)


def test_initialization_standardises_the_first_batch():
    with dtype_policy("float64"):
        model = GOLDENS["flow"].build_compiled()
    model.ensure_initialized(GOLDENS["flow"].dataset(1, 64))
    x = GOLDENS["flow"].batches(1, 64)[0]
    inverse = (x - model.shift.numpy()) * np.exp(-model.log_scale.numpy())
    np.testing.assert_allclose(inverse.mean(0), 0.0, atol=1e-6)
    np.testing.assert_allclose(inverse.std(0), 1.0, atol=1e-6)
