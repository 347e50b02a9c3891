"""Mean field and its bound against enumeration; the gradient against that of the bound itself."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit, logsumexp

from tests.goldens import deep_boltzmann as golden
from tests.goldens.deep_boltzmann import SIZES, binary
from tfdgm.objectives import mean_field

CONVERGED = 300


@pytest.fixture(params=SIZES, ids=str)
def dbm(request):
    return golden.machine(request.param)


def _all_visibles(dbm):
    return tf.constant(binary(dbm.biases[0].shape[0]))


def _log_partition(dbm):
    """By the odd layers, in TensorFlow, so that it has a gradient."""
    harmonium = dbm.bipartite("odd")
    return tf.reduce_logsumexp(-harmonium.free_energy(tf.constant(binary(harmonium.num_visible))))


def _probabilities_of_odd_layers(dbm):
    harmonium = dbm.bipartite("odd")
    states = binary(harmonium.num_visible)
    return states, tf.nn.softmax(-harmonium.free_energy(states)).numpy()


def test_bottom_up_doubles_the_input_from_below():
    """Without centring it is the pass of Salakhutdinov & Hinton (2009): 2 W'v + b, W'h + b at the top."""
    dbm = golden.machine((4, 3, 2))
    dbm = dataclasses.replace(dbm, offsets=tuple(tf.zeros_like(offset) for offset in dbm.offsets))
    v = _all_visibles(dbm)
    first, second = mean_field.bottom_up(dbm, v)
    np.testing.assert_allclose(first, expit(2.0 * v @ dbm.kernels[0] + dbm.biases[1]), rtol=1e-12)
    np.testing.assert_allclose(second, expit(first @ dbm.kernels[1] + dbm.biases[2]), rtol=1e-12)


def test_inference_ends_at_a_fixed_point(dbm):
    v = _all_visibles(dbm)
    means = mean_field.infer(dbm, v, CONVERGED)
    again = mean_field.update(dbm, dbm.from_below(1, v), means)
    states = [v, *means]
    for layer in range(1, len(states)):
        field = dbm.biases[layer] + dbm.from_below(layer, states[layer - 1])
        if layer < len(states) - 1:
            field += dbm.from_above(layer, states[layer + 1])
        np.testing.assert_allclose(states[layer], expit(field), rtol=0, atol=1e-10)
        np.testing.assert_allclose(again[layer - 1], states[layer], rtol=0, atol=1e-10)


def test_every_update_raises_the_bound_and_none_beyond_the_evidence(dbm):
    v, evidence = _all_visibles(dbm), golden.log_unnormalized(dbm)
    means = mean_field.bottom_up(dbm, v)
    bounds = [mean_field.unnormalized_elbo(dbm, v, means).numpy()]
    for _ in range(20):
        means = mean_field.update(dbm, dbm.from_below(1, v), means)
        bounds.append(mean_field.unnormalized_elbo(dbm, v, means).numpy())
    assert (np.diff(bounds, axis=0) >= -1e-12).all()
    assert (bounds[1] - bounds[0] > 1e-4).all()
    assert (bounds[-1] < evidence).all()
    assert (evidence - bounds[-1]).max() < 0.5  # near it too: of no use were it far


def test_the_bound_is_the_expectation_over_all_hidden_states(dbm):
    rng = np.random.default_rng(1)
    v = _all_visibles(dbm)[:3]
    means = tuple(tf.constant(rng.uniform(0.1, 0.9, (3, bias.shape[0]))) for bias in dbm.biases[1:])
    h = binary(sum(mu.shape[1] for mu in means))
    joined = np.concatenate(means, axis=1)
    for row in range(3):
        log_q = (h * np.log(joined[row]) + (1.0 - h) * np.log(1.0 - joined[row])).sum(1)
        states = np.concatenate([np.repeat(v[row : row + 1], len(h), axis=0), h], axis=1)
        log_joint = golden.log_joint(dbm, golden.layers(dbm, states))
        bound = (np.exp(log_q) * (log_joint - log_q)).sum()
        assert mean_field.unnormalized_elbo(dbm, v, means)[row].numpy() == pytest.approx(bound, abs=1e-10)


def test_entropy_of_certain_units_is_zero():
    sure = tf.constant([[0.0, 1.0]])
    np.testing.assert_array_equal(mean_field.entropy([sure, sure]), [0.0])


def test_inference_of_a_row_depends_on_that_row_alone(dbm):
    v = _all_visibles(dbm)
    whole, part = mean_field.infer(dbm, v, 5), mean_field.infer(dbm, v[2:4], 5)
    for mu, few in zip(whole, part, strict=True):
        np.testing.assert_allclose(few, mu[2:4], rtol=1e-12)


def test_the_gradient_is_that_of_the_bound_with_its_partition_function(dbm):
    """With p's odd layers by enumeration: exact, for any v, by the gradient of log Z and q's fixed point."""
    v = _all_visibles(dbm)[:5]
    means = mean_field.infer(dbm, v, CONVERGED)
    states, probabilities = _probabilities_of_odd_layers(dbm)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([dbm.kernels, dbm.biases])
        losses = [mean_field.contrast(dbm, v, means, tf.constant(state[np.newaxis]))[0] for state in states]
        loss = tf.add_n([p * tf.reduce_mean(one) for p, one in zip(probabilities, losses, strict=True)])
        # Here the gradient goes through the fixed point too, where it must vanish.
        bound = mean_field.unnormalized_elbo(dbm, v, mean_field.infer(dbm, v, CONVERGED)) - _log_partition(dbm)
        bound = tf.reduce_mean(bound)
    for parameter in (*dbm.kernels, *dbm.biases):
        np.testing.assert_allclose(tape.gradient(loss, parameter), -tape.gradient(bound, parameter), rtol=0, atol=1e-9)


def test_where_mean_field_is_exact_the_gradient_is_that_of_the_likelihood():
    """Nothing joins the hidden layers: q is p(h|v)."""
    dbm = golden.machine((4, 3, 2))
    dbm = dataclasses.replace(dbm, kernels=(dbm.kernels[0], tf.zeros_like(dbm.kernels[1])))
    v = _all_visibles(dbm)[3:8]
    means = mean_field.infer(dbm, v, 1)
    np.testing.assert_allclose(
        mean_field.unnormalized_elbo(dbm, v, means), golden.log_unnormalized(dbm)[3:8], rtol=0, atol=1e-10
    )
    states, probabilities = _probabilities_of_odd_layers(dbm)
    parameters = (dbm.kernels[0], *dbm.biases)
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        losses = [mean_field.contrast(dbm, v, means, tf.constant(state[np.newaxis]))[0] for state in states]
        loss = tf.add_n([p * tf.reduce_mean(one) for p, one in zip(probabilities, losses, strict=True)])
    for index, gradient in enumerate(tape.gradient(loss, parameters)):

        def negative_log_likelihood(step, index=index):
            moved = [parameter.numpy().copy() for parameter in parameters]
            moved[index].flat[1] += step
            kernels, biases = (moved[0], dbm.kernels[1].numpy()), moved[1:]
            at = dataclasses.replace(
                dbm, kernels=tuple(map(tf.constant, kernels)), biases=tuple(map(tf.constant, biases))
            )
            return -golden.log_prob(at)[3:8].mean()

        slope = (negative_log_likelihood(1e-5) - negative_log_likelihood(-1e-5)) / 2e-5
        assert np.ravel(gradient)[1] == pytest.approx(slope, abs=1e-8)


def test_the_chains_of_the_model_are_constants():
    """No gradient goes into states or q's means."""
    dbm = golden.machine((4, 3, 2))
    v, odd = _all_visibles(dbm)[:2], tf.constant(binary(3)[:2])
    means = mean_field.infer(dbm, v, 2)
    with tf.GradientTape() as tape:
        tape.watch([odd, *means])
        loss, energy = mean_field.contrast(dbm, v, means, odd)
    assert tape.gradient(loss, [odd, *means]) == [None, None, None]
    np.testing.assert_array_equal(energy, dbm.energy([v, *means]))


def test_visible_mean_is_that_given_the_first_hidden_layer():
    dbm = golden.machine((4, 3, 2))
    h = binary(3)
    joint = golden.log_joint(dbm, [np.repeat(binary(4), 8, axis=0), np.tile(h, [16, 1]), np.zeros([128, 2])]).reshape(
        16, 8
    )
    conditional = np.exp(joint - logsumexp(joint, axis=0))
    means = (tf.constant(h), tf.zeros([8, 2], tf.float64))
    np.testing.assert_allclose(mean_field.visible_mean(dbm, means), conditional.T @ binary(4), rtol=0, atol=1e-12)
