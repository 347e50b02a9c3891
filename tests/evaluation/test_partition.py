"""Ways to log Z: which are open, what they start from, what they say of themselves."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.configs.partition import PartitionEvaluation
from tfdgm.evaluation import ais, partition
from tfdgm.math.harmonium import Harmonium, Normalizer

SETTINGS = PartitionEvaluation(num_ais_runs=20, num_ais_temperatures=50, num_burn_in_sweeps=3)


@pytest.fixture
def small(make_harmonium):
    return Normalizer(make_harmonium(6, 5, scale=0.5))


@pytest.fixture
def large():
    """21 units on either side and no weights: log Z = 21 log 2 + sum softplus(b), however it is annealed."""
    return Normalizer(Harmonium(tf.zeros([21, 21]), tf.ones([21]), tf.zeros([21])))


def test_enumeration_is_open_and_best_for_small_sides_alone(small, large):
    assert partition.possible_ways(small.harmonium) == ("enumeration", "ais", "reverse_ais")
    assert partition.best_ways(small.harmonium) == ("enumeration",)
    assert partition.possible_ways(large.harmonium) == partition.best_ways(large.harmonium) == ("ais", "reverse_ais")


def test_all_ways_agree_and_say_how_they_went(small):
    exact, forward, reverse = (way(small, SETTINGS, 0) for way in partition.WAYS.values())
    assert exact.note == "log Z exact, by enumeration of 2^5 hidden states"
    assert exact.standard_error == 0.0
    for found, name in ((forward, "AIS"), (reverse, "reverse AIS")):
        assert abs(found.value - exact.value) < 4.0 * found.standard_error
        error = f"{found.standard_error:.2g}"
        assert found.note.startswith(f"log Z by {name}, 20 runs of 50 temperatures, s.e. {error}, 3 s.d. ")
        assert ", effective sample size " in found.note
    assert "bracket" not in forward.note
    assert reverse.note.endswith("; from exact samples: with the forward run a bracket")


def test_without_exact_samples_there_is_no_bracket_whatever_it_starts_from(large):
    data_free = partition.by_reverse_ais(large, SETTINGS, 0)
    assert data_free.note.endswith("; from data-free chains after 3 sweeps: with the forward run no bracket")
    chains = dataclasses.replace(large, states=tf.ones([4, 21]))
    persistent = partition.by_reverse_ais(chains, dataclasses.replace(SETTINGS, num_burn_in_sweeps=1_000), 0)
    assert persistent.note.endswith("; from persistent chains after 1,000 sweeps: with the forward run no bracket")
    for found in (data_free, persistent, partition.by_ais(large, SETTINGS, 0)):
        assert found.value == pytest.approx(21.0 * (np.log(2.0) + np.log1p(np.e)), abs=1e-3)


@pytest.mark.parametrize(("num_chains", "expected"), [(3, [0, 1, 2, 0, 1]), (8, [0, 1, 2, 3, 4])])
def test_reverse_runs_start_from_the_states_tiled_or_cut(large, monkeypatch, num_chains, expected):
    started = []
    reverse = ais.reverse
    monkeypatch.setattr(ais, "reverse", lambda harmonium, v, *args: started.append(v) or reverse(harmonium, v, *args))
    states = tf.constant(np.random.default_rng(0).integers(0, 2, [num_chains, 21]), tf.float32)
    settings = dataclasses.replace(SETTINGS, num_ais_runs=5, num_burn_in_sweeps=0)
    partition.by_reverse_ais(dataclasses.replace(large, states=states), settings, 0)
    np.testing.assert_array_equal(started[0], states.numpy()[expected])


def test_burn_in_moves_the_states(large, monkeypatch):
    started = []
    reverse = ais.reverse
    monkeypatch.setattr(ais, "reverse", lambda harmonium, v, *args: started.append(v) or reverse(harmonium, v, *args))
    partition.by_reverse_ais(dataclasses.replace(large, states=tf.zeros([20, 21])), SETTINGS, 0)
    # One sweep forgets all, for there are no weights.
    assert np.mean(started[0]) == pytest.approx(1.0 / (1.0 + np.exp(-1.0)), abs=0.1)


def test_estimates_follow_the_seed(small):
    for way in (partition.by_ais, partition.by_reverse_ais):
        assert way(small, SETTINGS, 1) == way(small, SETTINGS, 1)
        assert way(small, SETTINGS, 1).value != way(small, SETTINGS, 2).value


@pytest.mark.parametrize("way", [partition.by_ais, partition.by_reverse_ais])
@pytest.mark.parametrize(
    ("field", "value", "least"), [("num_ais_runs", 0, 2), ("num_ais_temperatures", 1, 2), ("num_burn_in_sweeps", -1, 0)]
)
def test_bad_settings_are_refused_by_name(small, way, field, value, least):
    settings = dataclasses.replace(SETTINGS, **{field: value})
    with pytest.raises(ValueError, match=f"{field} is {value}; it must be at least {least}"):
        way(small, settings, 0)
