"""Singular values in a log: there and back, and what counts as an explosion."""

import numpy as np
import pytest

from tfdgm.models import singular_values
from tfdgm.models.singular_values import Growth, explosion, growths

STEPS = np.arange(100, 4001, 100)


def test_what_is_logged_is_read_back_and_lines_without_are_passed_over():
    first = {"generator_first": [3.0, 2.0, 1.0], "discriminator_outputs": [0.5]}
    second = {"generator_first": [4.0, 2.5, 1.5], "discriminator_outputs": [0.75]}
    lines = [
        {"step": 10, "phase": "train", **singular_values.logged(first)},
        {"step": 15, "loss/generator": 1.0},
        {"step": 20, "phase": "train", **singular_values.logged(second)},
    ]
    assert lines[0]["singular_value_1/generator_first"] == 2.0
    steps, values = singular_values.read(lines)
    assert steps.tolist() == [10, 20]
    assert {layer: of_layer.tolist() for layer, of_layer in values.items()} == {
        "generator_first": [[3.0, 2.0, 1.0], [4.0, 2.5, 1.5]],
        "discriminator_outputs": [[0.5], [0.75]],
    }
    assert singular_values.read([{"step": 1, "loss/generator": 1.0}])[1] == {}


def test_growth_is_within_a_tenth_of_the_run_from_where_one_is_logged():
    found = growths(STEPS, "generator_first", STEPS / 100.0)
    assert found[0] == Growth("generator_first", 900, 9.0, 1000, 10.0)
    assert found[-1] == Growth("generator_first", 3600, 36.0, 4000, 40.0)
    assert found[-1].factor == pytest.approx(10 / 9)
    assert len(found) == 31
    assert growths(np.array([1000, 2000]), "generator_first", np.ones(2)) == []


def _explosion(generator, discriminator=None):
    layers = {"generator_first": generator, "discriminator_first": discriminator}
    return explosion(STEPS, {name: values[:, np.newaxis] for name, values in layers.items() if values is not None})


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 3.0])
def test_growth_by_a_power_of_the_step_is_none(power):
    assert _explosion((STEPS / 100.0) ** power) is None


def test_doubling_within_a_tenth_is_one_from_the_step_that_shows_it():
    values = np.where(STEPS >= 3000, 2.0, 1.0) * 1.5
    assert _explosion(values) == Growth("generator_first", 2700, 1.5, 3000, 3.0)
    assert _explosion(np.where(STEPS >= 3000, 1.99, 1.0)) is None


def test_one_that_stays_high_began_where_it_was_seen_first():
    rising = np.where(STEPS >= 2000, 2.0 ** ((STEPS - 1800) / 200), 1.0)
    assert _explosion(rising).step == 2000
    gone = np.where((STEPS >= 2000) & (STEPS < 2500), 5.0, 1.0)
    assert _explosion(gone) is None
    again = np.where(STEPS >= 3500, 7.0, gone)
    assert _explosion(again) == Growth("generator_first", 3100, 1.0, 3500, 7.0)


def test_the_discriminator_s_jumps_are_none():
    ones = np.ones(len(STEPS))
    assert _explosion(ones, np.where(STEPS >= 3000, 9.0, 1.0)) is None


def test_the_earliest_of_several_layers_and_zeros_are_no_explosion():
    early, late = np.where(STEPS >= 2000, 3.0, 1.0), np.where(STEPS >= 3000, 3.0, 1.0)
    values = {"generator_a": late[:, np.newaxis], "generator_b": early[:, np.newaxis]}
    assert explosion(STEPS, values).layer == "generator_b"
    assert explosion(STEPS, {"generator_a": np.where(STEPS >= 3000, 1.0, 0.0)[:, np.newaxis]}) is None
    assert explosion(np.array([], int), {}) is None
