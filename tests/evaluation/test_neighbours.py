"""Precision, recall, density and coverage on sets made for it, and against counting every pair."""

import math

import numpy as np
import pytest
import scipy.spatial.distance

from tfdgm.evaluation.neighbours import count_neighbours


def by_every_pair(examples, samples, k):
    def radii(points):
        return np.array([sorted(np.linalg.norm(points - point, axis=1))[k] for point in points])

    example_radii, sample_radii = radii(examples), radii(samples)
    distance = scipy.spatial.distance.cdist(examples, samples)
    in_example_ball = distance <= example_radii[:, np.newaxis]
    return {
        "precision": in_example_ball.any(axis=0).mean(),
        "recall": (distance <= sample_radii).any(axis=1).mean(),
        "density": in_example_ball.sum() / (k * len(samples)),
        "coverage": np.mean(distance.min(axis=1) <= example_radii),
    }


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize(("num_examples", "num_samples", "dim"), [(40, 40, 2), (60, 25, 3), (25, 60, 16)])
def test_figures_are_those_of_every_pair(k, num_examples, num_samples, dim):
    random = np.random.default_rng(k)
    examples = random.standard_normal((num_examples, dim))
    samples = 0.7 * random.standard_normal((num_samples, dim)) + 0.5
    counts = count_neighbours(examples, samples, k)
    found = {name: getattr(counts, name)()[0] for name in ("precision", "recall", "density", "coverage")}
    assert found == pytest.approx(by_every_pair(examples, samples, k))


def test_pairs_in_several_parts_are_counted_like_those_in_one(monkeypatch):
    random = np.random.default_rng(0)
    examples, samples = random.standard_normal((2, 700, 2))
    whole = count_neighbours(examples, samples, 3)
    import sklearn.metrics

    chunked = sklearn.metrics.pairwise_distances_chunked
    monkeypatch.setattr(
        sklearn.metrics, "pairwise_distances_chunked", lambda a, b, working_memory: chunked(a, b, working_memory=0.1)
    )
    parts = count_neighbours(examples, samples, 3)
    assert len(list(chunked(examples, samples, working_memory=0.1))) > 10
    for field in ("examples_around_sample", "samples_around_example", "samples_in_ball"):
        np.testing.assert_array_equal(getattr(parts, field), getattr(whole, field))


def line(*points):
    return np.array(points, np.float64)[:, np.newaxis]


def test_a_set_worked_out_by_hand():
    """Balls of the examples 0, 1, 3: [-1, 1], [0, 2], [1, 5]. Of the samples 0.5, 9, 10: [-8, 9], [8, 10], [9, 11]."""
    counts = count_neighbours(line(0, 1, 3), line(0.5, 9, 10), 1)
    np.testing.assert_array_equal(counts.examples_around_sample, [2, 0, 0])
    np.testing.assert_array_equal(counts.samples_in_ball, [1, 1, 0])
    np.testing.assert_array_equal(counts.samples_around_example, [1, 1, 1])
    assert counts.precision() == (pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert counts.recall() == (1.0, 0.0)
    assert counts.density()[0] == pytest.approx(2 / 3)
    assert counts.coverage()[0] == pytest.approx(2 / 3)


def test_samples_of_one_mode_are_precise_and_recall_only_it():
    random = np.random.default_rng(1)
    modes = np.repeat([[0.0, 0.0], [100.0, 0.0]], 200, axis=0)
    examples = modes + random.standard_normal((400, 2))
    samples = examples[:200] + 1e-6
    counts = count_neighbours(examples, samples, 5)
    assert counts.precision()[0] == 1.0
    assert counts.recall()[0] == 0.5
    assert counts.coverage()[0] == 0.5


def test_of_one_distribution_density_is_1_and_coverage_1_less_2_to_the_minus_k():
    random = np.random.default_rng(2)
    counts = count_neighbours(*random.standard_normal((2, 3_000, 4)), 3)
    value, error = counts.density()
    assert abs(value - 1.0) < 5.0 * error < 0.15
    assert counts.coverage()[0] == pytest.approx(1.0 - 2.0**-3, abs=0.03)


def test_errors_are_those_of_means():
    random = np.random.default_rng(3)
    counts = count_neighbours(random.standard_normal((200, 3)), random.standard_normal((100, 3)) + 1.0, 2)
    value, error = counts.precision()
    assert error == pytest.approx(math.sqrt(value * (1.0 - value) / 99))


def test_too_few_points_are_refused_with_the_number_needed():
    with pytest.raises(ValueError, match="there are 5 samples; a point with 5 neighbours needs at least 6"):
        count_neighbours(np.eye(6), np.eye(6)[:5], 5)
    with pytest.raises(ValueError, match="num_neighbours is 0; it must be at least 1"):
        count_neighbours(np.eye(6), np.eye(6), 0)
