"""FID against closed forms of normal distributions, and against the matrix square root of SciPy."""

import numpy as np
import pytest
import scipy.linalg

from tfdgm.evaluation.frechet_distance import distance_of_moments, frechet_distance, moments


def features_with(mean, covariance, num=50, seed=0):
    """Features whose own mean and unbiased covariance are exactly those given."""
    raw = np.random.default_rng(seed).standard_normal((num, len(mean)))
    raw -= raw.mean(axis=0)
    whitened = raw @ np.linalg.inv(np.linalg.cholesky(np.atleast_2d(np.cov(raw, rowvar=False)))).T
    return whitened @ np.linalg.cholesky(covariance).T + mean


def random_covariance(dim, seed, rank=None):
    factor = np.random.default_rng(seed).standard_normal((dim, rank or 2 * dim))
    return factor @ factor.T


def test_features_have_the_moments_asked_for():
    mean, covariance = np.arange(3.0), random_covariance(3, seed=1)
    found = moments(features_with(mean, covariance))
    np.testing.assert_allclose(found[0], mean, atol=1e-12)
    np.testing.assert_allclose(found[1], covariance, rtol=1e-9)


def test_commuting_covariances_have_a_closed_form():
    """|m_a - m_b|^2 + sum_i (sigma_a,i - sigma_b,i)^2 where both share eigenvectors."""
    sigma_a, sigma_b = np.array([1.0, 2.0, 3.0]), np.array([4.0, 0.5, 3.0])
    shift, basis = np.array([1.0, 2.0, -2.0]), scipy.linalg.qr(random_covariance(3, seed=2))[0]
    a = features_with(np.zeros(3), basis * sigma_a**2 @ basis.T)
    b = features_with(shift, basis * sigma_b**2 @ basis.T, num=31, seed=1)
    assert frechet_distance(a, b) == pytest.approx(9.0 + np.sum((sigma_a - sigma_b) ** 2))


def test_one_feature_is_one_normal_distribution():
    a, b = features_with(np.array([0.0]), np.array([[4.0]])), features_with(np.array([3.0]), np.array([[25.0]]), seed=1)
    assert frechet_distance(a, b) == pytest.approx(9.0 + 9.0)


@pytest.mark.parametrize("seed", range(3))
def test_any_covariances_agree_with_the_square_root_of_the_product(seed):
    cov_a, cov_b = random_covariance(6, seed), random_covariance(6, seed + 10)
    root = scipy.linalg.sqrtm(cov_a @ cov_b)
    assert np.abs(np.imag(root)).max() < 1e-6
    expected = 4.0 * 6 + np.trace(cov_a + cov_b - 2.0 * np.real(root))
    a = features_with(np.zeros(6), cov_a)
    b = features_with(np.full(6, 2.0), cov_b, seed=1)
    assert frechet_distance(a, b) == pytest.approx(expected)
    assert frechet_distance(b, a) == pytest.approx(expected)


def test_the_distance_to_oneself_is_0():
    features = np.random.default_rng(0).standard_normal((200, 20))
    assert 0.0 <= frechet_distance(features, features) < 1e-9


def test_features_that_are_constant_do_no_harm():
    """Units of a classifier that are never on make both covariances singular."""
    a, b = (np.random.default_rng(seed).standard_normal((60, 5)) * (1 + seed) for seed in range(2))
    padded = [np.concatenate([each, np.zeros((60, 4)), each @ np.ones((5, 1))], axis=1) for each in (a, b)]
    cov_a, cov_b = moments(padded[0])[1], moments(padded[1])[1]
    values, vectors = np.linalg.eig(cov_a @ cov_b)
    trace = np.sum(np.sqrt(np.maximum(np.real(values), 0.0)))
    assert vectors.shape == (10, 10)
    expected = np.sum((padded[0].mean(0) - padded[1].mean(0)) ** 2) + np.trace(cov_a + cov_b) - 2.0 * trace
    assert frechet_distance(*padded) == pytest.approx(expected, rel=1e-6)


def test_singular_covariances_in_different_directions():
    """Rank one each: tr (A B)^(1/2) = |<u, v>| for A = u u^T, B = v v^T."""
    u, v = np.array([3.0, 0.0, 4.0]), np.array([1.0, 2.0, 2.0])
    found = distance_of_moments(np.zeros(3), np.outer(u, u), np.zeros(3), np.outer(v, v))
    assert found == pytest.approx(25.0 + 9.0 - 2.0 * 11.0, rel=1e-6)


def test_too_few_features_are_refused_with_the_number_needed():
    enough, few = np.random.default_rng(0).standard_normal((2, 9, 8))
    assert frechet_distance(enough, few) > 0.0
    with pytest.raises(
        ValueError, match="there are 8 samples; a covariance of full rank of 8 features needs at leas.*9"
    ):
        frechet_distance(enough, few[:8])
    with pytest.raises(ValueError, match="there are 8 examples"):
        frechet_distance(enough[:8], few)
    with pytest.raises(ValueError, match=r"they must be \[N, D\] and \[M, D\]"):
        frechet_distance(enough, few[:, :7])


def test_what_is_no_covariance_is_refused():
    with pytest.raises(ValueError, match="cov_a has the eigenvalue -1; a covariance has none below 0"):
        distance_of_moments(np.zeros(2), np.diag([1.0, -1.0]), np.zeros(2), np.eye(2))
    with pytest.raises(ValueError, match="cov_b has the eigenvalue -1"):
        distance_of_moments(np.zeros(2), np.eye(2), np.zeros(2), np.diag([1.0, -1.0]))
