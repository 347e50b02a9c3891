"""Divergences on a grid: Gaussians' closed forms, quadrature by SciPy, distances of quantiles."""

import math

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
import tensorflow as tf

from tfdgm.math import grid_divergences, round_mixtures

_STEP = 0.05
_AXIS = np.arange(-10.0, 10.0, _STEP)
_P, _Q = scipy.stats.norm(-0.5, 0.6), scipy.stats.norm(1.0, 1.1)


def _logs(*distributions):
    return [tf.constant(each.logpdf(_AXIS)) for each in distributions]


def _closed_form_kl(p, q):
    (mean_p, sigma_p), (mean_q, sigma_q) = (p.mean(), p.std()), (q.mean(), q.std())
    return math.log(sigma_q / sigma_p) + (sigma_p**2 + (mean_p - mean_q) ** 2) / (2.0 * sigma_q**2) - 0.5


@pytest.mark.parametrize(("p", "q"), [(_P, _Q), (_Q, _P), (_P, _P)])
def test_kullback_leibler_of_gaussians_is_the_closed_form(p, q):
    found = grid_divergences.kullback_leibler(*_logs(p, q), _STEP)
    assert float(found) == pytest.approx(_closed_form_kl(p, q), abs=1e-10)


def test_jensen_shannon_is_that_of_adaptive_quadrature_and_symmetric():
    def integrand(x):
        p, q = _P.pdf(x), _Q.pdf(x)
        return 0.5 * (p * math.log(2.0 * p / (p + q)) + q * math.log(2.0 * q / (p + q)))

    expected = scipy.integrate.quad(integrand, -8.0, 8.0, epsabs=1e-12)[0]
    assert float(grid_divergences.jensen_shannon(*_logs(_P, _Q), _STEP)) == pytest.approx(expected, abs=1e-9)
    assert float(grid_divergences.jensen_shannon(*_logs(_Q, _P), _STEP)) == pytest.approx(expected, abs=1e-9)


def test_jensen_shannon_of_densities_far_apart_is_log_2():
    apart = _logs(scipy.stats.norm(-8.0, 0.1), scipy.stats.norm(8.0, 0.1))
    assert float(grid_divergences.jensen_shannon(*apart, _STEP)) == pytest.approx(math.log(2.0), abs=1e-12)


def test_wasserstein_on_the_line_is_that_of_quantiles():
    levels = (np.arange(20_000) + 0.5) / 20_000
    expected = scipy.stats.wasserstein_distance(_P.ppf(levels), _Q.ppf(levels))
    p, q = (tf.constant(each.cdf(_AXIS))[tf.newaxis] for each in (_P, _Q))
    assert float(grid_divergences.wasserstein(p, q, _STEP)) == pytest.approx(expected, abs=1e-3)


def test_sliced_wasserstein_of_a_shift_is_two_over_pi_of_its_length():
    angles = math.pi * (np.arange(64) + 0.5) / 64
    directions = tf.constant(np.stack([np.cos(angles), np.sin(angles)], axis=1))
    centres = [[0.0, 0.0], [1.5, -2.0]]
    cdfs = [
        round_mixtures.projected_cdf(tf.constant([centre], tf.float64), 0.5, directions, tf.constant(_AXIS))
        for centre in centres
    ]
    # E |<t, d>| = |d| 2 / pi
    assert float(grid_divergences.wasserstein(*cdfs, _STEP)) == pytest.approx(2.5 * 2.0 / math.pi, rel=1e-3)
