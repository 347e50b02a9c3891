"""Distances against closed forms, against each other, and against every permutation of small sets."""

import itertools
import math

import numpy as np
import pytest
import scipy.stats

from tfdgm.evaluation import wasserstein
from tfdgm.evaluation.wasserstein import assignment_distance, sliced_distance, transport_distance, wasserstein_1d

ORDERS = [1.0, 1.5, 2.0, 3.0]


def random_points(num, dim=1, seed=0):
    return np.random.default_rng(seed).standard_normal((num, dim))


@pytest.mark.parametrize("order", ORDERS)
def test_a_translation_is_as_far_as_it_moves(order):
    points, shift = random_points(40, 3), np.array([1.0, -2.0, 2.0])
    assert assignment_distance(points, points + shift, order) == pytest.approx(3.0)
    assert transport_distance(points, points + shift, order=order) == pytest.approx(3.0)
    assert wasserstein_1d(points[:, 0], points[:, 0] + 0.7, order) == pytest.approx(0.7)


@pytest.mark.parametrize("order", ORDERS)
def test_weighted_points_against_the_coupling_by_hand(order):
    """0 and 1 with masses 1/4 and 3/4 against 2 alone: 1/4 goes 2 far, 3/4 goes 1."""
    expected = (0.25 * 2.0**order + 0.75) ** (1 / order)
    assert wasserstein_1d([1.0, 0.0], [2.0], order, weights_a=[3.0, 1.0]) == pytest.approx(expected)
    assert transport_distance([[1.0], [0.0]], [[2.0]], [3.0, 1.0], order=order) == pytest.approx(expected)


@pytest.mark.parametrize("order", ORDERS)
def test_unequal_sizes_against_the_coupling_by_hand(order):
    """Thirds at 0, 3, 6 against halves at 0, 6: of the middle third one half goes either way, 3 far."""
    expected = (3.0**order / 3.0) ** (1 / order)
    assert wasserstein_1d([0.0, 3.0, 6.0], [6.0, 0.0], order) == pytest.approx(expected)
    assert transport_distance([[0.0], [3.0], [6.0]], [[0.0], [6.0]], order=order) == pytest.approx(expected)


@pytest.mark.parametrize("order", ORDERS)
def test_all_agree_on_the_line(order):
    a, b = random_points(12, seed=1), 2.0 * random_points(12, seed=2) + 1.0
    exact = wasserstein_1d(a[:, 0], b[:, 0], order)
    assert exact == pytest.approx(np.mean(np.abs(np.sort(a[:, 0]) - np.sort(b[:, 0])) ** order) ** (1 / order))
    assert assignment_distance(a, b, order) == pytest.approx(exact)
    assert transport_distance(a, b, order=order) == pytest.approx(exact)
    # In one dimension every direction is +1 or -1.
    assert sliced_distance(a, b, 5, order) == (pytest.approx(exact), pytest.approx(0.0, abs=1e-12))


@pytest.mark.parametrize("order", ORDERS)
def test_weighted_quantiles_agree_with_the_linear_program(order):
    random = np.random.default_rng(3)
    a, b, weights_a, weights_b = random.normal(size=9), random.normal(size=14), random.random(9), random.random(14)
    weights_a[2] = 0.0
    by_program = transport_distance(a[:, np.newaxis], b[:, np.newaxis], weights_a, weights_b, order)
    assert wasserstein_1d(a, b, order, weights_a, weights_b) == pytest.approx(by_program, rel=1e-6)


def test_order_1_agrees_with_scipy_in_several_dimensions():
    a, b = random_points(7, 3, seed=4), random_points(9, 3, seed=5)
    weights = np.arange(1.0, 8.0)
    expected = scipy.stats.wasserstein_distance_nd(a, b, weights)
    assert transport_distance(a, b, weights) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("order", ORDERS)
def test_the_assignment_is_the_best_of_all_permutations(order):
    a, b = random_points(6, 2, seed=6), random_points(6, 2, seed=7)
    costs = [
        np.mean(np.linalg.norm(a - b[list(permuted)], axis=1) ** order) for permuted in itertools.permutations(range(6))
    ]
    assert assignment_distance(a, b, order) == pytest.approx(min(costs) ** (1 / order))
    assert transport_distance(a, b, order=order) == pytest.approx(min(costs) ** (1 / order), rel=1e-6)


def test_sliced_distance_of_two_points_is_the_mean_projection():
    """|<a - b, t>| has mean 2 / pi |a - b| on the circle and root mean square |a - b| / sqrt(D)."""
    a, b = np.zeros((1, 2)), np.array([[3.0, 4.0]])
    value, error = sliced_distance(a, b, 20_000)
    assert abs(value - 5.0 * 2.0 / math.pi) < 4.0 * error < 0.1
    a, b = np.zeros((1, 5)), np.full((1, 5), 2.0)
    value, error = sliced_distance(a, b, 20_000, order=2.0, seed=1)
    assert abs(value - 2.0) < 4.0 * error < 0.1


def test_sliced_error_is_that_of_the_estimate():
    a, b = random_points(30, 4, seed=8), random_points(20, 4, seed=9) + 1.0
    found = [sliced_distance(a, b, 50, order=2.0, seed=seed) for seed in range(200)]
    spread = np.std([value for value, _ in found], ddof=1)
    assert np.mean([error for _, error in found]) == pytest.approx(spread, rel=0.15)
    assert found[0] == sliced_distance(a, b, 50, order=2.0, seed=0)


def test_sliced_distance_between_unequal_sizes_is_that_of_repeated_points():
    a, b = random_points(10, 3, seed=1), random_points(5, 3, seed=2)
    same = sliced_distance(a, np.repeat(b, 2, axis=0), 20, order=2.0)
    assert sliced_distance(a, b, 20, order=2.0) == pytest.approx(same)
    assert sliced_distance(a, a[::-1], 20) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: wasserstein_1d([0.0], [1.0], 0.5), "order is 0.5; it must be at least 1"),
        (lambda: wasserstein_1d([[0.0]], [1.0]), r"a has shape \(1, 1\); points on a line are \[N\]"),
        (lambda: wasserstein_1d([0.0], []), r"b has shape \(0,\)"),
        (lambda: wasserstein_1d([0.0, 1.0], [1.0], weights_a=[1.0]), "weights_a has .* it must be 2 weights"),
        (lambda: wasserstein_1d([0.0], [1.0], weights_b=[-1.0]), "weights_b has .* it must be 1 weights"),
        (lambda: wasserstein_1d([math.nan], [1.0]), "a has 1 values that are not finite"),
        (lambda: assignment_distance(np.ones((2, 1)), np.ones((3, 1))), "a has 2 points and b 3; an assignment needs"),
        (lambda: assignment_distance(np.ones((2, 1)), np.ones((2, 3))), r"they must be \[N, D\] and \[M, D\]"),
        (
            lambda: assignment_distance(*[np.ones((5_001, 1))] * 2),
            "a has 5001 points; an assignment takes at most 5000",
        ),
        (lambda: transport_distance(*[np.ones((501, 1))] * 2), "501 x 501 pairs; the linear program takes 250000"),
        (lambda: sliced_distance([[1.0]], [[1.0]], 1), "num_projections is 1; it must be at least 2"),
    ],
)
def test_what_cannot_be_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_a_program_that_fails_is_no_distance(monkeypatch):
    failed = type("Result", (), {"success": False, "message": "time limit"})()
    monkeypatch.setattr(wasserstein.scipy.optimize, "linprog", lambda *args, **kwargs: failed)
    with pytest.raises(RuntimeError, match="1 x 1 pairs was not solved: time limit"):
        transport_distance([[0.0]], [[1.0]])
