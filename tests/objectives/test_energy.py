"""Losses of energy models: gradients against the exact likelihood's, contrastive divergence's bias, conditionals."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.enumeration import KINDS, binary, harmonium, probabilities, transitions, visible_states
from tfdgm.objectives import energy

PARAMETERS = ("kernel", "visible_bias", "hidden_bias")


def _gradients(model, loss):
    """Of a function of a harmonium, by its parameters, flat."""
    values = [getattr(model, name) for name in PARAMETERS]
    with tf.GradientTape() as tape:
        tape.watch(values)
        found = loss(dataclasses.replace(model, **dict(zip(PARAMETERS, values, strict=True))))
    return np.concatenate([np.ravel(gradient) for gradient in tape.gradient(found, values)])


def _data(kind):
    states, _ = visible_states(kind)
    rows = states[np.random.default_rng(5).choice(len(states), 7)]
    return tf.constant(0.2 * rows + 0.1 if kind == "gaussian" else rows)


def _log_partition(model):
    """log Z by the hidden states, for visibles are summed out in closed form."""
    return tf.reduce_logsumexp(-model.hidden_free_energy(tf.constant(binary(model.num_hidden))))


def _contrast(model, v_data, kind, p):
    """The loss with `p` over all visible states in place of drawn ones: contrasts are linear in their distribution."""
    states = tf.constant(visible_states(kind)[0])
    first = energy.contrastive_divergence(model, v_data, states[:1])
    return tf.reduce_mean(first) + model.free_energy(states)[0] - tf.reduce_sum(p * model.free_energy(states))


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_is_the_likelihoods(kind):
    """With the exact expectation under p(v) for the negative term; the likelihood through an enumerated log Z."""
    model, v_data = harmonium(kind), _data(kind)
    p = probabilities(model, kind)
    found = _gradients(model, lambda model: _contrast(model, v_data, kind, p))
    expected = _gradients(model, lambda model: tf.reduce_mean(model.free_energy(v_data)) + _log_partition(model))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
    assert np.abs(expected).max() > 0.1


def test_the_loss_is_a_difference_of_free_energies():
    model, v_data = harmonium("bernoulli"), _data("bernoulli")
    v_model = tf.constant(binary(4)[[3, 5, 5]])
    expected = model.free_energy(v_data) - np.mean(model.free_energy(v_model))
    np.testing.assert_allclose(energy.contrastive_divergence(model, v_data, v_model), expected, rtol=1e-12)


# ---- contrastive divergence ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bernoulli", "softmax"])
def test_more_sweeps_never_lead_away_from_the_model(kind):
    """The chi-square divergence of the k-step chain from the data to p(v); it ends at zero."""
    model, (states, _) = harmonium(kind, scale=2.0), visible_states(kind)
    p, matrix = probabilities(model, kind), transitions(model, kind)
    data = np.random.default_rng(6).dirichlet(np.full(len(states), 0.3))
    divergences = [np.sum((data @ np.linalg.matrix_power(matrix, k) - p) ** 2 / p) for k in range(40)]
    assert (np.diff(divergences) <= 1e-15).all()
    assert divergences[0] > 1.0
    assert divergences[-1] < 1e-3 * divergences[0]


@pytest.mark.parametrize("kind", ["bernoulli", "softmax"])
def test_the_bias_vanishes_at_the_rate_of_the_second_eigenvalue(kind):
    """|CD-k gradient - likelihood gradient| ~ |lambda_2|^k."""
    model, v_data = harmonium(kind, scale=2.0), _data(kind)
    states = visible_states(kind)[0]
    data = np.mean((states[None] == v_data.numpy()[:, None]).all(2), axis=0)
    p, matrix = probabilities(model, kind), transitions(model, kind)
    symmetric = np.sqrt(p)[:, None] * matrix / np.sqrt(p)  # of the same eigenvalues, by detailed balance
    eigenvalues = np.sort(np.linalg.eigvalsh((symmetric + symmetric.T) / 2.0))[::-1]
    assert eigenvalues[0] == pytest.approx(1.0, abs=1e-12)
    assert eigenvalues[-1] > -1e-12  # sweeps v -> h -> v are positive: no eigenvalue flips signs
    exact = _gradients(model, lambda model: tf.reduce_mean(model.free_energy(v_data)) + _log_partition(model))

    def log_bias(k):
        reached = data @ np.linalg.matrix_power(matrix, k)
        found = _gradients(model, lambda model: _contrast(model, v_data, kind, reached))
        return np.log(np.linalg.norm(found - exact))

    # Late enough for the other eigenvalues to be gone, early enough for more than rounding to be left.
    last = int(np.log(1e-9) / np.log(eigenvalues[1]))
    sweeps = np.linspace(last / 2, last, 6).astype(int)
    slope = np.polyfit(sweeps, [log_bias(k) for k in sweeps], 1)[0]
    assert slope == pytest.approx(np.log(eigenvalues[1]), rel=1e-2)
    assert log_bias(1) > log_bias(2) > log_bias(8)


# ---- penalties and conditionals --------------------------------------------------------------------------------------


def test_sparsity_pulls_each_logit_by_its_excess():
    field, mean = tf.constant(np.random.default_rng(0).normal(size=(6, 3))), tf.constant([0.1, 0.5, 0.02], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch([field, mean])
        penalty = energy.sparsity_penalty(field, mean, 0.1)
    by_field, by_mean = tape.gradient(penalty, [field, mean])
    assert penalty.shape == (6,)
    np.testing.assert_allclose(by_field, np.tile([0.0, 0.4, -0.08], (6, 1)), atol=1e-15)
    assert by_mean is None


def test_conditionals_are_those_of_the_enumerated_distribution():
    """log p(v_i | others) = log p(v) - log(p(v) + p(v with v_i flipped)), and the pseudo-likelihood is their sum."""
    model = harmonium("bernoulli")
    v, p = binary(4), probabilities(model, "bernoulli")
    code = v.astype(int) @ [8, 4, 2, 1]
    expected = np.stack([np.log(p[code] / (p[code] + p[code ^ (8 >> i)])) for i in range(4)])
    found = [energy.conditional_log_prob(model, tf.constant(v), tf.fill([16], i)) for i in range(4)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    pseudo = energy.pseudo_log_likelihood(model, tf.constant(v))
    np.testing.assert_allclose(pseudo, expected.sum(0), rtol=0, atol=1e-12)
    # A unit drawn evenly for each example, times V, has it for its mean.
    np.testing.assert_allclose(4.0 * np.mean(found, axis=0), pseudo, rtol=0, atol=1e-12)


def test_each_example_can_ask_for_its_own_unit():
    model, v, index = harmonium("bernoulli"), tf.constant(binary(4)[:4]), tf.constant([3, 0, 2, 1])
    found = energy.conditional_log_prob(model, v, index)
    for row in range(4):
        alone = energy.conditional_log_prob(model, v[row : row + 1], index[row : row + 1])
        np.testing.assert_allclose(found[row : row + 1], alone, rtol=1e-12)


def test_conditionals_of_another_temperature_are_refused():
    with pytest.raises(ValueError, match="beta is 0.5; conditionals are those of the model itself, beta None"):
        energy.pseudo_log_likelihood(harmonium("bernoulli").at(0.5), tf.constant(binary(4)))
