"""Figures of densities that are known, and fits of a Gaussian against optima found by SciPy."""

import math

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
import tensorflow as tf

from tfdgm.evaluation import mode_study
from tfdgm.evaluation.mode_study import Trainer, figures, fits, mode_masses
from tfdgm.evaluation.mode_targets import TARGETS, Quadrature, Target, integrals
from tfdgm.math.mixtures import Mixture

_LINE, _RING = TARGETS["line"], TARGETS["ring"]
_TWO = Target(
    "two modes", Mixture(np.array([[-1.5], [2.5]]), 0.5), (), 8.0, Quadrature(1024, 80, 1), Quadrature(512, 320, 1), 0.4
)
_COARSE = Quadrature(16, 400, 15)


def _figures(target, points, sigma, quadrature=None):
    sides = integrals(target, quadrature or target.measuring)
    return figures(target, sides, tf.constant(points, tf.float64), tf.constant(sigma, tf.float64))[0]


@pytest.mark.parametrize("target", [_LINE, _RING])
def test_the_data_s_own_density_is_at_no_distance_and_covers_all_modes(target):
    found = _figures(target, target.mixture.centres, target.mixture.sigma)
    assert found.covered == target.mixture.num_components
    for value in (found.kl_from_data, found.kl_from_model, found.jensen_shannon, found.wasserstein):
        assert value == pytest.approx(0.0, abs=1e-12)
    assert found.mass == pytest.approx(1.0, abs=1e-9)
    # 2 (1 - Phi(3)) on the line, exp(-9 / 2) in the plane; at the border whole cells count.
    expected = {1: 2.0 * scipy.stats.norm.sf(3.0), 2: math.exp(-4.5)}[target.num_dims]
    assert found.between == pytest.approx(expected, rel=0.5)


@pytest.mark.parametrize("target", [_LINE, _RING])
def test_half_of_the_modes_are_log_2_from_the_data_and_the_data_far_from_them(target):
    mixture = target.mixture
    kept = mixture.centres[: mixture.num_components // 2]
    found = _figures(target, kept, mixture.sigma)
    assert found.covered == len(kept)
    assert found.kl_from_model == pytest.approx(math.log(2.0), abs=1e-4)
    assert found.kl_from_data > 10.0 * found.kl_from_model
    # With q = 2 p where q is and m = (p + q) / 2: p / m is 2 / 3 there and 2 elsewhere, q / m is 4 / 3.
    expected = 0.25 * math.log(2 / 3) + 0.25 * math.log(2) + 0.5 * math.log(4 / 3)
    assert found.jensen_shannon == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(("num_there", "covered"), [(2, 3), (3, 4)])
def test_a_mode_counts_from_a_tenth_of_its_weight_on(num_there, covered):
    # 100 points, of which 2.5 at the fourth mode would be a tenth of a quarter.
    centres = _LINE.mixture.centres
    points = np.concatenate(
        [np.repeat(centres[:3], [40, 30, 30 - num_there], axis=0), np.repeat(centres[3:], num_there, 0)]
    )
    assert _figures(_LINE, points, 0.05 * _LINE.mixture.sigma, Quadrature(16, 9600, 1)).covered == covered


def test_mass_is_counted_by_mode_and_the_rest_is_between():
    sides = integrals(_RING, _COARSE)
    centres = _RING.mixture.centres
    points = tf.constant(np.stack([centres[0], centres[0], centres[5], [0.0, 0.0]]))
    density = np.exp(sides.log_density(points, tf.constant(0.05, tf.float64)).numpy())
    masses, between = mode_masses(_RING, sides, density)
    np.testing.assert_allclose(masses, [0.5, 0, 0, 0, 0, 0.25, 0, 0], atol=1e-6)
    assert between == pytest.approx(0.25, abs=1e-6)


def test_wasserstein_on_the_line_is_that_of_quantiles():
    found = _figures(_LINE, [[-1.0], [2.0]], 0.8).wasserstein
    levels = (np.arange(4000) + 0.5) / 4000
    x = np.linspace(-12.0, 12.0, 48_001)

    def quantiles(centres, sigma):
        return np.interp(levels, scipy.stats.norm.cdf(x, np.reshape(centres, [-1, 1]), sigma).mean(axis=0), x)

    pair = quantiles(_LINE.mixture.centres, _LINE.mixture.sigma), quantiles([-1.0, 2.0], 0.8)
    assert found == pytest.approx(scipy.stats.wasserstein_distance(*pair), abs=2e-3)


# ---- a Gaussian under each KL ----------------------------------------------------------------------------------------


def _optimum(direction, start, mixture=_TWO.mixture):
    """Mean and deviation of the Gaussian next to `start` with the least KL, and that KL, by SciPy."""
    x = np.linspace(-14.0, 14.0, 7001)
    log_p = mixture.log_prob(x[:, np.newaxis])

    def kl(parameters):
        log_q = scipy.stats.norm.logpdf(x, parameters[0], abs(parameters[1]))
        first, second = direction(log_p, log_q)
        return np.sum(np.exp(first) * (first - second)) * (x[1] - x[0])

    found = scipy.optimize.minimize(kl, start, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-12})
    return (*found.x, found.fun)


def _moments(model):
    kernel, bias = (each.numpy().item() for each in model.mean.trainable_variables)
    return bias, math.hypot(kernel, float(model.sigma()))


def test_a_gaussian_under_kl_from_data_matches_moments():
    mean, deviation = _moments(Trainer(_TWO, "KL(data||model)", 1500).train(0))
    assert (mean, deviation) == pytest.approx((0.5, math.sqrt(4.25)), abs=5e-3)
    assert (mean, deviation) == pytest.approx(_optimum(lambda p, q: (p, q), (0.1, 1.5))[:2], abs=5e-3)


def test_a_gaussian_under_kl_from_model_seeks_a_mode():
    mean, deviation = _moments(Trainer(_TWO, "KL(model||data)", 1500).train(0))
    nearest = min((-1.5, 2.5), key=lambda centre: abs(centre - mean))
    assert (mean, deviation) == pytest.approx((nearest, 0.5), abs=0.02)
    assert (mean, deviation) == pytest.approx(_optimum(lambda p, q: (q, p), (nearest, 0.5))[:2], abs=5e-3)


@pytest.mark.parametrize(
    ("start", "deviation", "kl"),
    [((1.2, 0.5), 0.3, math.log(4.0)), ((0.0, 1.25), 2.11, 3.18), ((0.0, 3.0), 2.11, 3.18)],
)
def test_kl_from_model_has_optima_at_a_mode_and_over_all(start, deviation, kl):
    found = _optimum(lambda p, q: (q, p), start, TARGETS["gaussian"].mixture)
    assert found[1:] == pytest.approx((deviation, kl), abs=5e-3)


def test_a_training_is_a_function_of_the_seed_and_starts_over():
    trainer = Trainer(_TWO, "GAN", 50)
    first, second = (_moments(trainer.train(seed)) for seed in (0, 1))
    assert first != second
    assert _moments(trainer.train(0)) == first


def test_fits_are_measured_twice_and_counted(monkeypatch):
    done = []
    monkeypatch.setattr(mode_study, "BATCH_SIZE", 8)
    found = fits(_TWO, ["KL(data||model)"], 50, [3, 4], lambda: done.append(True))
    assert len(done) == 2
    assert [(fit.objective, fit.seed) for fit in found] == [("KL(data||model)", 3), ("KL(data||model)", 4)]
    for fit in found:
        assert fit.density.shape == (320,)
        assert 0.0 < abs(fit.figures.kl_from_data - fit.coarse.kl_from_data) < 0.01
