"""The Frechet distance between two normal distributions with the moments of two sets of features: FID.

    d^2 = |m_a - m_b|^2 + tr(A + B - 2 (A B)^(1/2))

References:
  Dowson & Landau (1982), The Frechet distance between multivariate normal distributions, equation 4.
  Heusel, Ramsauer, Unterthiner, Nessler & Hochreiter (2017), GANs Trained by a Two Time-Scale Update Rule, equation 6.
"""

from typing import Any

import numpy as np
import scipy.linalg

from tfdgm.evaluation.feature_sets import paired_features

_ROUNDING = 1e-8  # of the largest eigenvalue: how far below 0 rounding alone takes one of a covariance


def frechet_distance(examples: Any, samples: Any) -> float:
    """FID between features; the square d^2, as is the custom.

    It is biased upwards: fewer features give a larger figure of the same model, so that only figures of as many samples
    can be compared.

    Args:
      examples: features of real data, [N, D].
      samples: features of samples, [M, D].

    Returns:
      The squared distance, in the features' unit squared.

    Raises:
      ValueError: for features of other widths, or D or fewer of them, whose covariance is singular whatever the model.

    References:
      Chong & Forsyth (2020), Effectively Unbiased FID and Inception Score, section 3: the bias.
    """
    num_features = np.shape(examples)[-1] if np.ndim(examples) else 0
    needed_for = f"a covariance of full rank of {num_features:,} features"
    examples, samples = paired_features(examples, samples, min_rows=num_features + 1, needed_for=needed_for)
    return distance_of_moments(*moments(examples), *moments(samples))


def moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean [D] and unbiased covariance [D, D] of features [N, D]."""
    return features.mean(axis=0), np.atleast_2d(np.cov(features, rowvar=False))


def distance_of_moments(mean_a: np.ndarray, cov_a: np.ndarray, mean_b: np.ndarray, cov_b: np.ndarray) -> float:
    """d^2 of two normal distributions; never below 0.

    (A B)^(1/2) has the trace of (A^(1/2) B A^(1/2))^(1/2), whose argument is symmetric: its eigenvalues are real and
    found to full precision also where A or B is singular (a feature that is constant), where the square root of the
    product itself turns complex or NaN.

    Args:
      mean_a: [D].
      cov_a: A, symmetric and positive semi-definite, [D, D].
      mean_b: [D].
      cov_b: B, likewise.

    Raises:
      ValueError: when a matrix is not positive semi-definite.
    """
    values, vectors = scipy.linalg.eigh(cov_a)
    root_a = vectors * np.sqrt(_clipped("cov_a", values)) @ vectors.T
    product = root_a @ cov_b @ root_a
    trace = np.sqrt(_clipped("cov_b", scipy.linalg.eigvalsh((product + product.T) / 2.0))).sum()
    squares = np.sum(np.square(mean_a - mean_b)) + np.trace(cov_a) + np.trace(cov_b)
    return float(max(squares - 2.0 * trace, 0.0))


def _clipped(name: str, eigenvalues: np.ndarray) -> np.ndarray:
    """Eigenvalues that rounding took below 0, at 0."""
    if eigenvalues[0] < -_ROUNDING * max(abs(eigenvalues[-1]), np.finfo(np.float64).tiny):
        raise ValueError(f"{name} has the eigenvalue {eigenvalues[0]:g}; a covariance has none below 0")
    return np.maximum(eigenvalues, 0.0)
