"""Inception Score: how sure a classifier is of each sample, and how evenly it sees the classes over all of them.

    IS = exp E_x KL(p(y|x) || p(y)),    p(y) = E_x p(y|x)

References:
  Salimans, Goodfellow, Zaremba, Cheung, Radford & Chen (2016), Improved Techniques for Training GANs, section 4.
  Barratt & Sharma (2018), A Note on the Inception Score: what it can't tell.
"""

import math
from typing import Any

import numpy as np
import scipy.special

from tfdgm.core.validation import require_at_least
from tfdgm.evaluation.feature_sets import require_num

_MAX_DEVIATION = 1e-3  # of a row's sum from 1


def inception_score(probabilities: Any, num_splits: int = 10) -> tuple[float, float]:
    """The mean score of equal parts of the samples, in their order, and the standard deviation over the parts.

    Args:
      probabilities: p(y|x) of samples, [N, K].
      num_splits: parts, at least 2; N - N mod `num_splits` samples are used.

    Returns:
      The score, between 1 and K, and the standard deviation over parts as papers print it; that of the mean is it
      divided by sqrt(num_splits).

    Raises:
      ValueError: for rows that are no probabilities, or parts of fewer samples than classes.
    """
    require_at_least(2, num_splits=num_splits)
    probabilities = checked_probabilities(probabilities)
    num, num_classes = probabilities.shape
    require_num("samples", num, num_splits * num_classes, f"a score of {num_classes:,} classes in {num_splits} parts")
    parts = probabilities[: num - num % num_splits].reshape(num_splits, -1, num_classes)
    scores = np.array([_score(part) for part in parts])
    return float(scores.mean()), float(scores.std(ddof=1))


def checked_probabilities(probabilities: Any) -> np.ndarray:
    """Rows [N, K] in float64 that sum to 1 exactly.

    Raises:
      ValueError: when they are no probabilities.
    """
    probabilities = np.asarray(probabilities, np.float64)
    if probabilities.ndim != 2 or probabilities.shape[1] < 2:
        raise ValueError(f"probabilities have shape {probabilities.shape}; they must be [N, K], K at least 2")
    sums = probabilities.sum(axis=1, keepdims=True)
    if not (np.abs(sums - 1.0) < _MAX_DEVIATION).all() or probabilities.min() < 0.0:
        raise ValueError(
            f"probabilities lie between {probabilities.min():g} and {probabilities.max():g} and rows sum to "
            f"{sums.min():g} to {sums.max():g}; they must be at least 0 and sum to 1"
        )
    return probabilities / sums


def _score(probabilities: np.ndarray) -> float:
    divergences = scipy.special.rel_entr(probabilities, probabilities.mean(axis=0)).sum(axis=1)
    return math.exp(divergences.mean())
