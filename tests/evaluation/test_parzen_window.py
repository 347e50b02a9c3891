import math

import numpy as np
import pytest
import scipy.stats

from tfdgm.evaluation.parzen_window import choose_bandwidth, parzen_log_prob


def test_it_is_the_kernel_density_estimate_of_scipy():
    random = np.random.default_rng(0)
    samples, x = random.standard_normal((80, 3)), random.standard_normal((1_100, 3))
    sigmas = (0.3, 1.0)
    found = parzen_log_prob(samples, x, sigmas)
    for row, sigma in zip(found, sigmas, strict=True):
        estimate = scipy.stats.gaussian_kde(samples.T)
        estimate.covariance = sigma**2 * np.eye(3)
        estimate.cho_cov = np.linalg.cholesky(estimate.covariance)
        estimate.log_det = 2 * np.log(np.diag(estimate.cho_cov * np.sqrt(2 * np.pi))).sum()
        np.testing.assert_allclose(row, estimate.logpdf(x.T), rtol=1e-8)


def test_two_centres_by_hand():
    expected = math.log(0.5 * (math.exp(-0.5) + math.exp(-2.0)) / math.sqrt(2 * math.pi))
    assert parzen_log_prob([[0.0], [3.0]], [[1.0]], [1.0]) == pytest.approx(expected)


def test_far_from_every_centre_it_is_low_and_finite():
    (value,) = parzen_log_prob(np.zeros((2, 784)), np.ones((1, 784)), [0.1])[0]
    assert value == pytest.approx(-0.5 * 784 / 0.01 - 784 * math.log(0.1 * math.sqrt(2 * math.pi)))


def test_the_bandwidth_is_the_best_on_held_out_examples():
    """With one centre at 0 the likelihood is highest at sigma^2 = mean |x|^2 / D."""
    x = np.random.default_rng(1).standard_normal((500, 2))
    x *= 0.4 / math.sqrt(np.mean(x**2))
    assert choose_bandwidth(np.zeros((1, 2)), x, [0.1, 0.2, 0.4, 0.8]) == 0.4


@pytest.mark.parametrize("bandwidth", [0.0, -1.0, math.nan])
def test_a_bandwidth_is_above_0(bandwidth):
    with pytest.raises(ValueError, match="a bandwidth is .*; it must be above 0"):
        parzen_log_prob(np.zeros((1, 2)), np.zeros((1, 2)), [bandwidth])


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"they must be \[N, D\] and \[M, D\]"):
        parzen_log_prob(np.zeros((1, 2)), np.zeros((1, 3)), [1.0])
    with pytest.raises(ValueError, match="num_bandwidths is 0; it must be at least 1"):
        choose_bandwidth(np.zeros((1, 2)), np.zeros((1, 2)), [])
