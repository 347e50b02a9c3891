"""Directed layers, and how a layer begins above a trained one."""

import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.precision import dtype_policy
from tfdgm.networks.belief_layer import BeliefLayer, start_above
from tfdgm.networks.harmonium import HarmoniumLayer

RNG = np.random.default_rng(0)
YES, NO = tf.constant(True), tf.constant(False)


def _layer(constructor, *sizes, **kwargs):
    with dtype_policy("float64"):
        layer = constructor(*sizes, name="layer", **kwargs)
    for variable in layer.weights:
        variable.assign(RNG.uniform(0.1, 0.9, variable.shape))
    return layer


@pytest.mark.parametrize("centered", [True, False])
def test_a_tied_layer_has_the_conditionals_of_its_harmonium(centered):
    layer = _layer(BeliefLayer, 4, 3, centered=centered)
    v, h = tf.constant(RNG.random([5, 4])), tf.constant(RNG.random([5, 3]))
    assert np.abs(layer.recognition_field(v) - layer.harmonium().hidden_field(v)).max() > 0.01
    layer.tie()
    np.testing.assert_allclose(layer.recognition_field(v), layer.harmonium().hidden_field(v), rtol=1e-12)
    np.testing.assert_allclose(layer.generative_field(h), layer.harmonium().visible_field(h), rtol=1e-12)


@pytest.mark.parametrize("centered", [True, False])
@pytest.mark.parametrize("sizes", [(3, 4), (3, 6), (5, 6)], ids=["square", "more hidden", "more of both"])
def test_a_tied_start_is_the_layer_below_turned_round(centered, sizes):
    below = _layer(BeliefLayer, 4, 3, centered=centered)
    layer = _layer(HarmoniumLayer, *sizes, centered=centered)
    layer.kernel.assign(np.zeros(sizes))
    start_above(layer, below, YES, tied=True)
    lower, upper = below.harmonium(), layer.harmonium()
    h, v = (RNG.integers(0, 2, [6, size]).astype(float) for size in (3, 4))
    one, other = (np.concatenate([a, np.zeros([6, more])], 1) for a, more in ((h, sizes[0] - 3), (v, sizes[1] - 4)))
    np.testing.assert_allclose(upper.hidden_field(one)[:, :4], lower.visible_field(h), rtol=1e-12)
    np.testing.assert_allclose(upper.visible_field(other)[:, :3], lower.hidden_field(v), rtol=1e-12)
    differences = upper.free_energy(one) - lower.hidden_free_energy(h)
    np.testing.assert_allclose(differences, np.full(6, differences[0]), rtol=1e-12)


def test_units_beyond_those_below_keep_their_weights():
    below, layer = _layer(BeliefLayer, 4, 3), _layer(HarmoniumLayer, 5, 6)
    before = layer.kernel.numpy()
    start_above(layer, below, YES, tied=True)
    after = layer.kernel.numpy()
    np.testing.assert_array_equal(after[:3, :4], below.kernel.numpy().T)
    np.testing.assert_array_equal(after[3:], before[3:])
    np.testing.assert_array_equal(after[:3, 4:], before[:3, 4:])


def test_an_untied_start_rests_at_the_means_below():
    below, layer = _layer(BeliefLayer, 4, 3), _layer(HarmoniumLayer, 3, 2)
    kernel = layer.kernel.numpy()
    start_above(layer, below, YES, tied=False)
    np.testing.assert_array_equal(layer.kernel, kernel)
    np.testing.assert_array_equal(layer.visible_mean, below.hidden_mean)
    at_rest = layer.harmonium().visible_field(layer.hidden_mean.numpy()[np.newaxis])
    np.testing.assert_allclose(tf.sigmoid(at_rest)[0], below.hidden_mean, rtol=1e-12)


@pytest.mark.parametrize("tied", [True, False])
def test_nothing_moves_at_any_other_time(tied):
    below, layer = _layer(BeliefLayer, 4, 3), _layer(HarmoniumLayer, 3, 4)
    before = [variable.numpy() for variable in layer.weights]
    start_above(layer, below, NO, tied=tied)
    for variable, value in zip(layer.weights, before, strict=True):
        np.testing.assert_array_equal(variable, value)
