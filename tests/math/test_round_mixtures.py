"""Mixtures of round Gaussians as tensors: against NumPy's and SciPy's densities, their integrals, and far away."""

import math

import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

from tfdgm.math import round_mixtures
from tfdgm.math.mixtures import Mixture, ring
from tfdgm.math.per_example_gradients import gradient

_AXIS = np.linspace(-4.0, 4.0, 81)
_LINE = Mixture(np.array([[-2.0], [0.5], [1.0]]), 0.3)
_RING = ring(5, 2.0, 0.3)


def _log_density(mixture, axis=_AXIS):
    points = tf.constant(mixture.centres, tf.float64)
    return round_mixtures.log_density(points, mixture.sigma, tf.constant(axis)).numpy()


@pytest.mark.parametrize("mixture", [_LINE, _RING])
def test_density_is_that_of_the_mixture_and_integrates_to_one(mixture):
    found = _log_density(mixture)
    grid = np.stack(np.meshgrid(*[_AXIS] * mixture.num_dims, indexing="ij"), axis=-1)
    expected = mixture.log_prob(grid.reshape(-1, mixture.num_dims)).reshape(found.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)
    assert np.exp(found).sum() * 0.1**mixture.num_dims == pytest.approx(1.0, abs=1e-7)


@pytest.mark.parametrize("num_dims", [1, 2])
def test_density_far_from_points_that_have_come_together_does_not_underflow(num_dims):
    centre = np.full([3, num_dims], 1.0)
    log_norm = -num_dims * (math.log(0.01) + 0.5 * math.log(2.0 * math.pi))
    found = _log_density(Mixture(centre, 0.01), np.array([-3.0, 4.0]))
    first = found.ravel()[0]
    assert first == pytest.approx(-num_dims * 0.5 * 400.0**2 + log_norm, rel=1e-12)


@pytest.mark.parametrize("num_dims", [1, 2])
def test_gradient_by_the_points_is_that_by_differences(num_dims):
    start = np.linspace(-1.0, 1.0, 3 * num_dims)

    def value(flat):
        points = tf.reshape(flat, [3, num_dims])
        densities = round_mixtures.log_density(points, 0.7, tf.constant([-2.0, 0.3], tf.float64))
        return tf.reduce_sum(densities)

    differences = [
        (value(tf.constant(start + step)) - value(tf.constant(start - step))) / 2e-6
        for step in 1e-6 * np.eye(start.size)
    ]
    np.testing.assert_allclose(gradient(value, tf.constant(start)), differences, rtol=1e-6, atol=1e-8)


def test_projected_distribution_function_is_a_mean_of_normal_ones():
    directions = np.array([[1.0, 0.0], [0.6, -0.8]])
    points = tf.constant(_RING.centres)
    found = round_mixtures.projected_cdf(points, 0.3, tf.constant(directions), tf.constant(_AXIS))
    places = directions @ _RING.centres.T
    expected = scipy.stats.norm.cdf(_AXIS[:, np.newaxis], places[:, np.newaxis], 0.3).mean(axis=-1)
    np.testing.assert_allclose(found, expected, atol=1e-13)


def test_nodes_are_the_middles_of_equal_strata():
    nodes = round_mixtures.normal_nodes(4, 2)
    assert nodes.shape == (16, 2)
    np.testing.assert_allclose(np.unique(nodes[:, 0]), scipy.special.ndtri([0.125, 0.375, 0.625, 0.875]))
    np.testing.assert_allclose(np.unique(nodes[:, 1]), np.unique(nodes[:, 0]))
    many = round_mixtures.normal_nodes(4000, 1)
    assert many.mean() == pytest.approx(0.0, abs=1e-12)
    assert many.var() == pytest.approx(1.0, abs=2e-3)


def test_three_dimensions_are_refused():
    with pytest.raises(ValueError, match="points have 3 dimensions; they must have 1 or 2"):
        round_mixtures.log_density(tf.zeros([4, 3]), 1.0, tf.zeros([2]))
