"""Gibbs chains: what they leave unchanged, exactly, and that the code draws from the chain that is proven."""

import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

from tests.goldens.enumeration import (
    KINDS,
    NUM_HIDDEN,
    harmonium,
    probabilities,
    transitions,
    visible_states,
)
from tfdgm.core import philox
from tfdgm.math import gibbs

DISCRETE = ("bernoulli", "softmax")
BETAS = np.array([1.0, 0.5, 0.0])


def _counts(v, states):
    """How often each state occurs in v [N, V]."""
    codes = {tuple(state): index for index, state in enumerate(states)}
    return np.bincount([codes[tuple(row)] for row in np.asarray(v)], minlength=len(states))


def _p_value(v, states, p):
    """Of the chi-square test that v [N, V] was drawn from p over the states; other states must not occur."""
    counts, possible = _counts(v, states), p > 0.0
    assert not counts[~possible].any()
    return scipy.stats.chisquare(counts[possible], p[possible] / p.sum() * len(v)).pvalue


def _seeds(num):
    return tf.range(num, dtype=tf.int64)


# ---- what sweeps leave unchanged ------------------------------------------------------------------------------------


@pytest.mark.parametrize("beta", [None, 0.6, 0.0])
@pytest.mark.parametrize("kind", KINDS)
def test_a_sweep_leaves_the_distribution_unchanged(kind, beta):
    """pi T = pi and detailed balance, also of each member of the tempered family."""
    model = harmonium(kind) if beta is None else harmonium(kind).at(beta)
    matrix, p = transitions(model, kind), probabilities(model, kind)
    np.testing.assert_allclose(p @ matrix, p, rtol=0, atol=1e-12)
    np.testing.assert_allclose(p @ matrix.sum(1), 1.0, rtol=0, atol=1e-12)
    flow = p[:, None] * matrix
    np.testing.assert_allclose(flow, flow.T, rtol=0, atol=1e-14)
    if beta is None:  # and no other: the chain of one temperature moves the distribution of another
        other = probabilities(model.at(0.6), kind)
        assert np.abs(other @ matrix - other).sum() > 0.05


@pytest.mark.parametrize("kind", DISCRETE)
def test_sweeps_draw_from_the_transition_matrix(kind):
    model, (states, _), num = harmonium(kind, scale=2.0), visible_states(kind), 20_000
    noise = tf.constant(np.random.default_rng(0).random((num, 2, NUM_HIDDEN + states.shape[1])))
    start = tf.constant(states[[0] * num])
    v = gibbs.run_with_noise(model, start, noise)
    matrix = transitions(model, kind)
    assert _p_value(v, states, (matrix @ matrix)[0]) > 1e-3
    assert _p_value(v, states, matrix[0]) < 1e-6
    np.testing.assert_array_equal(v, model.sweep(model.sweep(start, noise[:, 0]), noise[:, 1]))


# ---- temperatures that swap -----------------------------------------------------------------------------------------


def test_a_swap_leaves_the_product_of_temperatures_unchanged():
    """The move on all (v_1, v_2, v_3), accepted with min(1, exp(swap_log_ratio)): the product's flow is symmetric."""
    model, (states, _) = harmonium("bernoulli"), visible_states("bernoulli")
    at = [model.at(beta) for beta in BETAS]
    p = [probabilities(member, "bernoulli") for member in at]
    product = np.einsum("i,j,k->ijk", *p)
    num, v = len(states), tf.constant(states)
    for first in (0, 1):
        cold, hot = tf.repeat(v, num, axis=0), tf.tile(v, [num, 1])
        log_ratio = gibbs.swap_log_ratio(at[first], at[first + 1], cold, hot).numpy().reshape(num, num)
        p_cold, p_hot = p[first], p[first + 1]
        expected = np.log(np.outer(p_hot, p_cold)) - np.log(np.outer(p_cold, p_hot))
        np.testing.assert_allclose(log_ratio, expected, rtol=0, atol=1e-12)
        accepted = np.minimum(1.0, np.exp(log_ratio))
        assert 0.0 < accepted.min() < 0.5
        pair = np.moveaxis(product, 2, 0) if first == 0 else product  # [other, cold, hot]
        moved = pair * (1.0 - accepted) + np.swapaxes(pair * accepted, 1, 2)
        np.testing.assert_allclose(moved, pair, rtol=0, atol=1e-14)
        greedy = pair * (log_ratio <= 0.0) + np.swapaxes(pair * (log_ratio > 0.0), 1, 2)
        assert np.abs(greedy - pair).sum() > 0.01


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("num_temperatures", [2, 3, 4])
def test_swaps_are_accepted_with_their_probability(num_temperatures, first):
    """Just below it they happen and just above it they do not; temperatures without a neighbour stay."""
    betas = np.linspace(1.0, 0.0, num_temperatures)
    model, rng = harmonium("bernoulli"), np.random.default_rng(1)
    v = rng.integers(0, 2, (num_temperatures, 60, 4)).astype(np.float64)
    below, above, expected = np.full((num_temperatures, 60), 2.0), np.full((num_temperatures, 60), 2.0), v.copy()
    for cold in range(first, num_temperatures - 1, 2):
        at_cold, at_hot = model.at(betas[cold]), model.at(betas[cold + 1])
        ratio = np.exp(gibbs.swap_log_ratio(at_cold, at_hot, tf.constant(v[cold]), tf.constant(v[cold + 1])))
        below[cold], above[cold] = ratio * (1.0 - 1e-9), ratio * (1.0 + 1e-9)
        expected[[cold, cold + 1]] = v[[cold + 1, cold]]
    swapped = gibbs.swap_neighbours(model, betas, tf.constant(v), tf.constant(below), first)
    np.testing.assert_array_equal(swapped, expected)
    np.testing.assert_array_equal(gibbs.swap_neighbours(model, betas, tf.constant(v), tf.constant(above), first), v)
    assert (expected != v).any() == (num_temperatures > first + 1)


# ---- chains by row seeds --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", DISCRETE)
def test_chains_start_at_the_base_distribution(kind):
    model, (states, _) = harmonium(kind), visible_states(kind)
    p = scipy.special.softmax(states @ model.base_bias.numpy())
    v = gibbs.start(model, _seeds(8000))
    assert _p_value(v, states, p) > 1e-3
    assert _p_value(v, states, probabilities(model, kind)) < 1e-6


@pytest.mark.parametrize("kind", DISCRETE)
def test_chains_end_at_the_model_whatever_their_start(kind):
    model, (states, _) = harmonium(kind), visible_states(kind)
    v, mean = gibbs.run(model, tf.constant(states[[0] * 4000]), _seeds(4000), 40)
    p = probabilities(model, kind)
    assert _p_value(v, states, p) > 1e-3
    assert _p_value(v, states, probabilities(model.at(0.7), kind)) < 1e-6
    np.testing.assert_allclose(np.mean(mean, 0), p @ states, atol=5.0 * 0.5 / np.sqrt(4000))


def test_a_run_is_its_sweeps_one_after_the_other():
    """With E[v | h] at the h that the last v was drawn from, and no row depending on another."""
    model, num_sweeps = harmonium("bernoulli"), 5
    v = tf.constant(np.random.default_rng(0).integers(0, 2, (30, 4)), tf.float64)
    expected = v
    for index in range(num_sweeps):
        noise = philox.row_uniform(_seeds(30), (NUM_HIDDEN + 4,), stream=1, step=index, dtype=tf.float64)
        before, expected = expected, model.sweep(expected, noise)
    found, mean = gibbs.run(model, v, _seeds(30), num_sweeps)
    np.testing.assert_array_equal(found, expected)
    last_h = model.sample_hidden(before, noise[:, :NUM_HIDDEN])
    np.testing.assert_allclose(mean, tf.sigmoid(model.visible_field(last_h)), rtol=1e-12)
    some = gibbs.run(model, v[7:11], _seeds(30)[7:11], num_sweeps)
    for part, whole in zip(some, (found, mean), strict=True):
        np.testing.assert_allclose(part, whole[7:11], rtol=1e-12)


@pytest.mark.parametrize("kind", DISCRETE)
def test_clamped_chains_follow_the_conditional(kind):
    """p(missing | known) by enumeration; what stands at missing places does not matter, even where it is NaN."""
    model, (states, _), num = harmonium(kind, scale=1.5), visible_states(kind), 4000
    known = states[-2]
    mask = np.arange(len(known)) < len(known) // 2
    v, mean = gibbs.run(
        model,
        gibbs.start(model, _seeds(num)),
        _seeds(num),
        30,
        known=tf.constant(np.tile(np.where(mask, known, np.nan), (num, 1))),
        mask=tf.constant(np.tile(mask, (num, 1))),
    )
    agrees = (states[:, mask] == known[mask]).all(1)
    conditional = np.where(agrees, probabilities(model, kind), 0.0)
    conditional /= conditional.sum()
    np.testing.assert_array_equal(v.numpy()[:, mask], np.tile(known[mask], (num, 1)))
    np.testing.assert_array_equal(mean.numpy()[:, mask], np.tile(known[mask], (num, 1)))
    assert _p_value(v, states, conditional) > 1e-3
    np.testing.assert_allclose(np.mean(mean, 0), conditional @ states, atol=5.0 * 0.5 / np.sqrt(num))
    same_missing = (states[:, None, ~mask] == states[None, :, ~mask]).all(2)
    marginal = np.where(agrees, same_missing @ probabilities(model, kind), 0.0)
    assert _p_value(v, states, marginal) < 1e-6


def test_no_sweeps_are_refused():
    with pytest.raises(ValueError, match="num_sweeps is 0; it must be at least 1"):
        gibbs.run(harmonium("bernoulli"), tf.zeros([2, 4], tf.float64), _seeds(2), 0)
