"""Tables over all states of a few binary units, against sums written out."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.math import bernoulli, binary_tables

_STATES = np.array(list(itertools.product([0.0, 1.0], repeat=3)))


def _tables(*batch, scale=2.0):
    weights = np.random.default_rng(0).normal(scale=scale, size=[*batch, 8])
    return binary_tables.normalize(tf.constant(weights))


def _factorial(logits):
    return bernoulli.log_prob(tf.constant(_STATES), tf.constant(logits, tf.float64))


@pytest.mark.parametrize("num_units", [1, 3, 5])
def test_states_count_in_binary(num_units):
    states = binary_tables.binary_states(num_units, tf.float32)
    assert states.dtype == tf.float32
    np.testing.assert_array_equal(states, list(itertools.product([0.0, 1.0], repeat=num_units)))


@pytest.mark.parametrize("num_units", [0, 25])
def test_too_many_units_are_refused(num_units):
    with pytest.raises(ValueError, match=f"there are {num_units} binary units; enumeration takes 1 to 24"):
        binary_tables.binary_states(num_units)


def test_means_and_correlations():
    log_p = _tables(2)
    for table, mean, correlation in zip(
        log_p.numpy(), binary_tables.means(log_p), binary_tables.correlations(log_p), strict=True
    ):
        p = np.exp(table)
        np.testing.assert_allclose(mean, p @ _STATES, rtol=1e-12)
        covariance = np.cov(_STATES.T, aweights=p, ddof=0)
        deviation = np.sqrt(np.diag(covariance))
        np.testing.assert_allclose(correlation, covariance / np.outer(deviation, deviation), rtol=1e-10)


def test_divergences():
    log_p, log_q = _tables(2)
    p, q = np.exp(log_p), np.exp(log_q)
    assert float(binary_tables.kl_divergence(log_p, log_q)) == pytest.approx((p * np.log(p / q)).sum(), rel=1e-12)
    assert float(binary_tables.total_variation(log_p, log_q)) == pytest.approx(np.abs(p - q).sum() / 2, rel=1e-12)


def test_states_of_probability_zero_count_for_nothing():
    log_p = tf.math.log(tf.constant([0.5, 0.5, 0.0, 0.0], tf.float64))
    assert float(binary_tables.kl_divergence(log_p, tf.math.log(tf.constant([0.25] * 4, tf.float64)))) == pytest.approx(
        np.log(2.0), rel=1e-12
    )
    assert float(binary_tables.total_correlation(log_p)) == pytest.approx(0.0, abs=1e-15)


def test_small_divergences_keep_their_digits():
    p, delta = np.full(8, 0.125), 1e-7 * np.array([1, -1, 2, -2, 3, -3, 4, -4])
    found = float(binary_tables.kl_divergence(tf.constant(np.log(p)), tf.constant(np.log(p + delta))))
    assert found == pytest.approx((delta**2 / p).sum() / 2, rel=1e-3)  # to second order


def test_product_of_marginals_is_the_closest_factorial():
    log_p = _tables()
    least = float(binary_tables.total_correlation(log_p))
    assert least > 0.05
    mean = binary_tables.means(log_p).numpy()
    np.testing.assert_allclose(
        binary_tables.product_of_marginals(log_p), _factorial(np.log(mean / (1.0 - mean))), rtol=1e-10
    )
    for logits in np.random.default_rng(1).normal(scale=2.0, size=[200, 3]):
        assert float(binary_tables.kl_divergence(log_p, _factorial(logits))) >= least


def test_total_correlation_of_a_factorial_table_is_zero():
    log_p = _factorial([[3.0, -1.0, 0.2]])
    assert float(binary_tables.total_correlation(log_p)) == pytest.approx(0.0, abs=1e-14)
    two = tf.math.log(tf.constant([0.5, 0.0, 0.0, 0.5], tf.float64))  # copies of one fair bit
    assert float(binary_tables.total_correlation(two)) == pytest.approx(np.log(2.0), rel=1e-12)


def test_nearly_certain_units_keep_their_digits():
    log_p = _factorial([40.0, -40.0, 0.0])
    np.testing.assert_allclose(binary_tables.product_of_marginals(log_p), log_p, rtol=1e-12)


def test_mean_field_is_the_best_factorial_from_the_other_side():
    log_p = _tables(scale=1.5)
    log_q = binary_tables.mean_field(log_p)
    assert float(binary_tables.total_correlation(log_q)) == pytest.approx(0.0, abs=1e-12)
    least = float(binary_tables.kl_divergence(log_q, log_p))
    mean = binary_tables.means(log_q).numpy()
    logits = np.log(mean / (1.0 - mean))
    for step in 0.05 * np.concatenate([np.eye(3), -np.eye(3)]):
        assert float(binary_tables.kl_divergence(_factorial(logits + step), log_p)) > least
    for other in np.random.default_rng(1).normal(scale=3.0, size=[500, 3]):
        assert float(binary_tables.kl_divergence(_factorial(other), log_p)) > least
