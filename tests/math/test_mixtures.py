"""Mixtures against scipy's densities, and their moments."""

import numpy as np
import pytest
import scipy.integrate
import scipy.spatial.distance
import scipy.special
import scipy.stats

from tfdgm.math.mixtures import MIXTURES, Mixture


def test_density_is_the_mean_of_the_components_densities():
    rng = np.random.default_rng(0)
    mixture = Mixture(rng.normal(size=(4, 3)), 0.7)
    x = rng.normal(size=(20, 3))
    components = [scipy.stats.multivariate_normal(centre, 0.49 * np.eye(3)).logpdf(x) for centre in mixture.centres]
    np.testing.assert_allclose(mixture.log_prob(x), scipy.special.logsumexp(components, axis=0) - np.log(4), rtol=1e-12)


def test_density_far_away_does_not_underflow():
    assert MIXTURES["mixture8"].log_prob(np.full((1, 2), 100.0))[0] == pytest.approx(
        -(139.42**2) / 2 / 0.0004, rel=1e-3
    )


def test_density_integrates_to_one():
    mixture = Mixture(np.array([[-1.0], [2.0]]), 0.3)
    total, _ = scipy.integrate.quad(lambda x: np.exp(mixture.log_prob(np.array([[x]]))[0]), -6.0, 6.0, points=[-1, 2])
    assert total == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize(("name", "num", "nearest"), [("mixture8", 8, 4 * np.sin(np.pi / 8)), ("mixture25", 25, 2.0)])
def test_the_toy_mixtures_are_those_of_the_papers(name, num, nearest):
    mixture = MIXTURES[name]
    assert (mixture.num_components, mixture.num_dims) == (num, 2)
    np.testing.assert_allclose(mixture.centres.mean(axis=0), 0.0, atol=1e-12)
    distances = scipy.spatial.distance.pdist(mixture.centres)
    assert distances.min() == pytest.approx(nearest)
    if name == "mixture8":
        np.testing.assert_allclose(np.linalg.norm(mixture.centres, axis=1), 2.0)
    else:
        assert set(mixture.centres.ravel()) == {-4.0, -2.0, 0.0, 2.0, 4.0}


def test_points_lie_about_the_centre_of_their_component():
    mixture = MIXTURES["mixture25"]
    points, component = mixture.sample(np.random.default_rng(0), 50_000)
    residuals = points - mixture.centres[component]
    # Each bound is five standard errors wide.
    np.testing.assert_allclose(residuals.mean(axis=0), 0.0, atol=5 * 0.05 / np.sqrt(50_000))
    np.testing.assert_allclose(residuals.std(axis=0), 0.05, rtol=5 / np.sqrt(100_000))
    counts = np.bincount(component, minlength=25)
    np.testing.assert_allclose(counts, 2000, atol=5 * np.sqrt(2000))
    # The mean log density is the negative entropy: the components hardly overlap.
    entropy = np.log(25) + np.log(2 * np.pi * np.e * 0.05**2)
    assert -mixture.log_prob(points).mean() == pytest.approx(entropy, abs=5 / np.sqrt(50_000))


def test_equal_generators_draw_equal_points():
    draws = [MIXTURES["mixture8"].sample(np.random.RandomState(3), 5) for _ in range(2)]
    for one, other in zip(*draws, strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_is_no_mixture_is_refused():
    with pytest.raises(ValueError, match=r"centres has shape \(3,\); it must be \[K, D\]"):
        Mixture(np.zeros(3), 1.0)
    with pytest.raises(ValueError, match=r"sigma is 0.0; it must be positive"):
        Mixture(np.zeros((3, 2)), 0.0)
