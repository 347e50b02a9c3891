"""The RBM as an infinitely deep directed net, on RBMs whose states can all be listed."""

import numpy as np
import pytest
import scipy.special
import tensorflow as tf

from tfdgm.evaluation import infinite_depth
from tfdgm.math.belief_net import log_joint_table, log_marginal_tables, unroll
from tfdgm.math.binary_tables import binary_states, normalize

_SEEDS = [0, 2, 5]


def _sweep(harmonium):
    """p(v' | v) of a Gibbs sweep, [2^V, 2^V], and p(v), in plain NumPy."""
    kernel, b, c = (value.numpy() for value in (harmonium.kernel, harmonium.visible_bias, harmonium.hidden_bias))
    v, h = binary_states(len(b)).numpy(), binary_states(len(c)).numpy()
    joint = np.exp((v @ b)[:, None] + h @ c + v @ kernel @ h.T)
    h_given_v = joint / joint.sum(axis=1, keepdims=True)
    v_given_h = joint / joint.sum(axis=0)
    return h_given_v @ v_given_h.T, joint.sum(axis=1) / joint.sum()


@pytest.mark.parametrize("seed", _SEEDS)
def test_second_eigenvalue_is_that_of_the_transition_matrix(seed):
    harmonium = infinite_depth.small_harmonium(seed)
    values = np.sort(np.linalg.eigvals(_sweep(harmonium)[0]).real)
    assert infinite_depth.second_eigenvalue(harmonium) == pytest.approx(values[-2], rel=1e-9)


@pytest.mark.parametrize("seed", _SEEDS)
def test_truncations_come_to_the_rbm_at_the_rate_of_the_gibbs_chain(seed):
    harmonium = infinite_depth.small_harmonium(seed)
    eigenvalue = infinite_depth.second_eigenvalue(harmonium)
    deep = 2 * round(np.log(1e-5) / np.log(eigenvalue))  # where the total variation is about 1e-5
    for first in (1, 2):
        depths = [first, first + 2, first + 4, first + deep, first + deep + 2]
        rows = [infinite_depth.exact_row(harmonium, depth) for depth in depths]
        assert rows[0].kl > 1e-3
        for name, rate in [("kl", eigenvalue**2), ("total_variation", eigenvalue)]:
            values = np.array([getattr(row, name) for row in rows])
            assert (np.diff(values) < 0.0).all()
            assert values[-1] / values[-2] == pytest.approx(rate, rel=0.01)


@pytest.mark.parametrize("seed", _SEEDS)
def test_two_layers_are_one_sweep(seed):
    harmonium = infinite_depth.small_harmonium(seed)
    transition, _ = _sweep(harmonium)
    v = binary_states(4).numpy()
    b = harmonium.visible_bias.numpy()
    p = np.prod(np.where(v == 1.0, scipy.special.expit(b), scipy.special.expit(-b)), axis=1)
    for depth in (2, 4, 6):
        p = p @ transition
        np.testing.assert_allclose(np.exp(log_marginal_tables(unroll(harmonium, depth))[-1]), p, rtol=1e-10)


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5, 12, 51])
@pytest.mark.parametrize("seed", _SEEDS)
def test_with_the_rbm_on_top_the_net_is_the_rbm_and_its_posterior_factorial(seed, depth):
    row = infinite_depth.exact_row(infinite_depth.small_harmonium(seed), depth)
    assert row.tied_gap < 1e-12
    assert row.tied_posterior_gap < 1e-12


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_the_whole_joint_says_the_same(depth):
    """Every layer of the tied net has the RBM's marginals, and every hidden layer is factorial given the one below."""
    harmonium = infinite_depth.small_harmonium(0, num_visible=3, num_hidden=2)
    net = unroll(harmonium, depth)
    v, h = binary_states(3), binary_states(2)
    log_v, log_h = normalize(-harmonium.free_energy(v)), normalize(-harmonium.hidden_free_energy(h))
    p = np.exp(log_joint_table(net, log_h if depth % 2 else log_v))
    for layer, size in enumerate(net.layer_sizes):
        marginal = p.sum(axis=tuple(axis for axis in range(depth + 1) if axis != layer))
        np.testing.assert_allclose(marginal, np.exp(log_v if size == 3 else log_h), atol=1e-12)
    pair = p.sum(axis=tuple(range(depth - 1)))  # [h, v]
    on = scipy.special.expit(harmonium.hidden_field(v).numpy())[:, None, :]
    factorial = np.prod(np.where(h == 1.0, on, 1.0 - on), axis=-1)  # [v, h]
    np.testing.assert_allclose((pair / pair.sum(axis=0)).T, factorial, atol=1e-12)


@pytest.mark.parametrize("seed", _SEEDS)
def test_a_factorial_top_leaves_explaining_away_that_fades_with_depth(seed):
    harmonium = infinite_depth.small_harmonium(seed)
    rate = infinite_depth.second_eigenvalue(harmonium) ** 2
    left = np.array([infinite_depth.exact_row(harmonium, depth).explaining_away for depth in range(1, 22, 2)])
    assert left[0] > 1e-2
    assert (np.diff(left) < 0.0).all()
    assert left[-1] < 1e-4 * left[0]
    assert left[-1] / left[-2] == pytest.approx(rate, rel=0.1)


def test_independent_units_need_no_depth():
    harmonium = infinite_depth.small_harmonium(0)
    row = infinite_depth.exact_row(type(harmonium)(tf.zeros([4, 3], tf.float64), *_biases(harmonium)), 1)
    assert max(row.kl, row.total_variation, row.explaining_away) < 1e-14


def _biases(harmonium):
    return harmonium.visible_bias, harmonium.hidden_bias


def test_table_ends_with_the_limits_of_its_ratios():
    harmonium = infinite_depth.small_harmonium(0)
    lines = infinite_depth.table(harmonium, 12).splitlines()
    assert len(lines) == 2 + 12 + 1
    last, limit = lines[-2].split(), lines[-1].split()
    assert float(last[2]) == pytest.approx(float(limit[1]), abs=2e-4)
    assert float(last[4]) == pytest.approx(float(limit[2]), abs=2e-4)
    assert float(limit[1]) == pytest.approx(float(limit[2]) ** 2, abs=1e-4)
