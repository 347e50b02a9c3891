"""Annealed importance sampling against partition functions that are known exactly."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.evaluation import ais, enumeration
from tfdgm.math import gibbs
from tfdgm.math.harmonium import Harmonium
from tfdgm.math.units import BERNOULLI, Gaussian, Joined, Softmax

CASES = [(BERNOULLI, seed) for seed in range(14)]
CASES += [(Gaussian(), 20), (Gaussian(), 21), (Softmax(3), 22), (Softmax(3), 23)]
CASES += [(Joined(((BERNOULLI, 3), (Softmax(3), 3))), 24), (Joined(((Gaussian(), 2), (BERNOULLI, 4))), 25)]


def exact(harmonium):
    return enumeration.enumerate_states(harmonium)


def exact_samples(harmonium, num):
    return exact(harmonium).samples(tf.range(num, dtype=tf.int64))


@pytest.mark.parametrize(("visible", "seed"), CASES)
def test_both_directions_are_within_four_standard_errors_of_exact(make_harmonium, visible, seed):
    harmonium = make_harmonium(6, 5, seed, visible=visible, scale=0.5)
    betas, log_z = ais.temperatures(100), exact(harmonium).log_partition()
    forward = ais.forward(harmonium, ais.start(harmonium, 200, seed), betas, seed)
    reverse = ais.reverse(harmonium, exact_samples(harmonium, 200), betas, seed)
    for estimate in (forward, reverse):
        assert abs(estimate.log_partition - log_z) < 4.0 * estimate.standard_error
        assert 0.0 < estimate.standard_error < 0.15


@pytest.mark.parametrize("has_base", [True, False])
def test_weights_are_unbiased_in_both_directions_and_their_logs_bracket(make_harmonium, has_base):
    harmonium = make_harmonium(5, 4, 3, has_base=has_base)
    num, betas = 20_000, np.linspace(0.0, 1.0, 6)  # so few that the weights vary
    log_ratio = exact(harmonium).log_partition() - float(harmonium.log_base_partition())
    _, forward = ais.anneal(harmonium, ais.start(harmonium, num, 0), betas, 1, title="forward")
    _, reverse = ais.anneal(harmonium, exact_samples(harmonium, num), betas[::-1], 2, title="reverse")
    for ratio in (np.exp(forward - log_ratio), np.exp(reverse + log_ratio)):
        error = ratio.std() / np.sqrt(num)
        assert abs(ratio.mean() - 1.0) < 4.0 * error
        assert error < 0.02
    assert forward.mean() < log_ratio - 0.02
    assert -reverse.mean() > log_ratio + 0.02


@pytest.mark.parametrize("beta", [0.0, 0.37, 1.0])
def test_sweeps_leave_each_tempered_distribution_as_it_is(make_harmonium, beta):
    harmonium = make_harmonium(4, 3).at(tf.constant(beta, tf.float64))
    v, h = (np.array(list(np.ndindex(*[2] * num)), float) for num in (4, 3))

    def table(units, field):  # p(state | field) of all states, [len(field), len(units)]
        p = tf.sigmoid(field).numpy()[:, None, :]
        return np.prod(np.where(units[None] > 0.5, p, 1.0 - p), axis=-1)

    transition = table(h, harmonium.hidden_field(tf.constant(v))) @ table(v, harmonium.visible_field(tf.constant(h)))
    p = tf.nn.softmax(-harmonium.free_energy(tf.constant(v))).numpy()
    np.testing.assert_allclose(p @ transition, p, atol=1e-14)
    flow = p[:, None] * transition  # reversible, so that both directions may use it
    np.testing.assert_allclose(flow, flow.T, atol=1e-14)


@pytest.mark.parametrize("visible", [BERNOULLI, Gaussian(), Softmax(3)])
def test_without_weights_log_partition_is_exact_and_has_no_variance(make_harmonium, visible):
    random = make_harmonium(6, 4, has_base=False)
    harmonium = Harmonium(tf.zeros([6, 4], tf.float64), random.visible_bias, random.hidden_bias, visible)
    v = ais.start(harmonium, 10, 0)
    for estimate in (
        ais.forward(harmonium, v, ais.temperatures(5), 0),
        ais.reverse(harmonium, v, ais.temperatures(5), 0),
    ):
        assert estimate.log_partition == pytest.approx(exact(harmonium).log_partition(), abs=1e-12)
        assert estimate.standard_error == pytest.approx(0.0, abs=1e-12)
        assert estimate.effective_sample_size == pytest.approx(10.0)


def test_temperatures_are_spaced_as_published():
    betas = ais.temperatures(14_501)
    np.testing.assert_allclose(np.diff(betas[:501]), 0.5 / 500, atol=1e-15)
    np.testing.assert_allclose(np.diff(betas[500:4_501]), 0.4 / 4_000, atol=1e-15)
    np.testing.assert_allclose(np.diff(betas[4_500:]), 0.1 / 10_000, atol=1e-15)
    np.testing.assert_allclose(ais.temperatures(30)[[0, 1, 9, -1]], [0.0, 0.5, 0.9, 1.0])
    np.testing.assert_array_equal(ais.temperatures(2), [0.0, 1.0])


@pytest.mark.parametrize("num", [1, 0])
def test_a_path_needs_both_its_ends(num):
    with pytest.raises(ValueError, match=f"num_ais_temperatures is {num}; it must be at least 2"):
        ais.temperatures(num)


def test_the_interval_is_three_standard_deviations_of_the_mean_weight(make_harmonium, monkeypatch):
    harmonium = make_harmonium(4, 3)
    weights = np.array([1.0, 2.0, 3.0, 2.0, 2.0, 2.0, 1.0, 3.0])
    monkeypatch.setattr(ais, "anneal", lambda harmonium, v, betas, seed, title: (v, np.log(weights)))
    mean, error = 2.0, weights.std(ddof=1) / np.sqrt(8.0)
    base = float(harmonium.log_base_partition())
    up, down = (run(harmonium, None, ais.temperatures(2), 0) for run in (ais.forward, ais.reverse))
    assert up.log_partition == pytest.approx(base + np.log(mean))
    assert down.log_partition == pytest.approx(base - np.log(mean))
    assert up.interval == pytest.approx((base + np.log(mean - 3 * error), base + np.log(mean + 3 * error)))
    assert down.interval == pytest.approx((base - np.log(mean + 3 * error), base - np.log(mean - 3 * error)))
    for estimate in (up, down):
        assert estimate.standard_error == pytest.approx(error / mean)
        assert estimate.effective_sample_size == pytest.approx(16.0**2 / 36.0)


def test_where_three_deviations_reach_zero_an_end_is_infinite(make_harmonium, monkeypatch):
    harmonium, v = make_harmonium(4, 3), None
    monkeypatch.setattr(ais, "anneal", lambda harmonium, v, betas, seed, title: (v, np.array([0.0, 50.0])))
    assert ais.forward(harmonium, v, ais.temperatures(2), 0).interval[0] == -np.inf
    assert ais.reverse(harmonium, v, ais.temperatures(2), 0).interval[1] == np.inf


def test_blocks_do_not_matter_and_seeds_do(make_harmonium, monkeypatch):
    harmonium, betas = make_harmonium(6, 5), ais.temperatures(30)
    v = ais.start(harmonium, 8, 0)
    whole = ais.anneal(harmonium, v, betas, 4, title="AIS")
    other = ais.anneal(harmonium, v, betas, 5, title="AIS")
    monkeypatch.setattr(ais, "_BLOCK", 7)
    parts = ais.anneal(harmonium, v, betas, 4, title="AIS")
    np.testing.assert_array_equal(parts[0], whole[0])
    np.testing.assert_allclose(parts[1], whole[1], rtol=1e-12)
    assert np.all(other[1] != whole[1])


def test_a_path_that_stays_at_one_is_a_gibbs_chain_without_weight(make_harmonium):
    harmonium = make_harmonium(5, 4)
    v, log_weights = ais.anneal(
        harmonium, gibbs.start(harmonium, tf.range(4_000, dtype=tf.int64)), np.ones(31), 0, title=""
    )
    np.testing.assert_array_equal(log_weights, np.zeros(4_000))
    expected = exact_samples(harmonium, 4_000).numpy().mean(axis=0)
    np.testing.assert_allclose(v.numpy().mean(axis=0), expected, atol=0.05)
