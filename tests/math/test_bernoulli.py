"""Probabilities and entropies of independent binary units against sums over states."""

import itertools

import numpy as np
import pytest
import scipy.special
import tensorflow as tf

from tfdgm.math import bernoulli

RNG = np.random.default_rng(0)
STATES = np.array(list(itertools.product([0.0, 1.0], repeat=3)))


def test_log_prob_is_normalised_and_entropy_is_its_negative_mean():
    field = RNG.normal(size=[5, 1, 3]) * 2.0
    log_prob = bernoulli.log_prob(tf.constant(STATES), tf.constant(field)).numpy()
    np.testing.assert_allclose(scipy.special.logsumexp(log_prob, axis=1), 0.0, atol=1e-12)
    found = bernoulli.entropy(tf.constant(field[:, 0])).numpy()
    np.testing.assert_allclose(found, -(np.exp(log_prob) * log_prob).sum(1), rtol=1e-12)


@pytest.mark.parametrize("field", [-300.0, 300.0, 0.0])
def test_entropy_of_units_that_are_sure_is_zero_and_of_a_coin_log_two(field):
    found = float(bernoulli.entropy(tf.constant([field], tf.float32)))
    assert found == pytest.approx(np.log(2.0) if field == 0.0 else 0.0, abs=1e-7)
