"""KID against a double sum written by hand, and its error against the spread of independent repetitions."""

import math

import numpy as np
import pytest
import sklearn.metrics

from tfdgm.evaluation.kernel_distance import kernel_distance, squared_mmd


def normal(num, dim, seed, shift=0.0):
    return np.random.default_rng(seed).standard_normal((num, dim)) + shift


def test_mmd_is_the_double_sum_without_its_diagonals():
    x, y = normal(5, 3, 0), normal(4, 3, 1, shift=0.5)

    def kernel(a, b):
        return (sum(p * q for p, q in zip(a, b, strict=True)) / 3 + 1) ** 3

    within_x = sum(kernel(x[i], x[j]) for i in range(5) for j in range(5) if i != j) / 20
    within_y = sum(kernel(y[i], y[j]) for i in range(4) for j in range(4) if i != j) / 12
    between = sum(kernel(a, b) for a in x for b in y) / 20
    assert squared_mmd(x, y) == pytest.approx(within_x + within_y - 2 * between)


def test_the_kernel_is_that_of_scikit_learn():
    x, y = normal(30, 6, 2), normal(20, 6, 3)
    xx, yy, xy = (sklearn.metrics.pairwise.polynomial_kernel(*pair) for pair in ((x, x), (y, y), (x, y)))
    np.fill_diagonal(xx, 0.0)
    np.fill_diagonal(yy, 0.0)
    expected = xx.sum() / (30 * 29) + yy.sum() / (20 * 19) - 2.0 * xy.mean()
    assert squared_mmd(x, y) == pytest.approx(expected)


def test_mmd_of_shifted_normals_has_a_closed_form():
    """In one dimension, x ~ N(0, 1) and y ~ N(m, 1): E (xy + 1)^3 = 1 + 3 E[x]E[y] + 3 E[x^2]E[y^2] + E[x^3]E[y^3]."""
    m = 0.5
    moments_x, moments_y = (0.0, 1.0, 0.0), (m, 1.0 + m**2, m**3 + 3.0 * m)
    weights = (3.0, 3.0, 1.0)
    exact = sum(w * (p - q) ** 2 for w, p, q in zip(weights, moments_x, moments_y, strict=True))
    value, error = kernel_distance(normal(8_000, 1, 4), normal(8_000, 1, 5, shift=m), subset_size=400, num_subsets=100)
    assert abs(value - exact) < 4.0 * error
    assert error < 0.2 * exact


def test_equal_distributions_are_at_0_without_bias():
    found = [
        kernel_distance(normal(100, 4, 2 * i), normal(100, 4, 2 * i + 1), subset_size=50, num_subsets=10)[0]
        for i in range(200)
    ]
    assert abs(np.mean(found)) < 3.5 * np.std(found, ddof=1) / math.sqrt(200)
    assert min(found) < 0.0


@pytest.mark.parametrize("num_subsets", [4, 60])
def test_the_error_is_the_spread_of_repetitions(num_subsets):
    """Also with many more subsets than the data hold apart."""
    found = [
        kernel_distance(
            normal(400, 3, 2 * i), normal(400, 3, 2 * i + 1, shift=0.3), subset_size=40, num_subsets=num_subsets, seed=i
        )
        for i in range(200)
    ]
    spread = np.std([value for value, _ in found], ddof=1)
    assert np.sqrt(np.mean([error**2 for _, error in found])) == pytest.approx(spread, rel=0.25)


def test_subsets_are_drawn_by_the_seed():
    a, b = normal(50, 2, 0), normal(50, 2, 1)
    settings = {"subset_size": 20, "num_subsets": 5}
    assert kernel_distance(a, b, **settings) == kernel_distance(a, b, seed=0, **settings)
    assert kernel_distance(a, b, **settings) != kernel_distance(a, b, seed=1, **settings)


def test_too_few_features_are_refused_with_the_number_needed():
    a, b = normal(20, 2, 0), normal(19, 2, 1)
    with pytest.raises(ValueError, match="there are 19 samples; an error over subsets of 10 needs at least 20"):
        kernel_distance(a, b, subset_size=10)
    with pytest.raises(ValueError, match="subset_size is 1; it must be at least 2"):
        kernel_distance(a, b, subset_size=1)
