"""Wake-sleep beside variational learning: expected gradients, what never falls and what does, what goes round."""

import dataclasses

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


@pytest.mark.parametrize("seed", [0, 1])
def test_objectives_are_the_sums_that_they_are_called(seed):
    """In plain NumPy, the states written out."""
    theta, phi = _point(seed)
    states = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])

    def log_bernoulli(x, logits):
        return (x * logits - np.logaddexp(0.0, logits)).sum(axis=-1)

    w, v = theta[:4].numpy().reshape(2, 2), phi[:4].numpy().reshape(2, 2)
    x, h = states[:, np.newaxis], states[np.newaxis]
    log_p = log_bernoulli(h, theta[4:6].numpy()) + log_bernoulli(x, h @ w + theta[6:].numpy())
    log_q = log_bernoulli(h, x @ v + phi[4:].numpy())
    log_px = np.logaddexp.reduce(log_p, axis=1)
    data = np.array(study.FREE.data)
    assert float(study.FREE.log_likelihood(theta, phi)) == pytest.approx(data @ log_px)
    assert float(study.FREE.elbo(theta, phi)) == pytest.approx(data @ (np.exp(log_q) * (log_p - log_q)).sum(axis=1))
    kl = (np.exp(log_p) * (log_p - log_px[:, np.newaxis] - log_q)).sum()
    assert float(study.FREE.negative_dream_kl(theta, phi)) == pytest.approx(-kl)


_SETTINGS = {"learning_rate": 0.5, "num_steps": 14_000, "record_every": 20}


@pytest.fixture(scope="module")
def runs():
    """On the case with some weights held."""
    return {name: study.follow(study.HELD, name, **_SETTINGS) for name in ("variational", "wake-sleep")}


def test_variational_learning_never_lowers_the_bound_and_comes_to_rest(runs):
    run = runs["variational"]
    assert run.largest_fall <= 0.0
    assert (np.diff(run.elbo) >= 0.0).all()
    assert run.direction_norm[-1] < 1e-3
    np.testing.assert_array_equal(run.bound_gradient_norm, run.direction_norm)
    assert run.period() is None


def test_wake_sleep_lowers_it_and_goes_round(runs):
    run = runs["wake-sleep"]
    assert run.largest_fall > 1e-3
    log_likelihood_swing, elbo_swing = run.swings()
    assert log_likelihood_swing > 0.25
    assert elbo_swing > 1.3
    assert 2550 < run.period() < 2750
    half = len(run.steps) // 2
    assert run.direction_norm[half:].min() > 5e-3
    assert run.bound_gradient_norm[half:].min() > 0.2


def test_smaller_steps_go_the_same_way_round(runs):
    """So the circle is that of the directions, not of steps that are too long."""
    small = study.follow(study.HELD, "wake-sleep", learning_rate=0.05, num_steps=140_000, record_every=200)
    assert small.period() == pytest.approx(10.0 * runs["wake-sleep"].period(), rel=0.01)
    np.testing.assert_allclose(small.swings(), runs["wake-sleep"].swings(), rtol=0.02)


def test_held_weights_stay(runs):
    for run in runs.values():
        held = np.array([*study.HELD.learns_theta, *study.HELD.learns_phi]) == 0
        path = np.concatenate([run.theta, run.phi], axis=1)[:, held]
        assert held.sum() == 7
        assert (path == path[0]).all()


def test_the_circle_is_no_optimum_for_variational_learning_climbs_from_it(runs):
    after = study.follow(study.HELD, "variational", after=runs["wake-sleep"], **_SETTINGS)
    assert after.name == "variational after wake-sleep"
    assert after.steps[0] == runs["wake-sleep"].steps[-1]
    assert after.elbo[0] == pytest.approx(runs["wake-sleep"].elbo[-1], abs=1e-12)
    assert after.largest_fall <= 0.0
    assert after.elbo[-1] > runs["wake-sleep"].elbo.max() + 0.5


def test_a_higher_likelihood_than_the_circle_has_is_within_reach(runs):
    best = study.follow(study.HELD, "maximum likelihood", **_SETTINGS)
    assert best.log_likelihood[-1] > -1.045
    half = len(best.steps) // 2
    assert best.log_likelihood[-1] > runs["wake-sleep"].log_likelihood[half:].max() + 0.02


def test_wake_sleep_leaves_the_stationary_point_of_the_bound_downwards(runs):
    after = study.follow(study.HELD, "wake-sleep", after=runs["variational"], **_SETTINGS)
    assert after.elbo.min() < after.elbo[0] - 0.8
    assert after.bound_gradient_norm[-1] > 0.1


def test_with_all_weights_learned_both_reach_the_data():
    for name in ("variational", "wake-sleep"):
        run = study.follow(study.FREE, name, **_SETTINGS)
        assert run.largest_fall <= 0.0
        assert run.elbo[-1] == pytest.approx(study.FREE.negative_entropy(), abs=2e-3)
        assert run.elbo[-1] < run.log_likelihood[-1] < study.FREE.negative_entropy()


def test_with_the_misleading_weight_of_q_learned_it_goes_round_no_more():
    released = dataclasses.replace(study.HELD, learns_phi=(1, 0, 1, 1, 1, 1))
    run = study.follow(released, "wake-sleep", **_SETTINGS)
    assert max(run.swings()) < 2e-3
    assert run.period() is None
    assert run.direction_norm[-1] < 1e-3


def test_intervals_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="num_steps is 10; it must be a multiple of 3"):
        study.follow(study.FREE, "variational", learning_rate=0.5, num_steps=10, record_every=3)
