"""Negative phases: which states they draw, what they keep from step to step, and how replicas share it."""

import dataclasses

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from tests.goldens.enumeration import NUM_HIDDEN, harmonium, probabilities, transitions, visible_states
from tests.goldens.precision import dtype_policy
from tfdgm.core import step_rows
from tfdgm.math import gibbs
from tfdgm.procedures.negative_phase import NEGATIVE_PHASES, negative_phase

STATES = visible_states("bernoulli")[0]
V = STATES.shape[1]
MODEL = harmonium("bernoulli")
PERSISTENT = ("pcd", "fast_pcd", "tempering")


def _phase(kind, **settings):
    with dtype_policy("float64"):
        return negative_phase(kind, V, NUM_HIDDEN, **{"num_chains": 12, "num_temperatures": 3, **settings})


def _rows(step=0, num_rows=8, first_row=0, num_global_rows=8):
    sizes = (tf.constant(size) for size in (num_rows, first_row, num_global_rows))
    return step_rows.StepRows(0, step_rows.TRAIN, tf.constant(step, tf.int64), *sizes)


def _draw(phase, v_data, step=0, model=MODEL, **rows):
    with step_rows.running(_rows(step, len(v_data), **{"num_global_rows": len(v_data), **rows})):
        return phase.draw(model, tf.constant(v_data)).numpy()


def _p_value(v, p):
    counts = np.bincount(v.astype(int) @ [8, 4, 2, 1], minlength=16)
    return scipy.stats.chisquare(counts, p * len(v)).pvalue


# ---- what is drawn ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("num_gibbs_steps", [1, 3])
def test_cd_draws_the_data_after_k_sweeps(num_gibbs_steps):
    model, data = harmonium("bernoulli", scale=2.0), STATES[[0] * 8000 + [15] * 4000]
    drawn = _draw(_phase("cd", num_gibbs_steps=num_gibbs_steps), data, model=model)
    matrix, start = transitions(model, "bernoulli"), np.eye(16)[0] * 2 / 3 + np.eye(16)[15] / 3
    assert _p_value(drawn, start @ np.linalg.matrix_power(matrix, num_gibbs_steps)) > 1e-3
    assert _p_value(drawn, start @ np.linalg.matrix_power(matrix, 4 - num_gibbs_steps)) < 1e-6


@pytest.mark.parametrize("kind", PERSISTENT)
def test_chains_reach_the_model_and_not_the_data(kind):
    phase = _phase(kind, num_chains=8000, num_gibbs_steps=2)
    assert not phase.states().numpy().any()
    for step in range(12):
        drawn = _draw(phase, STATES[[15] * 8], step)
    np.testing.assert_array_equal(phase.states(), drawn)
    assert _p_value(drawn, probabilities(MODEL, "bernoulli")) > 1e-3
    assert _p_value(drawn, probabilities(MODEL.at(0.8), "bernoulli")) < 1e-6


def test_every_temperature_keeps_its_own_distribution():
    phase = _phase("tempering", num_chains=8000)
    for step in range(12):
        _draw(phase, STATES[:8], step)
    np.testing.assert_array_equal(phase.betas, [1.0, 0.5, 0.0])
    for beta, chains in zip(phase.betas, phase.chains.numpy(), strict=True):
        assert _p_value(chains, probabilities(MODEL.at(beta), "bernoulli")) > 1e-3


def test_tempered_chains_leave_modes_that_plain_ones_do_not():
    """Two far modes, of all units off and all on: the share of chains that went from one to the other."""
    kernel = tf.constant(np.full((V, NUM_HIDDEN), 8.0))
    model = dataclasses.replace(
        MODEL,
        kernel=kernel,
        visible_bias=-tf.reduce_sum(kernel, 1) / 2,
        hidden_bias=-tf.reduce_sum(kernel, 0) / 2,
        base_bias=tf.zeros([V], tf.float64),
    )
    moved = {}
    for kind in ("pcd", "tempering"):
        phase = _phase(kind, num_chains=400, num_temperatures=8)
        for step in range(40):
            drawn = _draw(phase, STATES[:8], step, model)
        moved[kind] = drawn.mean()
    assert moved["pcd"] < 0.02
    assert moved["tempering"] == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("kind", NEGATIVE_PHASES)
def test_noise_is_new_in_every_step_and_for_every_phase(kind):
    first, other = _phase(kind, num_chains=60), _phase(kind, num_chains=60, stream=1)
    data = STATES[[5] * 60]
    drawn = _draw(first, data)
    assert (_draw(other, data) != drawn).any()
    assert (_draw(_phase(kind, num_chains=60), data, step=1) != drawn).any()
    np.testing.assert_array_equal(_draw(_phase(kind, num_chains=60), data), drawn)


# ---- what is kept ----------------------------------------------------------------------------------------------------


def test_persistent_chains_go_on_where_they_were():
    phase = _phase("pcd")
    first = _draw(phase, STATES[:8])
    second = _draw(phase, STATES[:8], step=1)
    noise = _rows(1).of(12, "num_chains").noise((1, NUM_HIDDEN + V), phase._stream, "float64")
    np.testing.assert_array_equal(second, gibbs.run_with_noise(MODEL, tf.constant(first), noise))
    assert (second != first).any()


@pytest.mark.parametrize("kind", PERSISTENT)
def test_replicas_make_up_the_whole(kind):
    """Each assigns its own chains and zeros elsewhere; the sum is what one device holds. Data do not matter."""
    whole, halves = _phase(kind), [_phase(kind), _phase(kind)]
    data = STATES[4:12]
    expected = _draw(whole, data)
    drawn = [_draw(half, data[:4], first_row=4 * index, num_global_rows=8) for index, half in enumerate(halves)]
    np.testing.assert_array_equal(np.concatenate(drawn), expected)
    np.testing.assert_array_equal(sum(half.chains.numpy() for half in halves), whole.chains)
    assert (whole.chains.numpy() != 0.0).any()


@pytest.mark.parametrize("kind", PERSISTENT)
def test_chains_that_cannot_be_shared_out_are_refused(kind):
    with pytest.raises(ValueError, match="num_chains is 7; it must be a multiple of the number of replicas"):
        _draw(_phase(kind, num_chains=7), STATES[:4], num_global_rows=8)


def test_fast_weights_learn_the_likelihoods_gradient_and_decay():
    phase, data = _phase("fast_pcd", fast_rate=0.3), tf.constant(STATES[3:9])
    model_states = tf.constant(STATES[:5])

    def correlation(v):
        return (v.numpy().T @ tf.sigmoid(MODEL.hidden_field(v)).numpy()) / len(v)

    step = 0.3 * (correlation(data) - correlation(model_states))
    phase.learn(MODEL, data, model_states)
    np.testing.assert_allclose(phase.overlay, step, rtol=1e-12)
    phase.learn(MODEL, data, model_states)
    np.testing.assert_allclose(phase.overlay, 1.95 * step, rtol=1e-12)


def test_fast_weights_drive_the_chains():
    phase, plain = _phase("fast_pcd", num_chains=4000), _phase("pcd", num_chains=4000)
    phase.overlay.assign(-MODEL.kernel)  # which leaves independent units
    for step in range(3):
        driven, undriven = _draw(phase, STATES[:8], step), _draw(plain, STATES[:8], step)
    bias = MODEL.visible_bias.numpy()
    independent = np.prod(np.where(STATES == 1.0, 1 / (1 + np.exp(-bias)), 1 / (1 + np.exp(bias))), axis=1)
    assert _p_value(driven, independent) > 1e-3
    assert _p_value(undriven, independent) < 1e-6


def test_only_chains_and_overlays_are_kept():
    kept = {kind: {w.name: (w.shape, w.aggregation) for w in _phase(kind).weights} for kind in NEGATIVE_PHASES}
    assert kept == {
        "cd": {},
        "pcd": {"chains": ((12, V), "sum")},
        "fast_pcd": {"chains": ((12, V), "sum"), "overlay": ((V, NUM_HIDDEN), "mean")},
        "tempering": {"chains": ((3, 12, V), "sum")},
    }
    assert _phase("cd").states() is None
    assert not any(_phase(kind).trainable_weights for kind in NEGATIVE_PHASES)


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("cdk", {}, "negative_phase is 'cdk'; it must be one of cd, pcd, fast_pcd, tempering"),
        ("cd", {"num_gibbs_steps": 0}, "num_gibbs_steps is 0; it must be at least 1"),
        ("pcd", {"num_chains": 0}, "num_chains is 0; it must be at least 1"),
        ("fast_pcd", {"num_chains": 0}, "num_chains is 0; it must be at least 1"),
        ("fast_pcd", {"fast_rate": -0.1}, "fast_rate is -0.1; it must be at least 0"),
        ("tempering", {"num_chains": -1}, "num_chains is -1; it must be at least 1"),
        ("tempering", {"num_temperatures": 1}, "num_temperatures is 1; it must be at least 2"),
    ],
)
def test_messages_name_field_value_and_what_is_right(kind, settings, message):
    with pytest.raises(ValueError, match=message):
        _phase(kind, **settings)


def test_a_kind_leaves_alone_what_it_does_not_have():
    assert _phase("cd", num_chains=0, num_temperatures=0).states() is None
