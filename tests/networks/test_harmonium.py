"""The variables of a harmonium: centring changes the coordinates, never the distribution."""

import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.enumeration import KINDS, binary, visible_states
from tests.goldens.precision import dtype_policy
from tfdgm.networks.harmonium import HarmoniumLayer
from tfdgm.objectives import energy

NUM_HIDDEN = 3


def _layer(kind, *, centered):
    units, num_visible = KINDS[kind]
    with dtype_policy("float64"):
        layer = HarmoniumLayer(num_visible, NUM_HIDDEN, visible=units, centered=centered, name="harmonium")
    rng = np.random.default_rng(0)
    for variable in layer.weights:
        variable.assign(rng.random(variable.shape) if "mean" in variable.name else rng.normal(size=variable.shape))
    return layer


def _log_prob(layer, kind):
    """Of all visible states, normalised over the hidden ones, exact for every kind."""
    model = layer.harmonium()
    log_partition = tf.reduce_logsumexp(-model.hidden_free_energy(tf.constant(binary(NUM_HIDDEN))))
    return -model.free_energy(tf.constant(visible_states(kind)[0])).numpy() - log_partition.numpy()


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(params=[True, False], ids=["centered", "plain"])
def layer(request, kind):
    return _layer(kind, centered=request.param)


def test_centring_is_the_centred_energy(kind):
    """-E(v, h) = (v - mu)'W (h - lambda) + b'(v - mu) + c'(h - lambda), up to a constant."""
    layer, v, h = _layer(kind, centered=True), visible_states(kind)[0], binary(NUM_HIDDEN)
    kernel, b, c, mu, rest = (
        variable.numpy()
        for variable in (layer.kernel, layer.visible_bias, layer.hidden_bias, layer.visible_mean, layer.hidden_mean)
    )
    expected = (v - mu) @ kernel @ (h - rest).T + ((v - mu) @ b)[:, None] + (h - rest) @ c
    model = layer.harmonium()
    found = v @ model.kernel.numpy() @ h.T + (v @ model.visible_bias.numpy())[:, None] + h @ model.hidden_bias.numpy()
    np.testing.assert_allclose(found - found[0, 0], expected - expected[0, 0], rtol=0, atol=1e-10)


def test_following_means_keeps_the_distribution(kind, layer):
    before, rng = _log_prob(layer, kind), np.random.default_rng(1)
    mu, rest = layer.visible_mean.numpy(), layer.hidden_mean.numpy()
    v, h = rng.normal(size=(5, len(mu))), rng.random((5, NUM_HIDDEN))
    for _ in range(3):
        layer.follow_means(tf.constant(v), tf.constant(h), 0.3)
    np.testing.assert_allclose(_log_prob(layer, kind), before, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(layer.visible_mean, v.mean(0) + 0.7**3 * (mu - v.mean(0)), atol=1e-12)
    np.testing.assert_allclose(layer.hidden_mean, h.mean(0) + 0.7**3 * (rest - h.mean(0)), atol=1e-12)


def test_assigning_gives_exactly_that_distribution(kind, layer):
    other = _layer(kind, centered=not layer.centered)
    for variable in other.trainable_variables:
        variable.assign(0.5 * variable - 0.1)
    expected, model = _log_prob(other, kind), other.harmonium()
    assert np.abs(_log_prob(layer, kind) - expected).max() > 0.1
    layer.assign(model.kernel, model.visible_bias, model.hidden_bias)
    np.testing.assert_allclose(_log_prob(layer, kind), expected, rtol=1e-12, atol=1e-12)


def test_the_gradient_is_a_difference_of_correlations(kind, layer):
    """<(v - mu)(h - lambda)'>_model - <...>_data of a centred one, without the offsets of a plain one."""
    states, rng = visible_states(kind)[0], np.random.default_rng(2)
    v_data, v_model = (tf.constant(states[rng.choice(len(states), 6)]) for _ in range(2))
    with tf.GradientTape() as tape:
        harmonium = layer.harmonium()
        loss = tf.reduce_mean(energy.contrastive_divergence(harmonium, v_data, v_model))
    gradients = tape.gradient(loss, [variable.value for variable in layer.trainable_variables])
    mu, rest = (layer.visible_mean.numpy(), layer.hidden_mean.numpy()) if layer.centered else (0.0, 0.0)

    def statistics(v):
        h = tf.sigmoid(harmonium.hidden_field(v)).numpy()
        return (v.numpy() - mu).T @ (h - rest) / len(h), v.numpy().mean(0), h.mean(0)

    expected = [model - data for data, model in zip(statistics(v_data), statistics(v_model), strict=True)]
    for gradient, value in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(gradient, value, rtol=0, atol=1e-12)


def test_it_starts_at_the_mean_of_the_data(kind, layer):
    """With the hidden units at rest, E[v | h] is the given mean; so is it at beta = 0."""
    units, num_visible = KINDS[kind]
    mean = units.mean(tf.constant(np.random.default_rng(3).normal(size=num_visible)))
    layer.start_at(mean)
    model = layer.harmonium()
    rest = layer.hidden_mean.value if layer.centered else tf.zeros([NUM_HIDDEN], tf.float64)
    for at_rest in (units.mean(model.visible_field(rest[None])[0]), units.mean(model.base_bias)):
        np.testing.assert_allclose(at_rest, mean, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(layer.visible_mean, mean)


def test_only_kernel_and_biases_are_trained(layer):
    assert [variable.name for variable in layer.trainable_variables] == ["kernel", "visible_bias", "hidden_bias"]
    assert [variable.name for variable in layer.non_trainable_variables] == ["visible_mean", "hidden_mean"]
    assert {variable.aggregation for variable in layer.weights} == {"mean"}
