"""The harmonium's sums against the joint density written out, at its own temperature and at others."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import logsumexp

from tests.goldens.enumeration import (
    KINDS,
    NUM_HIDDEN,
    binary,
    harmonium,
    hidden_given_visible,
    log_joint,
    visible_given_hidden,
    visible_states,
)

H = binary(NUM_HIDDEN)
BETAS = [None, 1.0, 0.4, 0.0]


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(params=BETAS, ids=lambda beta: f"beta={beta}")
def model(request, kind):
    model = harmonium(kind)
    return model if request.param is None else model.at(request.param)


def test_free_energy_sums_the_hidden_states_out(kind, model):
    v, _ = visible_states(kind)
    np.testing.assert_allclose(
        model.free_energy(tf.constant(v)), -logsumexp(log_joint(model, v, H), axis=1), rtol=1e-12, atol=1e-12
    )


def test_hidden_free_energy_sums_the_visible_states_out(kind, model):
    v, weight = visible_states(kind)
    expected = -logsumexp(log_joint(model, v, H), axis=0) - np.log(weight)
    np.testing.assert_allclose(model.hidden_free_energy(tf.constant(H)), expected, rtol=0, atol=1e-12)


def test_conditionals_are_those_of_the_joint(kind, model):
    v, weight = visible_states(kind)
    joint = np.exp(log_joint(model, v, H) - logsumexp(log_joint(model, v, H)))
    np.testing.assert_allclose(joint.sum(1, keepdims=True) * hidden_given_visible(model, v), joint, atol=1e-13)
    np.testing.assert_allclose(joint.sum(0)[:, None] * visible_given_hidden(model, v) * weight, joint.T, atol=1e-13)


def test_base_partition_is_that_of_independent_units(kind):
    v, weight = visible_states(kind)
    model = harmonium(kind)
    expected = logsumexp(log_joint(model.at(0.0), v, H)) + np.log(weight)
    assert float(model.log_base_partition()) == pytest.approx(expected, abs=1e-12)
    assert float(model.at(0.7).log_base_partition()) == float(model.log_base_partition())


def test_temperatures_can_be_a_tensor(kind):
    """One inverse temperature for each leading row, for all methods alike."""
    v = visible_states(kind)[0][None, -8:] * np.ones((3, 1, 1))
    h = H[None] * np.ones((3, 1, 1))
    betas = [1.0, 0.4, 0.0]
    together = harmonium(kind).at(tf.constant(betas, tf.float64)[:, None, None])
    for index, beta in enumerate(betas):
        alone = harmonium(kind).at(beta)
        for method, states in (
            ("free_energy", v),
            ("hidden_free_energy", h),
            ("hidden_field", v),
            ("visible_field", h),
        ):
            found = getattr(together, method)(tf.constant(states))[index]
            np.testing.assert_allclose(found, getattr(alone, method)(states[index]), atol=1e-13, err_msg=method)


def test_a_sweep_draws_hidden_then_visible_units():
    model, rng = harmonium("bernoulli"), np.random.default_rng(0)
    v = tf.constant(rng.integers(0, 2, (50, 4)), tf.float64)
    noise = rng.random((50, NUM_HIDDEN + 4))
    h = model.sample_hidden(v, noise[:, :NUM_HIDDEN])
    np.testing.assert_array_equal(h, noise[:, :NUM_HIDDEN] < tf.sigmoid(model.hidden_field(v)).numpy())
    expected = noise[:, NUM_HIDDEN:] < tf.sigmoid(model.visible_field(h)).numpy()
    np.testing.assert_array_equal(model.sample_visible(h, noise[:, NUM_HIDDEN:]), expected)
    np.testing.assert_array_equal(model.sweep(v, tf.constant(noise)), expected)
    assert 0.2 < expected.mean() < 0.8
