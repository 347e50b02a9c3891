"""Wasserstein distances between finite sets of points, found exactly by solvers of SciPy's, or by projections.

    W_p(a, b)^p = min over couplings g of sum_ij g_ij |a_i - b_j|^p        Euclidean |.|, p >= 1

All are distances between the points given. As estimates of the distance between the distributions the points were drawn
from they are biased upwards, in D dimensions by the order of N^(-1/D): two samples of one distribution are never at 0.

References:
  Peyre & Cuturi (2019), Computational Optimal Transport, sections 2.6 (one dimension), 3.1 (linear program), 10.3
    (sliced).
"""

import math
from typing import Any

import numpy as np
import scipy.optimize
import scipy.sparse
import scipy.spatial.distance
import scipy.stats

from tfdgm.core.validation import require_at_least

MAX_ASSIGNMENT_POINTS = 5_000  # a side; its cost matrix takes 200 MB
MAX_TRANSPORT_PAIRS = 250_000  # variables of the linear program, such as 500 x 500


def wasserstein_1d(a: Any, b: Any, order: float = 1.0, weights_a: Any = None, weights_b: Any = None) -> float:
    """W_p between weighted points on the line: int_0^1 |F_a^-1(u) - F_b^-1(u)|^p du, to the power 1/p; exact.

    Args:
      a: [N].
      b: [M].
      order: p, at least 1.
      weights_a: [N], not negative, of any positive sum; None: all alike.
      weights_b: [M], likewise.

    Returns:
      The distance, in the points' unit.

    Raises:
      ValueError: for an order below 1, points that are not on a line, or weights that do not fit them.
    """
    require_at_least(1.0, order=order)
    a, b = _line("a", a), _line("b", b)
    weights_a, weights_b = _weights("weights_a", weights_a, len(a)), _weights("weights_b", weights_b, len(b))
    if order == 1.0:
        return float(scipy.stats.wasserstein_distance(a, b, weights_a, weights_b))
    a, cumulative_a = _sorted(a, weights_a)
    b, cumulative_b = _sorted(b, weights_b)
    # Between neighbouring levels of either distribution function both quantile functions are constant.
    levels = np.union1d(cumulative_a, cumulative_b)
    middles = levels - np.diff(levels, prepend=0.0) / 2.0
    index_a = np.minimum(np.searchsorted(cumulative_a, middles), len(a) - 1)
    index_b = np.minimum(np.searchsorted(cumulative_b, middles), len(b) - 1)
    costs = np.abs(a[index_a] - b[index_b]) ** order
    return float(np.sum(np.diff(levels, prepend=0.0) * costs) ** (1.0 / order))


def assignment_distance(a: Any, b: Any, order: float = 1.0) -> float:
    """W_p between as many points on either side: (min over permutations s of mean_i |a_i - b_s(i)|^p)^(1/p); exact.

    Args:
      a: [N, D].
      b: [N, D].
      order: p, at least 1.

    Returns:
      The distance, in the points' unit.

    Raises:
      ValueError: for an order below 1, sets that do not fit each other, or more than `MAX_ASSIGNMENT_POINTS` points.

    References:
      Birkhoff (1946): with equal weights some optimal coupling is a permutation.
    """
    require_at_least(1.0, order=order)
    a, b = _points(a, b)
    if len(a) != len(b):
        raise ValueError(f"a has {len(a)} points and b {len(b)}; an assignment needs as many, transport_distance not")
    if len(a) > MAX_ASSIGNMENT_POINTS:
        raise ValueError(f"a has {len(a)} points; an assignment takes at most {MAX_ASSIGNMENT_POINTS}")
    costs = _costs(a, b, order)
    return float(costs[scipy.optimize.linear_sum_assignment(costs)].mean() ** (1.0 / order))


def transport_distance(a: Any, b: Any, weights_a: Any = None, weights_b: Any = None, order: float = 1.0) -> float:
    """W_p between weighted points, by linear programming over the N x M couplings; exact.

    Args:
      a: [N, D].
      b: [M, D].
      weights_a: [N], not negative, of any positive sum; None: all alike.
      weights_b: [M], likewise.
      order: p, at least 1.

    Returns:
      The distance, in the points' unit.

    Raises:
      ValueError: for an order below 1, sets or weights that do not fit, or more than `MAX_TRANSPORT_PAIRS` pairs.
      RuntimeError: when the solver fails.
    """
    require_at_least(1.0, order=order)
    a, b = _points(a, b)
    num_a, num_b = len(a), len(b)
    if num_a * num_b > MAX_TRANSPORT_PAIRS:
        raise ValueError(f"a and b make {num_a} x {num_b} pairs; the linear program takes {MAX_TRANSPORT_PAIRS}")
    weights_a, weights_b = _weights("weights_a", weights_a, num_a), _weights("weights_b", weights_b, num_b)
    # Row sums, then column sums, of the coupling laid out row by row.
    rows = scipy.sparse.kron(scipy.sparse.eye_array(num_a), np.ones((1, num_b)))
    columns = scipy.sparse.kron(np.ones((1, num_a)), scipy.sparse.eye_array(num_b))
    found = scipy.optimize.linprog(
        _costs(a, b, order).ravel(),
        A_eq=scipy.sparse.vstack([rows, columns]).tocsr(),
        b_eq=np.concatenate([weights_a, weights_b]),
        bounds=(0.0, None),
        method="highs",
    )
    if not found.success:
        raise RuntimeError(f"the linear program of {num_a} x {num_b} pairs was not solved: {found.message}")
    return float(max(found.fun, 0.0) ** (1.0 / order))


def sliced_distance(
    a: Any, b: Any, num_projections: int = 500, order: float = 1.0, seed: int = 0
) -> tuple[float, float]:
    """(E_t W_p(<a, t>, <b, t>)^p)^(1/p), t uniform on the unit sphere, by random directions.

    Args:
      a: [N, D].
      b: [M, D].
      num_projections: directions, at least 2.
      order: p, at least 1.
      seed: of the directions.

    Returns:
      The estimate and its standard error over the directions, of the points given, in their unit.

    Raises:
      ValueError: for an order below 1, fewer than 2 directions, or sets that do not fit each other.

    References:
      Bonneel, Rabin, Peyre & Pfister (2015), Sliced and Radon Wasserstein Barycenters of Measures, section 3.
    """
    require_at_least(1.0, order=order)
    require_at_least(2, num_projections=num_projections)
    a, b = _points(a, b)
    directions = np.random.default_rng(seed).standard_normal((a.shape[1], num_projections))
    directions /= np.linalg.norm(directions, axis=0)
    powers = _projected_powers(a @ directions, b @ directions, order)
    mean, error = powers.mean(), powers.std(ddof=1) / math.sqrt(num_projections)
    if mean == 0.0:
        return 0.0, 0.0
    # d m^(1/p) = m^(1/p - 1) / p dm
    return float(mean ** (1.0 / order)), float(mean ** (1.0 / order - 1.0) / order * error)


def _projected_powers(a: np.ndarray, b: np.ndarray, order: float) -> np.ndarray:
    """W_p^p of each column of a [N, K] and b [M, K]."""
    if len(a) == len(b):
        return np.mean(np.abs(np.sort(a, axis=0) - np.sort(b, axis=0)) ** order, axis=0)
    return np.array([wasserstein_1d(*columns, order) ** order for columns in zip(a.T, b.T, strict=True)])


def _costs(a: np.ndarray, b: np.ndarray, order: float) -> np.ndarray:
    return scipy.spatial.distance.cdist(a, b) ** order


def _line(name: str, points: Any) -> np.ndarray:
    points = np.asarray(points, np.float64)
    if points.ndim != 1 or not points.size:
        raise ValueError(f"{name} has shape {points.shape}; points on a line are [N], N at least 1")
    _require_finite(name, points)
    return points


def _points(a: Any, b: Any) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or not a.size or not b.size:
        raise ValueError(f"a has shape {a.shape} and b {b.shape}; they must be [N, D] and [M, D], N and M at least 1")
    _require_finite("a", a)
    _require_finite("b", b)
    return a, b


def _require_finite(name: str, points: np.ndarray) -> None:
    if not np.isfinite(points).all():
        raise ValueError(f"{name} has {np.sum(~np.isfinite(points))} values that are not finite; all must be")


def _weights(name: str, weights: Any, num: int) -> np.ndarray:
    """Weights that sum to 1."""
    weights = np.ones(num) if weights is None else np.asarray(weights, np.float64)
    if weights.shape != (num,) or not np.isfinite(weights).all() or weights.min() < 0.0 or not weights.sum() > 0.0:
        raise ValueError(f"{name} has shape {weights.shape}; it must be {num} weights of at least 0, not all of them 0")
    return weights / weights.sum()


def _sorted(points: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points in order, and the distribution function at each, which ends at exactly 1."""
    order = np.argsort(points, kind="stable")
    cumulative = np.cumsum(weights[order])
    return points[order], cumulative / cumulative[-1]
