"""The RBM against sums over all its states: likelihood and gradient, samples, inpainting."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from tests.goldens.enumeration import binary, probabilities, visible_states
from tests.goldens.small_rbms import SPECS, log_partition, small_rbm
from tfdgm.models.rbm import RBM
from tfdgm.objectives import energy


def _states(model, kind):
    """All events x [S, ...] and their probabilities."""
    v, _ = visible_states(kind)
    return model.visibles.events(tf.constant(v)), probabilities(model.layer.harmonium(), kind)


def _seeds(num):
    return tf.range(num, dtype=tf.int64)


def _p_value(x, states, p):
    codes = {tuple(np.ravel(state)): index for index, state in enumerate(np.asarray(states))}
    counts = np.bincount([codes[tuple(np.ravel(row))] for row in np.asarray(x)], minlength=len(p))
    assert not counts[p == 0.0].any()
    return scipy.stats.chisquare(counts[p > 0.0], p[p > 0.0] / p.sum() * len(x)).pvalue


# ---- likelihood -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SPECS)
def test_likelihoods_are_of_the_events(kind):
    """exp(unnormalized_log_prob - log Z) sums to one over x, for real x as a density of x and not of x / sigma."""
    model = small_rbm(kind)
    x, p = _states(model, kind)
    log_prob = model.unnormalized_log_prob(x) - log_partition(model)
    np.testing.assert_array_equal(model.free_energy(x), -model.unnormalized_log_prob(x))
    cell = np.exp(np.sum(model.visibles.log_sigma)) if kind == "gaussian" else 1.0
    np.testing.assert_allclose(np.exp(log_prob) * cell * visible_states(kind)[1], p, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("centered", [True, False])
@pytest.mark.parametrize("kind", SPECS)
def test_the_step_follows_the_likelihoods_gradient(kind, centered):
    """With all x by their probabilities in the negative phase; a Gaussian's deviations are parameters like others."""
    model = small_rbm(kind, centered=centered)
    states, p = _states(model, kind)
    x = tf.gather(states, np.random.default_rng(1).choice(len(p), 6, p=p))

    def contrast():
        # Linear in the distribution of the negative phase: a single state, exchanged for the mean over all.
        free_energy = model.layer.harmonium().free_energy(model.visibles.states(states))
        return tf.reduce_mean(model._contrast(x, states[:1])[0]) + free_energy[0] - tf.reduce_sum(p * free_energy)

    def negative_log_likelihood():
        return tf.reduce_mean(model.free_energy(x)) + log_partition(model)

    gradients = []
    for loss in (contrast, negative_log_likelihood):
        with tf.GradientTape() as tape:
            value = loss()
        gradients.append(tape.gradient(value, [variable.value for variable in model.trainable_variables]))
    assert len(gradients[0]) == (4 if kind == "gaussian" else 3)
    for found, expected in zip(*gradients, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
        assert np.abs(expected).max() > 1e-2


def test_penalties_add_their_gradients():
    x = tf.constant(binary(4)[:5].reshape(5, 2, 2, 1))

    def kernel_gradient(**fields):
        model = small_rbm(centered=False, **fields)
        model.layer.hidden_mean.assign([0.2, 0.5, 0.1])
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model._contrast(x, x)[0])
        return model, tape.gradient(loss, model.layer.kernel.value).numpy()

    model, gradient = kernel_gradient(weight_decay=0.3)
    np.testing.assert_allclose(gradient, 0.3 * model.layer.kernel.numpy(), rtol=0, atol=1e-12)
    _, gradient = kernel_gradient(sparsity_weight=2.0, sparsity_target=0.1)
    expected = 2.0 * np.outer(np.mean(x, axis=0), [0.1, 0.4, 0.0])
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-12)


def test_evaluation_estimates_the_pseudo_likelihood():
    model, rng = small_rbm(), np.random.default_rng(2)
    x = rng.integers(0, 2, (50, 100, 2, 2, 1)).astype(np.float64)
    model.compile("sgd")
    found = model.evaluate(tf.data.Dataset.from_tensor_slices({"x": x}), return_dict=True, verbose=0)
    v, harmonium = tf.constant(x.reshape(-1, 4)), model.layer.harmonium()
    exact = energy.pseudo_log_likelihood(harmonium, v).numpy()
    terms = [4.0 * energy.conditional_log_prob(harmonium, v, tf.fill([5000], i)) for i in range(4)]
    error = np.std(terms) / np.sqrt(5000)
    assert found["pseudo_log_likelihood"] == pytest.approx(exact.mean(), abs=4.0 * error)
    assert 4.0 * error < 0.05 * abs(exact.mean())
    assert found["free_energy"] == pytest.approx(np.mean(harmonium.free_energy(v)), rel=1e-9)
    mean = model.reconstruct(tf.constant(x.reshape(-1, 2, 2, 1)))
    assert found["reconstruction_error"] == pytest.approx(np.abs(mean - x.reshape(-1, 2, 2, 1)).mean(), rel=1e-9)
    assert "pseudo_log_likelihood" not in _evaluated("gaussian")


def _evaluated(kind):
    model = small_rbm(kind)
    model.compile("sgd")
    x = tf.zeros([3, *SPECS[kind].shape])
    return model.evaluate(tf.data.Dataset.from_tensors({"x": x}), return_dict=True, verbose=0)


# ---- samples --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bernoulli", "softmax"])
def test_samples_follow_the_distribution(kind):
    model = small_rbm(kind)
    states, p = _states(model, kind)
    x = model.sample(_seeds(4000))
    assert _p_value(x, states, p) > 1e-3
    assert _p_value(x, states, probabilities(model.layer.harmonium().at(0.7), kind)) < 1e-6


def test_gaussian_samples_have_the_moments_of_the_density():
    model = small_rbm("gaussian")
    states, p = _states(model, "gaussian")
    x, num = model.sample(_seeds(4000)).numpy(), 4000
    for power in (1, 2):
        values, expected = x**power, p @ states.numpy() ** power
        np.testing.assert_allclose(values.mean(0), expected, atol=5.0 * values.std(0).max() / np.sqrt(num))
    assert np.abs(x.mean(0)).max() > 0.1


@pytest.mark.parametrize("kind", SPECS)
def test_fantasies_are_the_way_to_a_sample(kind):
    """`sample_mean` is E[x|h] at the h of `sample`; a fantasy after all steps is that; rows are their own seeds'."""
    model = small_rbm(kind)
    seeds = _seeds(300)
    mean, x = model.sample_mean(seeds), model.sample(seeds).numpy()
    fantasies = model.fantasies(seeds, (1, 7, 30))
    assert fantasies.shape == (3, 300, *SPECS[kind].shape)
    np.testing.assert_array_equal(fantasies[2], mean)
    assert np.abs(fantasies[0] - mean).max() > 0.1
    deviation = x - mean.numpy()
    np.testing.assert_allclose(deviation.mean(0), 0.0, atol=5.0 * deviation.std(0).max() / np.sqrt(300))
    for draw in (model.sample, model.sample_mean):
        np.testing.assert_allclose(draw(seeds[40:43]), draw(seeds)[40:43], rtol=0, atol=1e-12)


def test_an_untrained_model_samples_the_mean_of_the_data():
    model = RBM(SPECS["bernoulli"], num_hidden=2, num_sampling_steps=5)
    x = (np.random.default_rng(3).random((400, 2, 2, 1)) < [[[0.9], [0.2]], [[0.5], [0.05]]]).astype(np.float32)
    model.ensure_initialized(tf.data.Dataset.from_tensors({"x": x}))
    np.testing.assert_allclose(tf.reduce_mean(model.sample_mean(_seeds(500)), 0), x.mean(0), atol=0.02)


# ---- inpainting -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bernoulli", "softmax"])
def test_inpainting_follows_the_conditional(kind):
    """E[x|h] averages to E[missing | known]; known places keep their values, and a NaN elsewhere does not matter."""
    model, num = small_rbm(kind, scale=1.5), 4000
    states, p = _states(model, kind)
    states, known = states.numpy().reshape(len(p), -1), states[-2].numpy()
    mask = np.zeros_like(known)
    mask[0] = 1.0
    x = np.tile(np.where(mask > 0.5, known, np.nan), (num, 1, 1, 1))
    is_known = mask.ravel() > 0.5
    found = model.inpaint(tf.constant(x), tf.constant(np.tile(mask, (num, 1, 1, 1))), _seeds(num)).numpy()
    found = found.reshape(num, -1)
    np.testing.assert_array_equal(found[:, is_known], np.tile(known.ravel()[is_known], (num, 1)))
    agrees = (states[:, is_known] == known.ravel()[is_known]).all(1)
    conditional = (p * agrees) @ states / p[agrees].sum()
    error = 5.0 * found.std(0)[~is_known].max() / np.sqrt(num)
    np.testing.assert_allclose(found.mean(0)[~is_known], conditional[~is_known], atol=error)
    assert np.abs(conditional - p @ states)[~is_known].max() > 2.0 * error


def test_gaussian_inpainting_follows_the_conditional():
    model, num = small_rbm("gaussian"), 4000
    states, p = (np.asarray(part) for part in _states(model, "gaussian"))
    first, second = states.reshape(39, 39, 2)[0, :, 0], states.reshape(39, 39, 2)[:, 0, 1]
    grid = p.reshape(39, 39)  # by x_2 and x_1
    conditional = second @ grid / grid.sum(0)
    marginal = second @ grid.sum(1)
    column = np.argmax(np.where(grid.sum(0) > 0.02, np.abs(conditional - marginal), 0.0))  # where x_1 tells of x_2
    x = tf.constant(np.tile([first[column], np.nan], (num, 1)))
    found = model.inpaint(x, tf.constant(np.tile([1.0, 0.0], (num, 1))), _seeds(num)).numpy()
    np.testing.assert_array_equal(found[:, 0], first[column])
    error = 5.0 * found[:, 1].std() / np.sqrt(num)
    assert found[:, 1].mean() == pytest.approx(conditional[column], abs=error)
    assert abs(conditional[column] - marginal) > 2.0 * error


def test_inpainting_rows_are_their_own():
    model, rng = small_rbm(), np.random.default_rng(4)
    x, mask = (tf.constant(rng.integers(0, 2, (20, 2, 2, 1)), tf.float64) for _ in range(2))
    whole = model.inpaint(x, mask, _seeds(20))
    np.testing.assert_allclose(model.inpaint(x[5:8], mask[5:8], _seeds(20)[5:8]), whole[5:8], rtol=1e-12)
    np.testing.assert_array_equal(model.inpaint(x, tf.ones_like(mask), _seeds(20)), x)
    everything = model.inpaint(x, tf.zeros_like(mask), _seeds(20))
    np.testing.assert_allclose(everything, model.sample_mean(_seeds(20)), rtol=1e-12)


@pytest.mark.parametrize(
    ("x_shape", "mask_shape", "message"),
    [
        ((3, 2, 2, 1), (3, 4), r"mask is of shape \[3, 4\]; it must be \[3, 2, 2, 1\]"),
        ((3, 2, 2, 1), (1, 2, 2, 1), r"mask is of shape \[1, 2, 2, 1\]; it must be \[3, 2, 2, 1\]"),
        ((3, 2, 2, 1), (2, 2, 1), r"mask is of shape \[2, 2, 1\]; it must be \[3, 2, 2, 1\]"),
        ((3, 4), (3, 4), r"x is of shape \[3, 4\]; it must be \[N, 2, 2, 1\]"),
    ],
)
def test_other_shapes_are_refused(x_shape, mask_shape, message):
    with pytest.raises(ValueError, match=message):
        small_rbm().inpaint(tf.zeros(x_shape), tf.zeros(mask_shape), _seeds(3))


# ---- refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"num_hidden": 0}, "num_hidden is 0; it must be at least 1"),
        ({"num_chains": 0}, "num_chains is 0; it must be at least 1"),
        ({"num_gibbs_steps": 0}, "num_gibbs_steps is 0; it must be at least 1"),
        ({"num_sampling_steps": 0}, "num_sampling_steps is 0; it must be at least 1"),
        ({"negative_phase": "cd1"}, "negative_phase is 'cd1'; it must be one of cd, pcd, fast_pcd, tempering"),
        ({"negative_phase": "tempering", "num_temperatures": 1}, "num_temperatures is 1; it must be at least 2"),
        ({"visible_units": "relu"}, "visible_units is 'relu'; it must be one of bernoulli, gaussian, softmax"),
        (
            {"visible_units": "gaussian"},
            "visible_units is 'gaussian', but the data's domain is 'binary'; set",
        ),
        ({"mean_rate": -0.1}, "mean_rate is -0.1; it must lie between 0 and 1"),
        ({"weight_decay": -1.0}, "weight_decay is -1.0; it must be at least 0"),
        ({"sparsity_weight": -1.0}, "sparsity_weight is -1.0; it must be at least 0"),
        ({"sparsity_target": 1.5}, "sparsity_target is 1.5; it must lie between 0 and 1"),
        ({"mean_rate": 1.5}, "mean_rate is 1.5; it must lie between 0 and 1"),
    ],
)
def test_messages_name_field_value_and_what_is_right(fields, message):
    with pytest.raises(ValueError, match=message):
        RBM(SPECS["bernoulli"], **fields)
