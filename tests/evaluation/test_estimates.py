"""Moments of estimates that are known outcome by outcome, and their table."""

import numpy as np
import pytest

from tfdgm.evaluation import estimates
from tfdgm.evaluation.estimates import Estimate

_RNG = np.random.default_rng(0)


def test_moments_are_those_of_each_example_averaged():
    gradients, p = _RNG.normal(size=(3, 5, 4)), _RNG.dirichlet(np.ones(5), size=3)
    covariances = [np.cov(g.T, aweights=w, ddof=0) for g, w in zip(gradients, p, strict=True)]
    mean, variance = estimates.moments(gradients, p)
    np.testing.assert_allclose(mean, np.mean([w @ g for g, w in zip(gradients, p, strict=True)], axis=0))
    assert variance == pytest.approx(np.mean([np.trace(each) for each in covariances]))


def test_the_same_outcomes_may_serve_all_examples():
    gradients, p = _RNG.normal(size=(1, 5, 4)), _RNG.dirichlet(np.ones(5), size=3)
    mean, variance = estimates.moments(gradients, p)
    repeated = estimates.moments(np.repeat(gradients, 3, axis=0), p)
    np.testing.assert_allclose(mean, repeated[0])
    assert variance == pytest.approx(repeated[1])


def test_biases_are_relative_to_the_gradients_norm():
    each = Estimate("one", "ELBO", np.array([3.0, 0.0]), 1.0, np.array([3.0, 4.0]), np.array([0.0, 2.0]))
    assert each.bias == pytest.approx(0.8)
    assert each.reference_bias == pytest.approx(np.sqrt(13.0) / 2.0)


def test_table_has_a_line_an_estimator_and_calls_rounding_zero():
    one = np.array([3.0, 4.0])
    rows = [
        Estimate("exact one", "ELBO", one + 1e-15, 0.123456, one, one),
        Estimate("near one", "ELBO", one + 1e-5, 1234.5, one, 2.0 * one, "quadrature"),
    ]
    head, first, second = estimates.table(rows, "log p(x)").splitlines()
    assert head.split()[-4:] == ["log", "p(x)", "variance", "kind"]
    assert first.split() == ["exact", "one", "ELBO", "0", "0", "0.1235", "exact"]
    assert second.split() == ["near", "one", "ELBO", "2.8e-06", "0.5000", "1234", "quadrature"]
