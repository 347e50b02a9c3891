"""Mean field for belief nets: a bound everywhere, never lowered by an E step nor by EM, stationary where it ends."""

import dataclasses

import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf

from tests.goldens.belief_nets import belief_net
from tfdgm.math import belief_mean_field, bernoulli
from tfdgm.math.belief_net import BeliefNet, log_joint_table, log_marginal_tables
from tfdgm.math.binary_tables import binary_states

KINDS = {"one layer": (3, 4), "two layers": (2, 3, 3), "autoregressive": (3, 3)}


def _infer(net, x, num_steps):
    """In a graph, for an eager loop runs step by step."""
    return _inference(net)(x, tf.constant(num_steps))


def _inference(net):
    return tf.function(lambda x, num_steps: belief_mean_field.infer(net, x, num_steps), autograph=False)


@pytest.fixture(params=KINDS, scope="module")
def net(request):
    return belief_net(KINDS[request.param], autoregressive=request.param == "autoregressive")


@pytest.fixture(scope="module")
def x(net):
    return binary_states(net.layer_sizes[-1])


def _random_logits(net, num_rows, seed):
    rng = np.random.default_rng(seed)
    return tuple(tf.constant(rng.normal(scale=2.0, size=[num_rows, size])) for size in net.layer_sizes[:-1])


def _elbo(net, logits):
    """E_q[log p(h, x)] + H(q) for every x, by the table of all states."""
    table = tf.reshape(log_joint_table(net), [-1, 2 ** net.layer_sizes[-1]])
    hidden = binary_states(sum(net.layer_sizes[:-1]))
    log_q = bernoulli.log_prob(hidden, tf.concat(logits, axis=1)[:, tf.newaxis])
    return tf.reduce_sum(tf.exp(log_q) * (tf.transpose(table) - log_q), axis=1).numpy()


@pytest.mark.parametrize("seed", range(5))
def test_it_is_a_bound_whatever_q_is(net, x, seed):
    logits = _random_logits(net, len(x), seed)
    found, elbo = belief_mean_field.bound(net, x, logits).numpy(), _elbo(net, logits)
    assert (found < elbo).all()
    assert (elbo < log_marginal_tables(net)[-1].numpy()).all()


def test_it_is_exact_without_weights(net, x):
    plain = dataclasses.replace(net, kernels=tuple(tf.zeros_like(kernel) for kernel in net.kernels), prior_kernel=None)
    logits = _random_logits(plain, len(x), 0)
    np.testing.assert_allclose(belief_mean_field.bound(plain, x, logits), _elbo(plain, logits), atol=1e-12)


def test_its_free_parameter_is_close_to_the_best_one():
    """For one unit with three uncertain parents, by numerical minimisation over xi."""
    for seed in range(10):
        net = belief_net((3, 1), seed=seed)
        logits = _random_logits(net, 1, seed)
        mu, weights, bias = 1.0 / (1.0 + np.exp(-logits[0][0])), net.kernels[0][:, 0].numpy(), float(net.biases[1][0])
        mean = mu @ weights + bias

        def log_term(xi, mu=mu, weights=weights, bias=bias, mean=mean):
            logs = [s * bias + np.log1p(mu * np.expm1(s * weights)).sum() for s in (-xi, 1.0 - xi)]
            return xi * mean + np.logaddexp(*logs)

        best = scipy.optimize.minimize_scalar(log_term, bounds=(0.0, 1.0), method="bounded").fun
        h = tf.sigmoid(logits[0])
        prior = bernoulli.log_prob(h, net.biases[0]) + bernoulli.entropy(logits[0])
        found = float((prior - belief_mean_field.bound(net, tf.zeros([1, 1], tf.float64), logits))[0])
        assert best - 1e-9 <= found < best + 0.02


def test_an_e_step_never_lowers_it_and_ends_where_it_is_stationary(net, x):
    infer = _inference(net)
    values = [belief_mean_field.bound(net, x, infer(x, tf.constant(steps))).numpy() for steps in range(12)]
    assert (np.diff(values, axis=0) >= -1e-12).all()
    assert (values[-1] > values[0]).any()
    logits = infer(x, tf.constant(500))
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = belief_mean_field.bound(net, x, logits)
    for slope in tape.gradient(value, logits):
        assert np.abs(slope).max() < 1e-6


def test_row_by_row_it_is_what_it_is_for_all(net, x):
    together = _infer(net, x, 8)
    alone = _infer(net, x[3:4], 8)
    for rows, row in zip(together, alone, strict=True):
        np.testing.assert_allclose(rows[3:4], row, rtol=1e-9, atol=1e-9)


def test_em_never_lowers_it():
    """Full batches, and M steps that are small gradient steps."""
    data = tf.constant(np.random.default_rng(0).integers(0, 2, [20, 4]).astype(float))
    start = belief_net((3, 4), scale=0.5)

    @tf.function(autograph=False)
    def em_step(kernel, top_bias, bias):
        parameters = [kernel, top_bias, bias]
        with tf.GradientTape() as tape:
            tape.watch(parameters)
            net = BeliefNet((kernel,), (top_bias, bias))
            logits = [tf.stop_gradient(layer) for layer in belief_mean_field.infer(net, data, 30)]
            value = tf.reduce_mean(belief_mean_field.bound(net, data, tuple(logits)))
        return value, [p + 0.1 * slope for p, slope in zip(parameters, tape.gradient(value, parameters), strict=True)]

    parameters, values = [*start.kernels, *start.biases], []
    for _ in range(200):
        value, parameters = em_step(*parameters)
        values.append(float(value))
    assert np.diff(values).min() > -1e-9
    assert values[-1] > values[0] + 0.1


def test_units_that_are_sure_do_not_break_it():
    net = belief_net((3, 4), scale=40.0)
    x = tf.cast(binary_states(4), tf.float32)
    net = dataclasses.replace(
        net, kernels=(tf.cast(net.kernels[0], tf.float32),), biases=tuple(tf.cast(b, tf.float32) for b in net.biases)
    )
    logits = _infer(net, x, 20)
    assert np.isfinite(belief_mean_field.bound(net, x, logits)).all()
    assert np.isfinite(logits[0]).all()
