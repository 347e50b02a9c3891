"""Divergences between finite sets of points, each point of a set equally probable: sums, nothing estimated.

    KL(p || q)  = sum_i p_i log p_i / q_i          infinite where some p_i > 0 = q_i
    JSD(p, q)   = KL(p || m) / 2 + KL(q || m) / 2,  m = (p + q) / 2        log 2 where no point is shared
    TV(p, q)    = sum_i |p_i - q_i| / 2                                    1 where no point is shared

References:
  Lin (1991), Divergence measures based on the Shannon entropy, eq. 3.2.
"""

from typing import Any

import numpy as np


def on_shared_points(a: Any, b: Any) -> tuple[np.ndarray, np.ndarray]:
    """The probabilities p of a and q of b on the points that either has.

    Args:
      a: [N, D].
      b: [M, D].

    Returns:
      p and q, [K] each, K the number of different points; points are the same where all coordinates are equal.

    Raises:
      ValueError: for sets that do not fit each other.
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or not a.size or not b.size:
        raise ValueError(f"a has shape {a.shape} and b {b.shape}; they must be [N, D] and [M, D], N and M at least 1")
    points, place = np.unique(np.concatenate([a, b]), axis=0, return_inverse=True)
    place = place.ravel()
    p, q = (np.bincount(part, minlength=len(points)) / len(part) for part in (place[: len(a)], place[len(a) :]))
    return p, q


def kullback_leibler(p: np.ndarray, q: np.ndarray) -> float:
    """KL(p || q), nats: [K] twice to a number."""
    has = p > 0.0
    if (q[has] == 0.0).any():
        return np.inf
    return float(np.sum(p[has] * np.log(p[has] / q[has])))


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    """JSD(p, q), nats, between 0 and log 2: [K] twice to a number."""
    middle = 0.5 * (p + q)
    return 0.5 * (kullback_leibler(p, middle) + kullback_leibler(q, middle))


def total_variation(p: np.ndarray, q: np.ndarray) -> float:
    """TV(p, q), between 0 and 1: [K] twice to a number."""
    return 0.5 * float(np.abs(p - q).sum())
