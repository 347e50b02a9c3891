"""Sigmoid belief nets against sums over all their states."""

import dataclasses

import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

from tests.goldens.belief_nets import belief_net
from tfdgm.math.belief_net import (
    BeliefNet,
    log_joint_table,
    log_marginal_tables,
    log_parent_posterior_table,
    log_posterior_table,
    unroll,
)
from tfdgm.math.binary_tables import binary_states
from tfdgm.math.harmonium import Harmonium
from tfdgm.math.units import Gaussian

_SIZES = (2, 3, 2, 4)


def _normal(*shape, seed):
    return tf.constant(np.random.default_rng(seed).normal(scale=1.5, size=shape))


@pytest.fixture(scope="module")
def net():
    kernels = tuple(_normal(*_SIZES[index : index + 2], seed=index) for index in range(3))
    return BeliefNet(kernels, tuple(_normal(size, seed=10 + index) for index, size in enumerate(_SIZES)))


@pytest.fixture(scope="module")
def harmonium():
    return Harmonium(_normal(3, 2, seed=1), _normal(3, seed=2), _normal(2, seed=3))


def test_log_joint_is_the_product_of_its_conditionals(net):
    rng = np.random.default_rng(0)
    states = [rng.integers(0, 2, size=[5, size]).astype(np.float64) for size in _SIZES]
    log_p = np.zeros(5)
    for layer, x in enumerate(states):
        logits = net.biases[layer].numpy() + (states[layer - 1] @ net.kernels[layer - 1].numpy() if layer else 0.0)
        p = scipy.special.expit(logits)
        log_p += np.log(np.where(x == 1.0, p, 1.0 - p)).sum(axis=-1)
    np.testing.assert_allclose(net.log_joint(states), log_p, rtol=1e-12)
    np.testing.assert_allclose(net.log_prior(states[0]) + net.log_likelihood(states), log_p, rtol=1e-12)


def test_table_is_the_log_joint_of_every_state_and_sums_to_one(net):
    table = log_joint_table(net)
    assert table.shape == [2**size for size in _SIZES]
    assert float(tf.reduce_logsumexp(table)) == pytest.approx(0.0, abs=1e-12)
    for index in [(0, 0, 0, 0), (1, 6, 2, 11), (3, 7, 3, 15)]:
        states = [binary_states(size)[row] for size, row in zip(_SIZES, index, strict=True)]
        log_p = net.log_joint([x[tf.newaxis] for x in states])
        assert float(table[index]) == pytest.approx(float(log_p[0]), rel=1e-12)


def _log_top():
    return tf.constant(np.log([0.1, 0.2, 0.3, 0.4]))


@pytest.mark.parametrize("log_top", [None, _log_top()], ids=["own", "given"])
def test_summing_layer_by_layer_is_summing_the_joint(net, log_top):
    table = log_joint_table(net, log_top)
    for layer, marginal in enumerate(log_marginal_tables(net, log_top)):
        axes = [axis for axis in range(4) if axis != layer]
        np.testing.assert_allclose(marginal, tf.reduce_logsumexp(table, axis=axes), rtol=1e-12)


@pytest.mark.parametrize("log_top", [None, _log_top()], ids=["own", "given"])
def test_posteriors_are_those_of_the_joint(net, log_top):
    p = np.exp(log_joint_table(net, log_top).numpy())
    posterior = np.moveaxis(p / p.sum(axis=(0, 1, 2)), -1, 0)  # [x_3, x_0, x_1, x_2]
    found = np.exp(log_posterior_table(net, log_top))
    np.testing.assert_allclose(found, posterior.reshape(16, -1), rtol=1e-12)
    parents = np.exp(log_parent_posterior_table(net, log_top))
    np.testing.assert_allclose(parents, posterior.sum(axis=(1, 2)), rtol=1e-12)


def test_a_net_read_from_the_data_up_is_a_recognition_net(net):
    data = tf.constant([[1.0, 0.0], [0.0, 1.0]], tf.float64)
    for x in data:
        point = tf.where(tf.reduce_all(binary_states(2) == x, axis=1), tf.constant(0.0, tf.float64), -np.inf)
        log_q = log_joint_table(net, point)
        assert float(tf.reduce_logsumexp(log_q)) == pytest.approx(0.0, abs=1e-12)
    h = net.sample(tf.range(2, dtype=tf.int64), top=data)
    np.testing.assert_array_equal(h[0], data)
    assert [x.shape for x in h] == [[2, size] for size in _SIZES]


def test_samples_follow_the_joint(net):
    states = net.sample(tf.range(20_000, dtype=tf.int64))
    digits = np.concatenate(states, axis=1).astype(int)
    found = np.bincount(digits @ 2 ** np.arange(10, -1, -1), minlength=2**11) / len(digits)
    p = np.exp(log_joint_table(net).numpy().ravel())
    chi_square = len(digits) * ((found - p) ** 2 / p)[p > 1e-3].sum()
    num_cells = (p > 1e-3).sum()
    assert abs(chi_square - num_cells) < 4.0 * np.sqrt(2.0 * num_cells)


def test_a_row_depends_on_its_seed_alone(net):
    many = net.sample(tf.constant([5, 9, 2, 9], tf.int64))
    few = net.sample(tf.constant([2, 5], tf.int64))
    for long, short in zip(many, few, strict=True):
        np.testing.assert_array_equal(short, tf.gather(long, [2, 0]))
        np.testing.assert_array_equal(long[1], long[3])


def test_layers_added_on_top_leave_the_noise_below_as_it_was(net):
    seeds = tf.range(50, dtype=tf.int64)
    deep = net.sample(seeds)
    lower = BeliefNet(net.kernels[1:], net.biases[1:])
    for below, same in zip(deep[1:], lower.sample(seeds, top=deep[1]), strict=True):
        np.testing.assert_array_equal(below, same)


def test_graph_and_eager_draw_the_same(net):
    seeds = tf.range(20, dtype=tf.int64)
    for eager, graph in zip(net.sample(seeds), tf.function(net.sample)(seeds), strict=True):
        np.testing.assert_array_equal(eager, graph)


def test_unrolled_weights_alternate_above_the_visible_layer(harmonium):
    for depth, sizes in [(1, [2, 3]), (2, [3, 2, 3]), (5, [2, 3, 2, 3, 2, 3])]:
        net = unroll(harmonium, depth)
        assert net.depth == depth
        assert net.layer_sizes == sizes
        for kernel, size in zip(net.kernels, sizes, strict=False):
            np.testing.assert_array_equal(kernel, tf.transpose(harmonium.kernel) if size == 2 else harmonium.kernel)
        for bias, size in zip(net.biases, sizes, strict=True):
            np.testing.assert_array_equal(bias, harmonium.hidden_bias if size == 2 else harmonium.visible_bias)


def test_mistakes_are_refused(net, harmonium):
    with pytest.raises(ValueError, match=r"shapes \[\(2, 3\)\]; layers of \[2, 4\] units need \[\(2, 4\)\]"):
        BeliefNet(net.kernels[:1], (net.biases[0], net.biases[3]))
    with pytest.raises(ValueError, match="depth is 0; it must be at least 1"):
        unroll(harmonium, 0)
    with pytest.raises(ValueError, match="a belief net needs binary ones"):
        unroll(dataclasses.replace(harmonium, visible=Gaussian()), 1)
    with pytest.raises(ValueError, match="a belief net needs binary ones"):
        unroll(harmonium.at(0.5), 1)
    with pytest.raises(ValueError, match="there are 28 binary units; enumeration takes 1 to 24"):
        log_joint_table(unroll(harmonium, 10))


# ---- autoregressive priors, and passes by given noise ----------------------------------------------------------------


@pytest.fixture(scope="module")
def autoregressive():
    return belief_net((3, 2), autoregressive=True)


def test_an_autoregressive_prior_is_normalised_and_factors_unit_by_unit(autoregressive):
    top = binary_states(3)
    log_p = autoregressive.log_prior(top).numpy()
    assert scipy.special.logsumexp(log_p) == pytest.approx(0.0, abs=1e-12)
    kernel, bias = autoregressive.prior_kernel.numpy(), autoregressive.biases[0].numpy()
    for state, found in zip(top.numpy(), log_p, strict=True):
        p = [scipy.special.expit(bias[i] + state[:i] @ kernel[:i, i]) for i in range(3)]
        assert found == pytest.approx(np.log(np.where(state == 1.0, p, 1.0 - np.array(p))).sum(), rel=1e-12)


def test_an_autoregressive_prior_draws_what_it_says(autoregressive):
    top = autoregressive.sample(tf.range(20_000, dtype=tf.int64))[0].numpy()
    counts = np.bincount(top.astype(int) @ [4, 2, 1], minlength=8)
    p = np.exp(autoregressive.log_prior(binary_states(3)).numpy())
    assert scipy.stats.chisquare(counts, p * len(top)).pvalue > 1e-3
    factorial = dataclasses.replace(autoregressive, prior_kernel=None)
    p = np.exp(factorial.log_prior(binary_states(3)).numpy())
    assert scipy.stats.chisquare(counts, p * len(top)).pvalue < 1e-6


@pytest.mark.parametrize("kind", ["net", "autoregressive"])
def test_draw_all_draws_layer_after_layer_from_its_own_noise(request, kind):
    net = request.getfixturevalue(kind)
    sizes = net.layer_sizes
    noise = tf.constant(np.random.default_rng(0).random([6, sum(sizes)]))
    states, above = net.draw_all(noise), None
    for layer, uniform in enumerate(tf.split(noise, sizes, axis=-1)):
        above = net.draw(layer, above, uniform)
        np.testing.assert_array_equal(states[layer], above)
    below = net.draw_all(noise[:, sizes[0] :], top=states[0])
    for found, expected in zip(below, states, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_prior_kernel_of_another_shape_is_refused(autoregressive):
    with pytest.raises(ValueError, match=r"prior_kernel has shape \(2, 2\); a top of 3 units needs \(3, 3\)"):
        dataclasses.replace(autoregressive, prior_kernel=tf.zeros([2, 2], tf.float64))
