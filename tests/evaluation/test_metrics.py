import math

import numpy as np
import pytest

import tfdgm
from tfdgm.evaluation import codes, metrics, partition, quantities


def test_mean_has_the_standard_error_of_a_mean():
    value, error = metrics.mean(np.array([1.0, 2.0, 3.0, 6.0]))
    assert value == 3.0
    assert error == pytest.approx(math.sqrt((4 + 1 + 0 + 9) / 3) / 2)


def test_one_example_has_no_standard_error():
    assert metrics.mean(np.array([1.0])) == (1.0, None)


def test_nll_is_the_mean_with_its_sign_changed():
    assert metrics.negative_mean(np.array([-1.0, -3.0])) == (2.0, pytest.approx(1.0))


def test_bits_per_dim_of_a_uniform_over_256_levels_is_8():
    spec = tfdgm.DataSpec((2, 3, 1))
    log_prob = np.full(5, -6 * math.log(256.0))
    assert metrics.mean_bits_per_dim(log_prob, spec) == (pytest.approx(8.0), pytest.approx(0.0))


def test_bits_per_dim_scales_the_standard_error():
    spec = tfdgm.DataSpec((4,))
    log_prob = np.array([-1.0, -2.0, -4.0])
    assert metrics.mean_bits_per_dim(log_prob, spec)[1] == pytest.approx(
        metrics.mean(log_prob)[1] / (4 * math.log(2.0))
    )


def test_active_units_are_latents_with_posterior_means_that_vary():
    sign = np.array([[1.0], [-1.0]] * 50)
    assert metrics.num_active(sign * [1.0, 0.12, 0.08, 0.0]) == (2.0, None)


def test_every_metric_is_of_a_known_quantity_and_kind():
    assert {metric.quantity for metric in metrics.METRICS.values()} - {""} == set(quantities.QUANTITIES)
    assert {metric.log_partition for metric in metrics.METRICS.values()} - {""} == set(partition.WAYS)
    assert not any("|" in metric.unit for metric in metrics.METRICS.values())  # units are cells of Markdown tables
    assert {metric.kind for metric in metrics.METRICS.values()} <= {"exact", "bound", "stochastic_bound", "estimate"}


def test_categories_are_matched_with_classes_and_held_against_chance():
    rng = np.random.default_rng(0)
    label = rng.integers(4, size=400)
    category = np.where(rng.random(400) < 0.25, rng.integers(4, size=400), (label + 1) % 4)
    values = np.stack([category, label], axis=1).astype(np.float64)
    metric = metrics.METRICS["category_accuracy"]
    value, error = metric.summary(values, tfdgm.DataSpec((3,), num_classes=4))
    assert value == pytest.approx(np.mean(category == (label + 1) % 4))
    assert error == pytest.approx(math.sqrt(value * (1.0 - value) / 399))
    assert "best for these 400 examples themselves; 0.2" in metric.note(values)  # a quarter and what chance fits


def test_lost_inputs_are_told_from_codes_and_inputs_side_by_side():
    spec = tfdgm.DataSpec((3,))
    code = np.array([[0.1, 0.9], [0.2, 0.8], [0.9, 0.9]])
    assert metrics.num_lost_inputs(np.concatenate([code, np.eye(3)], axis=1), spec) == (1.0, None)


def test_figures_of_dependence_say_what_chance_alone_gives():
    code = np.random.default_rng(0).random((200, 4))
    metric = metrics.METRICS["mean_correlation"]
    assert metric.summary(code, tfdgm.DataSpec((3,)))[0] == pytest.approx(codes.mean_correlation(code))
    floor = f"{codes.chance(codes.mean_correlation, code):.3g}"
    assert metric.note(code) == f"{floor} once each unit's values are shuffled over the 200 examples: by chance alone"
