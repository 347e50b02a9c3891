"""Centring, its moving means and the RBMs of pretraining, against enumeration."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit, logsumexp

from tests.goldens import deep_boltzmann as golden
from tests.goldens.deep_boltzmann import SIZES, binary
from tests.goldens.precision import dtype_policy
from tfdgm.networks.deep_boltzmann import DeepBoltzmannLayers
from tfdgm.objectives import mean_field


def _layers(sizes, *, centered=True):
    keras.utils.set_random_seed(0)
    with dtype_policy("float64"):
        found = DeepBoltzmannLayers(sizes, centered=centered, name="dbm")
    rng = np.random.default_rng(0)
    for variable in (*found.kernels, *found.biases):
        variable.assign(rng.normal(size=variable.shape))
    for mean in found.means:
        mean.assign(rng.uniform(0.2, 0.8, size=mean.shape))
    return found


def _states(sizes, num_rows=5):
    rng = np.random.default_rng(1)
    return [tf.constant(rng.uniform(size=(num_rows, size))) for size in sizes]


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_centred_energies_are_those_of_deviations(sizes):
    """-sum b'(x - m) - sum (x - m)'W(x' - m'), but for a constant."""
    layers = _layers(sizes)
    states = golden.layers(layers.parameters(), binary(sum(sizes)))
    deviations = [x - mean.numpy() for x, mean in zip(states, layers.means, strict=True)]
    expected = sum(x @ bias.numpy() for x, bias in zip(deviations, layers.biases, strict=True))
    for index, kernel in enumerate(layers.kernels):
        expected = expected + np.einsum("si,ij,sj->s", deviations[index], kernel.numpy(), deviations[index + 1])
    difference = golden.log_joint(layers.parameters(), states) - expected
    np.testing.assert_allclose(difference, difference[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("centered", [True, False])
def test_moving_means_leave_the_distribution(sizes, centered):
    layers = _layers(sizes, centered=centered)
    before, means = golden.log_prob(layers.parameters()), [mean.numpy() for mean in layers.means]
    states = _states(sizes)
    layers.follow_means(states, rate=0.3)
    np.testing.assert_allclose(golden.log_prob(layers.parameters()), before, rtol=0, atol=1e-12)
    for mean, old, x in zip(layers.means, means, states, strict=True):
        np.testing.assert_allclose(mean, old + 0.3 * (np.mean(x, axis=0) - old), rtol=1e-12)


@pytest.mark.parametrize("centered", [True, False])
def test_where_nothing_joins_the_layers_visibles_start_at_the_mean_of_the_data(centered):
    layers = _layers((4, 3, 2), centered=centered)
    for variable in (*layers.kernels, *layers.biases):
        variable.assign(np.zeros(variable.shape))
    data_mean = np.array([0.1, 0.4, 0.7, 0.9])
    layers.start_at(data_mean)
    np.testing.assert_allclose(np.exp(golden.log_prob(layers.parameters())) @ binary(4), data_mean, rtol=1e-10)


def _conditionals(layers, layer, below):
    """What pretraining does upwards, and downwards from there."""
    harmonium = layers.pretraining_harmonium(layer)
    up = expit(harmonium.hidden_field(layers.pretraining_states(layer, below)))
    return up, lambda above: expit(harmonium.visible_field(np.tile(above, [1, up.shape[1] // above.shape[1]])))


@pytest.mark.parametrize(("layer", "up_factor", "down_factor"), [(1, 2, 1), (2, 2, 2), (3, 1, 2)])
def test_pretraining_doubles_inputs_as_published(layer, up_factor, down_factor):
    """Twice upwards for the bottom, twice downwards for the top, both ways between, and every copy alike."""
    sizes = (3, 2, 3, 2)
    layers = _layers(sizes, centered=False)
    kernel, low, high = (v.numpy() for v in (layers.kernels[layer - 1], layers.biases[layer - 1], layers.biases[layer]))
    below, above = binary(sizes[layer - 1]), binary(sizes[layer])
    up, down = _conditionals(layers, layer, tf.constant(below))
    assert up.shape[1] == sizes[layer] * down_factor
    np.testing.assert_allclose(up, np.tile(expit(up_factor * below @ kernel + high), [1, down_factor]), rtol=1e-12)
    expected = np.tile(expit(down_factor * above @ kernel.T + low), [1, up_factor])
    np.testing.assert_allclose(down(above), expected, rtol=1e-12)


@pytest.mark.parametrize("centered", [True, False])
def test_the_pass_bottom_up_is_that_of_pretraining(centered):
    sizes = (3, 2, 3, 2)
    layers = _layers(sizes, centered=centered)
    below = tf.constant(binary(3))
    for layer, mu in enumerate(mean_field.bottom_up(layers.parameters(), below), 1):
        up, _ = _conditionals(layers, layer, below)
        np.testing.assert_allclose(mu, up[:, : sizes[layer]], rtol=1e-12)
        below = mu


def _log_prob_of_harmonium(harmonium):
    log_unnormalized = -harmonium.free_energy(binary(harmonium.num_visible)).numpy()
    return log_unnormalized - logsumexp(log_unnormalized)


@pytest.mark.parametrize("centered", [True, False])
@pytest.mark.parametrize("layer", [1, 2, 3])
def test_moving_means_leave_the_rbm_of_pretraining(centered, layer):
    sizes = (3, 2, 3, 2)
    layers = _layers(sizes, centered=centered)
    before, means = _log_prob_of_harmonium(layers.pretraining_harmonium(layer)), [m.numpy() for m in layers.means]
    states = _states(sizes)
    layers.follow_pretraining_means(layer, states[layer - 1], states[layer], rate=0.3)
    np.testing.assert_allclose(_log_prob_of_harmonium(layers.pretraining_harmonium(layer)), before, rtol=0, atol=1e-12)
    for index, (mean, old, x) in enumerate(zip(layers.means, means, states, strict=True)):
        moved = index == layer or (index == 0 and layer == 1)
        np.testing.assert_allclose(mean, old + moved * 0.3 * (np.mean(x, axis=0) - old), rtol=1e-12)


def test_kernels_start_small_and_unlike_each_other():
    keras.utils.set_random_seed(0)
    first, second = DeepBoltzmannLayers((50, 50, 50), name="dbm").kernels
    assert np.std(first) == pytest.approx(0.01, rel=0.1)
    assert abs(np.corrcoef(np.ravel(first), np.ravel(second))[0, 1]) < 0.1
