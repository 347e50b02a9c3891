"""Wake-sleep beside variational learning: expected gradients, what never falls and what does, what goes round."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.evaluation import wake_sleep_convergence as study


def _point(seed):
    rng = np.random.default_rng(seed)
    return tf.constant(rng.normal(size=8)), tf.constant(rng.normal(size=6))


def _finite_differences(fn, x, step=1e-6):
    rows = [(fn(x + step * unit) - fn(x - step * unit)) / (2.0 * step) for unit in tf.eye(len(x), dtype=x.dtype)]
    return np.array([float(row) for row in rows])


@pytest.mark.parametrize("procedure", study.PROCEDURES)
def test_directions_are_gradients_of_the_objectives_where_anything_is_learned(procedure):
    problem, (theta, phi) = study.HELD, _point(0)
    up_theta, up_phi = study.PROCEDURES[procedure]
    found_theta, found_phi = study.direction(problem, procedure, theta, phi)
    expected = _finite_differences(lambda it: up_theta(problem, it, phi), theta) * problem.learns_theta
    np.testing.assert_allclose(found_theta, expected, atol=1e-7)
    expected = _finite_differences(lambda it: up_phi(problem, theta, it), phi) * problem.learns_phi
    np.testing.assert_allclose(found_phi, expected, atol=1e-7)


@pytest.fixture(scope="module")
def runs():
    """On the case with some weights held."""
    settings = {"learning_rate": 0.5, "num_steps": 14_000, "record_every": 100}
    return {name: study.follow(study.HELD, name, **settings) for name in ("variational", "wake-sleep")}


def test_variational_learning_never_lowers_the_bound_and_comes_to_rest(runs):
    run = runs["variational"]
    assert run.largest_fall <= 0.0
    assert run.direction_norm[-1] < 1e-3
    assert run.period() is None


def test_wake_sleep_lowers_it_and_goes_round(runs):
    run = runs["wake-sleep"]
    assert run.largest_fall > 1e-3
    assert run.swing() > 0.2
    assert 2000 < run.period() < 3500
    assert run.bound_gradient_norm[-1] > 0.1


def test_intervals_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="num_steps is 10; it must be a multiple of 3"):
        study.follow(study.FREE, "variational", learning_rate=0.5, num_steps=10, record_every=3)
