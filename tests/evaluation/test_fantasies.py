"""Draws of a small RBM by ancestral passes and by chains, against sums over all states."""

import numpy as np
import pytest
import tensorflow as tf

import tfdgm
from tfdgm.evaluation import fantasies, infinite_depth
from tfdgm.math.belief_net import log_marginal_tables, unroll
from tfdgm.math.binary_tables import binary_states

_SEEDS = tf.range(4000, dtype=tf.int64)


@pytest.fixture(scope="module")
def model():
    spec = tfdgm.DataSpec((2, 2, 1), domain="binary", num_levels=2)
    model = tfdgm.build("rbm", spec, num_hidden=3, seed=0)
    small = infinite_depth.small_harmonium(2)
    model.layer.assign(*(tf.cast(value, tf.float32) for value in (small.kernel, small.visible_bias, small.hidden_bias)))
    return model


def _is_mean(statistic, expected):
    assert 0.0 < statistic.standard_error < 0.1
    assert abs(statistic.mean - expected) < 4.0 * statistic.standard_error


def test_ancestral_passes_have_the_means_of_their_own_truncation(model):
    small, depths = infinite_depth.small_harmonium(2), [1, 2, 7]
    f_v, f_h = small.free_energy(binary_states(4)), small.hidden_free_energy(binary_states(3))
    for depth, row in zip(depths, fantasies.by_ancestral_passes(model, depths, _SEEDS), strict=True):
        *_, log_h, log_v = log_marginal_tables(unroll(small, depth))
        assert row.name == str(depth)
        _is_mean(row.free_energy, float(tf.reduce_sum(tf.exp(log_v) * f_v)))
        _is_mean(row.hidden_free_energy, float(tf.reduce_sum(tf.exp(log_h) * f_h)))


def test_deep_passes_chains_and_exact_draws_have_the_means_of_the_rbm(model):
    small = infinite_depth.small_harmonium(2)
    f_v, f_h = small.free_energy(binary_states(4)), small.hidden_free_energy(binary_states(3))
    mean_v, mean_h = (float(tf.reduce_sum(tf.nn.softmax(-energy) * energy)) for energy in (f_v, f_h))
    draws, exact = fantasies.by_enumeration(model, _SEEDS)
    assert exact == {"hidden": pytest.approx(mean_h, rel=1e-5)}
    (deep,) = fantasies.by_ancestral_passes(model, [60], _SEEDS)
    chains = fantasies.by_chains(model, 60, _SEEDS)
    assert [row.name for row in (deep, chains, draws)] == ["60", "chains", "exact draws"]
    for row in (deep, chains, draws):
        _is_mean(row.free_energy, mean_v)
        _is_mean(row.hidden_free_energy, mean_h)


def test_means_are_those_of_the_last_layer(model):
    (row,) = fantasies.by_ancestral_passes(model, [1], _SEEDS[:10])
    harmonium = model.layer.harmonium()
    possible = tf.sigmoid(harmonium.visible_field(binary_states(3, tf.float32))).numpy()
    for mean in row.means.numpy():
        assert np.abs(possible - mean).max(axis=1).min() < 1e-6


def test_table_and_picture_have_a_row_for_each(model):
    rows = [
        *fantasies.by_ancestral_passes(model, [1, 4], _SEEDS[:6]),
        fantasies.by_chains(model, 2, _SEEDS[:6]),
    ]
    lines = fantasies.table(rows, {"hidden": -1.25}).splitlines()
    assert [line.split()[0] for line in lines] == ["depth", "1", "4", "chains", "exact"]
    assert lines[-1].split() == ["exact", "mean", "-1.250"]
    assert lines[-1].index("-1.250") > lines[1].index(f"{rows[0].free_energy.mean:.3f}") + 12
    assert fantasies.table(rows).splitlines() == lines[:-1]
    height, width, _ = fantasies.picture(model, rows, 6).shape
    assert width / height == pytest.approx(2.0, rel=0.02)  # six columns, three rows


def test_only_binary_rbms_have_such_a_net(model):
    fantasies.require_binary_rbm(model)
    with pytest.raises(ValueError, match="the model is 'vae'; only an RBM"):
        fantasies.require_binary_rbm(tfdgm.build("vae", latent_dim=2, hidden_sizes=(4,)))
    gaussian = tfdgm.build("rbm", tfdgm.DataSpec((3,), domain="real"), num_hidden=2, visible_units="gaussian")
    with pytest.raises(ValueError, match="needs visible_units 'bernoulli'"):
        fantasies.require_binary_rbm(gaussian)


def test_many_units_are_not_enumerated():
    assert fantasies.by_enumeration(tfdgm.build("rbm", num_hidden=21), _SEEDS) is None
