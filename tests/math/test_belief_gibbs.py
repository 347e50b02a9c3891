"""Gibbs sweeps of a belief net's hidden units against posteriors summed over all states."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from tests.goldens.belief_nets import belief_net
from tfdgm.core import philox
from tfdgm.math import belief_gibbs
from tfdgm.math.belief_net import log_posterior_table
from tfdgm.math.binary_tables import binary_states

KINDS = {"one layer": (3, 4), "two layers": (2, 2, 4), "autoregressive": (3, 4), "autoregressive, deep": (3, 2, 3)}


@pytest.fixture(params=KINDS, scope="module")
def net(request):
    return belief_net(KINDS[request.param], autoregressive="autoregressive" in request.param)


def _all_hidden(net, x):
    """Every hidden state with one visible state, as layers of states."""
    sizes = net.layer_sizes[:-1]
    hidden = binary_states(sum(sizes))
    return [*tf.split(hidden, sizes, axis=1), tf.tile(x[tf.newaxis], [len(hidden), 1])]


def _run(net, states, noise):
    """In a graph, for an eager loop runs step by step."""
    return tf.function(lambda *states: belief_gibbs.run(net, states, noise), autograph=False)(*states)


@pytest.mark.parametrize("row", [0, 5])
def test_conditionals_are_those_of_the_joint(net, row):
    states = _all_hidden(net, binary_states(net.layer_sizes[-1])[row])
    log_joint, num = net.log_joint(states).numpy(), sum(net.layer_sizes[:-1])
    place = 0
    for layer, size in enumerate(net.layer_sizes[:-1]):
        for unit in range(size):
            bit = 1 << (num - 1 - place)
            index = np.arange(2**num)
            expected = log_joint[index | bit] - log_joint[index & ~bit]
            found = belief_gibbs.conditional_logit(net, states, layer, unit)
            np.testing.assert_allclose(found, expected, atol=1e-12, err_msg=f"layer {layer}, unit {unit}")
            place += 1


def test_sweeps_leave_the_posterior_as_it_is_and_lead_to_it(net):
    """Chains that start from p(h | x) end in it; chains from one state come to it."""
    sizes, num_chains = net.layer_sizes[:-1], 20_000
    x = binary_states(net.layer_sizes[-1])[5]
    p = np.exp(log_posterior_table(net).numpy()[5])
    rng = np.random.default_rng(0)
    drawn = tf.gather(binary_states(sum(sizes)), rng.choice(len(p), num_chains, p=p))
    start = [*tf.split(drawn, sizes, axis=1), tf.tile(x[tf.newaxis], [num_chains, 1])]

    def p_value(start, num_sweeps, seed):
        seeds = philox.fold_in(tf.range(num_chains, dtype=tf.int64), seed)
        noise = philox.row_uniform(seeds, (num_sweeps, sum(sizes)), dtype=tf.float64)
        *hidden, still = _run(net, start, noise)
        np.testing.assert_array_equal(still, start[-1])
        index = tf.concat(hidden, axis=1).numpy().astype(int) @ (1 << np.arange(sum(sizes))[::-1])
        counts = np.bincount(index, minlength=len(p))
        rare = p * num_chains < 5.0  # too few for the statistic
        pooled = [np.append(a[~rare], a[rare].sum()) for a in (counts, p * num_chains)]
        keep = pooled[1] > 0.0
        return scipy.stats.chisquare(pooled[0][keep], pooled[1][keep] * num_chains / pooled[1][keep].sum()).pvalue

    nowhere = [tf.zeros_like(layer) for layer in start[:-1]]
    assert p_value(start, 1, 0) > 1e-3
    assert p_value([*nowhere, start[-1]], 100, 1) > 1e-3


def test_a_run_is_sweep_after_sweep(net):
    states = _all_hidden(net, binary_states(net.layer_sizes[-1])[3])
    num = sum(net.layer_sizes[:-1])
    noise = philox.row_uniform(tf.range(2**num, dtype=tf.int64), (3, num), dtype=tf.float64)
    expected = states
    for uniforms in tf.unstack(noise, axis=1):
        expected = belief_gibbs.sweep(net, expected, uniforms)
    for found, layer in zip(_run(net, states, noise), expected, strict=True):
        np.testing.assert_array_equal(found, layer)
