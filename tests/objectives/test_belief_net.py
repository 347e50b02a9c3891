"""Parts of the bound and of wake-sleep against sums over states."""

import itertools

import numpy as np
import scipy.special
import tensorflow as tf

from tfdgm.math.harmonium import Harmonium
from tfdgm.math.units import BERNOULLI, Joined, Softmax
from tfdgm.objectives import belief_net

RNG = np.random.default_rng(0)
STATES = np.array(list(itertools.product([0.0, 1.0], repeat=3)))


def test_prediction_loss_adds_layers_up():
    states, fields = [RNG.integers(0, 2, [4, n]).astype(float) for n in (3, 2)], [RNG.normal(size=n) for n in (3, 2)]
    probabilities = [scipy.special.expit(field) for field in fields]
    expected = -sum(
        np.log(np.where(state > 0.5, p, 1.0 - p)).sum(1) for state, p in zip(states, probabilities, strict=True)
    )
    np.testing.assert_allclose(belief_net.prediction_loss(zip(states, fields, strict=True)), expected, rtol=1e-12)


def test_label_free_energies_are_those_of_the_joint_visibles():
    visible = Joined(((BERNOULLI, 3), (Softmax(4), 4)))
    kernel, bias, hidden_bias = (tf.constant(RNG.normal(size=shape)) for shape in ([7, 5], [7], [5]))
    harmonium = Harmonium(kernel, bias, hidden_bias, visible)
    found = belief_net.label_free_energies(harmonium, tf.constant(STATES)).numpy()
    assert found.shape == (8, 4)
    for label in range(4):
        one_hot = np.tile(np.eye(4)[label], [8, 1])
        expected = harmonium.free_energy(tf.constant(np.concatenate([STATES, one_hot], axis=1)))
        np.testing.assert_allclose(found[:, label], expected, rtol=1e-12)
