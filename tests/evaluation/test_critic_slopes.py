"""Slopes of functions that are known, and the inequality that they give, for any function and any points."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.evaluation import critic_slopes
from tfdgm.evaluation.wasserstein import assignment_distance


def _points(seed, shift=0.0):
    return np.random.default_rng(seed).standard_normal((30, 2)) + shift


def test_largest_slope_by_hand():
    real, fake = np.array([[0.0, 0.0], [3.0, 0.0]]), np.array([[0.0, 4.0], [3.0, 0.0]])
    # Pairs: |1 - 9| / 4, |1 - 2| / 3, |2 - 9| / 5, and one point twice.
    assert critic_slopes.largest_slope(real, fake, [1.0, 2.0], [9.0, 2.0]) == pytest.approx(2.0)


def test_points_that_all_coincide_have_no_slope():
    assert critic_slopes.bound(np.ones([2, 2]), np.ones([2, 2]), [3.0, 3.0], [3.0, 3.0]) == (0.0, 0.0)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "function", [lambda x: x[:, 0], lambda x: 40.0 * np.sin(9.0 * x).sum(1), lambda x: x[:, 1] ** 3]
)
def test_no_function_gives_more_than_the_distance(seed, function):
    real, fake = _points(seed, 0.3), _points(seed + 50)
    estimate, slope = critic_slopes.bound(real, fake, function(real), function(fake))
    assert abs(estimate) / slope <= assignment_distance(real, fake) * (1.0 + 1e-12)


def test_the_best_function_reaches_the_distance_of_a_translation():
    real = _points(0)
    fake = real - np.array([0.6, 0.8])
    direction = np.array([0.6, 0.8])
    estimate, slope = critic_slopes.bound(real, fake, 5.0 * real @ direction, 5.0 * fake @ direction)
    assert estimate == pytest.approx(5.0)
    assert slope == pytest.approx(5.0)
    assert estimate / slope == pytest.approx(assignment_distance(real, fake))


def test_gradient_norms_are_taken_between_real_and_generated():
    real, fake = np.array([[2.0, 0.0], [4.0, 0.0]]), np.array([[1.0, 0.0], [3.0, 0.0]])
    norms = critic_slopes.gradient_norms(lambda x: 0.5 * tf.square(x[:, 0]), real, fake)  # |grad| is the coordinate
    assert norms.shape == (2,)
    assert 1.0 < norms[0] < 2.0
    assert 3.0 < norms[1] < 4.0
    np.testing.assert_array_equal(norms, critic_slopes.gradient_norms(lambda x: 0.5 * tf.square(x[:, 0]), real, fake))
