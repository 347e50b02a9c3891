"""KID: the squared maximum mean discrepancy between two sets of features, without bias and with its error.

    MMD^2 = E k(x, x') + E k(y, y') - 2 E k(x, y),    k(x, y) = (<x, y> / D + 1)^3

References:
  Binkowski, Sutherland, Arbel & Gretton (2018), Demystifying MMD GANs, section 4.
  Gretton, Borgwardt, Rasch, Scholkopf & Smola (2012), A Kernel Two-Sample Test, equation 3.
"""

import math
from typing import Any

import numpy as np

from tfdgm.core.validation import require_at_least
from tfdgm.evaluation.feature_sets import paired_features


def kernel_distance(
    examples: Any, samples: Any, *, subset_size: int = 1000, num_subsets: int = 100, seed: int = 0
) -> tuple[float, float]:
    """The mean of unbiased estimates on random subsets, and its standard error.

    Subsets that overlap are no independent estimates: however many there are, they are worth at most N / subset_size of
    them. The error is std / sqrt(min(num_subsets, N / subset_size)), with N the smaller of both numbers.

    Args:
      examples: features of real data, [N, D].
      samples: features of samples, [M, D].
      subset_size: drawn from either side for one estimate, without replacement; at least 2.
      num_subsets: estimates, at least 2.
      seed: of the subsets.

    Returns:
      KID, which is 0 in expectation for equal distributions and then as often negative as positive; its error.

    Raises:
      ValueError: for features of other widths, or fewer of them than twice `subset_size`.
    """
    require_at_least(2, subset_size=subset_size, num_subsets=num_subsets)
    needed_for = f"an error over subsets of {subset_size:,}"
    examples, samples = paired_features(examples, samples, min_rows=2 * subset_size, needed_for=needed_for)
    random = np.random.default_rng(seed)
    estimates = np.array(
        [
            squared_mmd(*(rows[random.choice(len(rows), subset_size, replace=False)] for rows in (examples, samples)))
            for _ in range(num_subsets)
        ]
    )
    num_independent = min(num_subsets, min(len(examples), len(samples)) / subset_size)
    return float(estimates.mean()), float(estimates.std(ddof=1) / math.sqrt(num_independent))


def squared_mmd(x: np.ndarray, y: np.ndarray) -> float:
    """The unbiased estimate of MMD^2 by all pairs but those of a point with itself; x [N, D], y [M, D]."""
    xx, yy, xy = _kernel(x, x), _kernel(y, y), _kernel(x, y)
    num_x, num_y = len(x), len(y)
    within_x = (xx.sum() - np.trace(xx)) / (num_x * (num_x - 1))
    within_y = (yy.sum() - np.trace(yy)) / (num_y * (num_y - 1))
    return float(within_x + within_y - 2.0 * xy.mean())


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    # Twice the product: a power of an array is many times slower.
    base = x @ y.T / x.shape[1] + 1.0
    return base * base * base
