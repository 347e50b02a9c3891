"""CD's bias by number of sweeps, and none of exact draws."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.evaluation import boltzmann_estimators as boltzmann
from tfdgm.evaluation.boltzmann_estimators import TinyHarmonium
from tfdgm.math.binary_tables import binary_states
from tfdgm.math.gibbs import run_with_noise
from tfdgm.math.per_example_gradients import gradient

NET = TinyHarmonium(4, 3)
THETA = NET.random_parameters(0, 1.0)
X = tf.gather(binary_states(4), [3, 5, 6, 6, 15])


@pytest.fixture(scope="module")
def exact():
    return gradient(lambda theta: tf.reduce_mean(NET.log_likelihood(theta, X)), THETA).numpy()


def _chain(num_sweeps):
    return boltzmann.data_distribution(X) @ np.linalg.matrix_power(NET.sweep_matrix(THETA), num_sweeps)


def test_draws_of_the_model_have_the_gradient_of_the_likelihood(exact):
    p = np.exp(NET.log_table(THETA))
    mean, variance = boltzmann.estimate(NET, THETA, X, np.tile(p, (5, 1)))
    np.testing.assert_allclose(mean, exact, rtol=0, atol=1e-12)
    assert variance > 0.1


def test_the_bias_of_contrastive_divergence_shrinks_with_its_sweeps(exact):
    biases = [np.linalg.norm(boltzmann.estimate(NET, THETA, X, _chain(k))[0] - exact) for k in (1, 2, 5, 10, 60)]
    assert (np.diff(biases) < 0).all()
    assert biases[0] > 1e-2
    assert biases[-1] < 1e-12


def test_without_a_sweep_nothing_is_left():
    mean, variance = boltzmann.estimate(NET, THETA, X, _chain(0))
    np.testing.assert_allclose(mean, np.zeros_like(mean), atol=1e-15)
    assert variance < 1e-28


def test_the_matrix_leaves_the_model_as_it_is_and_is_that_of_sweeps():
    p, matrix = np.exp(NET.log_table(THETA)), NET.sweep_matrix(THETA)
    np.testing.assert_allclose(p @ matrix, p, atol=1e-15)
    num = 100_000
    noise = np.random.default_rng(0).random((num, 1, 7))
    v = run_with_noise(NET.harmonium(THETA), tf.repeat(X[:1], num, axis=0), tf.constant(noise)).numpy()
    counts = np.bincount(v.astype(int) @ [8, 4, 2, 1], minlength=16)
    row = matrix[3]
    assert np.abs((counts - num * row) / np.sqrt(num * row * (1.0 - row))).max() < 4.5


@pytest.mark.parametrize(("sizes", "words"), [((7, 3), "num_visible is 7"), ((4, 5), "num_hidden is 5")])
def test_what_is_too_large_is_refused(sizes, words):
    with pytest.raises(ValueError, match=words):
        TinyHarmonium(*sizes)
