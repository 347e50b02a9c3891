"""The golden RBM against sums over all its states."""

import itertools

import numpy as np
import pytest
import scipy.special
import tensorflow as tf

from tests.goldens.precision import dtype_policy
from tests.goldens.table import GOLDENS

STATES = np.array(list(itertools.product([0.0, 1.0], repeat=6)))


@pytest.fixture(scope="module")
def rbm():
    with dtype_policy("float64"):
        model = GOLDENS["rbm"].build_compiled()
    rng = np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign(0.8 * rng.normal(size=variable.shape))
    return model


def _probabilities(model):
    return scipy.special.softmax(model.unnormalized_log_prob(tf.constant(STATES)).numpy())


def test_free_energy_sums_the_hidden_states_out(rbm):
    hidden = np.array(list(itertools.product([0.0, 1.0], repeat=4)))
    kernel, visible_bias, hidden_bias = (variable.numpy() for variable in rbm.trainable_variables)
    energies = -(STATES @ kernel @ hidden.T + (STATES @ visible_bias)[:, None] + hidden @ hidden_bias)
    np.testing.assert_allclose(rbm.free_energy(STATES), -scipy.special.logsumexp(-energies, axis=1), rtol=1e-10)


def test_samples_follow_the_boltzmann_distribution(rbm):
    samples = rbm.sample(tf.range(8000, dtype=tf.int64)).numpy()
    codes = (samples @ 2 ** np.arange(5, -1, -1)).astype(int)
    found = np.bincount(codes, minlength=64) / len(samples)
    assert np.abs(found - _probabilities(rbm)).sum() / 2 < 0.06  # total variation; of a uniform sampler 0.5


def test_training_raises_the_likelihood_of_the_data():
    golden = GOLDENS["rbm"]
    model = golden.build_compiled()
    x = golden.batches(150)
    data = (x.reshape(-1, 6) @ 2 ** np.arange(5, -1, -1)).astype(int)
    before = np.log(_probabilities(model)[data]).mean()
    model.fit(tf.data.Dataset.from_tensor_slices({"x": x}), shuffle=False, verbose=0)
    after = np.log(_probabilities(model)[data]).mean()
    assert before == pytest.approx(-6.0 * np.log(2.0), abs=0.4)
    assert after > before + 0.5
