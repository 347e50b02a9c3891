"""Exponential families of visible units: log partitions against sums and integrals, means against derivatives."""

import itertools

import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

from tfdgm.math.units import BERNOULLI, Gaussian, Joined, Softmax

JOINED = Joined(((BERNOULLI, 2), (Softmax(3), 3), (Gaussian(), 1)))
UNITS = {"bernoulli": (BERNOULLI, 3), "gaussian": (Gaussian(), 2), "softmax": (Softmax(3), 6), "joined": (JOINED, 6)}
GRID, WEIGHT = np.arange(-14.0, 14.0, 0.125)[:, np.newaxis], 0.125


def _states(units, size):
    """All states and their weights: a sum over them is exact, for Gaussians to the last digits."""
    if isinstance(units, Joined):
        parts = [_states(part, num) for part, num in units.parts]
        pairs = itertools.product(*[zip(*part, strict=True) for part in parts])
        rows = [(np.concatenate([v for v, _ in row]), np.prod([w for _, w in row])) for row in pairs]
        return np.array([v for v, _ in rows]), np.array([w for _, w in rows])
    if isinstance(units, Gaussian):
        states = np.array([np.concatenate(row) for row in itertools.product(GRID, repeat=size)])
        return states, np.full(len(states), WEIGHT**size)
    if isinstance(units, Softmax):
        groups = itertools.product(np.eye(units.num_categories), repeat=size // units.num_categories)
        states = np.array([np.concatenate(row) for row in groups])
    else:
        states = np.array(list(itertools.product([0.0, 1.0], repeat=size)))
    return states, np.ones(len(states))


@pytest.fixture(params=UNITS)
def case(request):
    units, size = UNITS[request.param]
    return units, tf.constant(np.random.default_rng(1).normal(size=(4, size)))


def test_log_partition_is_the_sum_over_all_states(case):
    units, field = case
    states, weights = _states(units, field.shape[-1])
    terms = field.numpy() @ states.T + units.log_base(tf.constant(states)).numpy() + np.log(weights)
    found = units.log_partition(field)
    np.testing.assert_allclose(found, scipy.special.logsumexp(terms, axis=1), rtol=0, atol=1e-12)
    stacked = tf.reshape(field, [2, 2, -1])
    np.testing.assert_array_equal(units.log_partition(stacked), tf.reshape(found, [2, 2]))


def test_mean_is_the_gradient_of_the_log_partition(case):
    units, field = case
    with tf.GradientTape() as tape:
        tape.watch(field)
        total = tf.reduce_sum(units.log_partition(field))
    np.testing.assert_allclose(units.mean(field), tape.gradient(total, field), rtol=0, atol=1e-12)


def test_inverse_mean_inverts_the_mean(case):
    units, field = case
    mean = units.mean(field)
    np.testing.assert_allclose(units.mean(units.inverse_mean(mean)), mean, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("units", "mean"), [(BERNOULLI, [0.0, 1.0, 0.5]), (Softmax(3), [0.0, 1.0, 0.0])])
def test_inverse_mean_is_finite_at_the_ends(units, mean):
    field = units.inverse_mean(tf.constant(mean, tf.float64))
    assert np.isfinite(field).all()
    np.testing.assert_allclose(units.mean(field), mean, atol=0.006)


def test_samples_are_a_function_of_their_uniforms(case):
    units, field = case
    noise = tf.constant(np.random.default_rng(2).random(field.shape))
    v = units.sample(field, noise)
    assert v.shape == field.shape
    np.testing.assert_array_equal(units.sample(field[1:3], noise[1:3]), v[1:3])
    ends = np.repeat([[0.0], [1.0 - 2.0**-23]], field.shape[-1], axis=1)  # of the stock float32 uniforms
    assert np.isfinite(units.sample(tf.zeros(ends.shape), tf.constant(ends, tf.float32))).all()


def test_discrete_samples_follow_their_probabilities():
    """The counts of all states against p(v | field): a chi-square that a field off by 0.1 would not pass."""
    rng, num = np.random.default_rng(3), 40_000
    for units, size in (UNITS["bernoulli"], UNITS["softmax"]):
        states, _ = _states(units, size)
        field = np.random.default_rng(1).normal(size=size)
        v = units.sample(tf.constant(np.tile(field, (num, 1))), tf.constant(rng.random((num, size)))).numpy()
        codes = {tuple(state): index for index, state in enumerate(states)}
        counts = np.bincount([codes[tuple(row)] for row in v], minlength=len(states))

        def p_value(field, counts=counts, states=states):
            return scipy.stats.chisquare(counts, num * scipy.special.softmax(states @ field)).pvalue

        assert p_value(field) > 1e-3
        assert p_value(field + 0.1 * np.eye(size)[0]) < 1e-6


def test_gaussian_samples_are_normal_about_their_field():
    noise = np.random.default_rng(4).random((20_000, 1))
    deviations = Gaussian().sample(tf.constant(np.full_like(noise, 1.5)), tf.constant(noise)).numpy()[:, 0] - 1.5
    assert scipy.stats.kstest(deviations, "norm").pvalue > 1e-3
    assert scipy.stats.kstest(deviations, "norm", (0.05,)).pvalue < 1e-6
