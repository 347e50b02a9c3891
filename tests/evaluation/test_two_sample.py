"""The kernel test: its estimate against sums over pairs, its threshold against what chance gives."""

import numpy as np
import pytest

from tfdgm.evaluation.two_sample import kernel_test


def test_the_estimate_is_the_mean_over_pairs_of_distinct_points():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(7, 2)), 1.0 + random.normal(size=(7, 2))
    points = np.concatenate([x, y])
    squares = [np.sum((a - b) ** 2) for i, a in enumerate(points) for b in points[i + 1 :]]

    def k(a, b):
        return np.exp(-np.sum((a - b) ** 2) / (2.0 * np.median(squares)))

    within = sum(k(s[i], s[j]) for s in (x, y) for i in range(7) for j in range(7) if i != j) / 42.0
    between = sum(k(a, b) for a in x for b in y) / 49.0
    assert kernel_test(x, y, num_permutations=1)[0] == pytest.approx(within - 2.0 * between, rel=1e-12)


def test_equal_distributions_exceed_the_threshold_as_often_as_the_level_says():
    random = np.random.default_rng(0)
    exceeded = 0
    for seed in range(200):
        x, y = random.normal(size=(2, 40, 3))
        estimate, threshold = kernel_test(x, y, num_permutations=200, level=0.2, seed=seed)
        exceeded += estimate > threshold
    assert 24 <= exceeded <= 58  # 40 in expectation, 5.7 standard deviation


def test_another_distribution_exceeds_it():
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 2))
    for y in (random.normal([0.5, 0.0], size=(300, 2)), 1.5 * random.normal(size=(300, 2))):
        estimate, threshold = kernel_test(x, y)
        assert estimate > threshold


def test_points_that_are_all_the_same_differ_by_nothing():
    estimate, threshold = kernel_test(np.ones((4, 2)), np.ones((4, 2)))
    assert estimate == pytest.approx(0.0, abs=1e-12)
    assert threshold == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("shapes", "words"),
    [(((3, 2), (4, 2)), r"samples have shapes \(3, 2\) and \(4, 2\)"), (((1, 2), (1, 2)), "num_points is 1")],
)
def test_samples_that_do_not_fit_are_refused(shapes, words):
    with pytest.raises(ValueError, match=words):
        kernel_test(*map(np.zeros, shapes))
