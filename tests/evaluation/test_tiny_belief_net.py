"""Objectives by enumeration, against each other and against sums written out."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.evaluation.tiny_belief_net import TinyBeliefNet, num_sets, sample_sets
from tfdgm.math.belief_net import log_joint_table
from tfdgm.math.binary_tables import binary_states

X = binary_states(4)[3:8]


@pytest.fixture(params=[(4, 3), (4, 2, 1)], scope="module")
def point(request):
    net = TinyBeliefNet(request.param)
    return net, *net.random_parameters(0, 1.0)


def test_terms_add_up_to_the_nets_own_joint(point):
    net, theta, phi = point
    np.testing.assert_allclose(tf.reduce_sum(net.log_p_terms(theta, X), -1), net.log_joint(theta, X), rtol=1e-12)
    np.testing.assert_allclose(tf.reduce_sum(net.log_q_terms(phi, X), -1), net.log_posterior(phi, X), rtol=1e-12)
    everything = tf.reduce_sum(tf.exp(log_joint_table(net.generative(theta))), axis=tuple(range(len(net.sizes) - 1)))
    np.testing.assert_allclose(tf.exp(net.log_likelihood(theta, X)), everything[3:8], rtol=1e-12)
    np.testing.assert_allclose(tf.reduce_sum(tf.exp(net.log_posterior(phi, X)), axis=1), np.ones(5), rtol=1e-12)


def test_bounds_rise_to_the_likelihood_by_their_gap(point):
    net, theta, phi = point
    elbo, likelihood = net.elbo(theta, phi, X).numpy(), net.log_likelihood(theta, X).numpy()
    bounds = [net.sampled_bound(theta, phi, X, k).numpy() for k in (1, 2, 3, 5)]
    np.testing.assert_allclose(bounds[0], elbo, rtol=1e-12)
    assert (np.diff(np.stack([*bounds, likelihood]), axis=0) > 0).all()


def test_sampled_bound_is_the_sum_over_ordered_samples(point):
    net, theta, phi = point
    log_q = net.log_posterior(phi, X).numpy()
    weights = np.exp(net.log_joint(theta, X).numpy() - log_q)
    expected = sum(
        np.exp(log_q[:, list(order)].sum(1)) * np.log(weights[:, list(order)].mean(1))
        for order in itertools.product(range(8), repeat=3)
    )
    np.testing.assert_allclose(net.sampled_bound(theta, phi, X, 3), expected, rtol=1e-12)


def test_divergences_vanish_only_where_q_is_the_posterior():
    # One hidden unit: the posterior is Bernoulli, with a logit linear in x where p(x|h) is a product.
    net = TinyBeliefNet((3, 1))
    theta, phi = net.random_parameters(0, 1.0)
    p = net.generative(theta)
    (kernel,), (top, bias) = p.kernels, p.biases
    offset = top + tf.reduce_sum(tf.nn.softplus(bias) - tf.nn.softplus(bias + kernel[0]))
    exact = tf.concat([kernel[0], offset], axis=0)
    assert abs(float(net.dream_kl(theta, exact))) < 1e-14
    np.testing.assert_allclose(net.elbo(theta, exact, X[:, 1:]), net.log_likelihood(theta, X[:, 1:]), rtol=1e-12)
    assert float(net.dream_kl(theta, phi)) > 1e-3


def test_sets_have_all_orders_between_them():
    sets = sample_sets(5, 3)
    assert len(sets.index) == num_sets(5, 3) == 35
    assert np.exp(sets.log_count).sum() == pytest.approx(5**3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: TinyBeliefNet((7, 3)), "num_visible is 7; it must lie between 1 and 6"),
        (lambda: TinyBeliefNet((5, 3, 2)), "num_hidden is 5; it must lie between 1 and 4"),
        (lambda: sample_sets(16, 10), "num_samples is 10; 16 states have 3268760 sets, above 20000"),
    ],
)
def test_mistakes_are_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
