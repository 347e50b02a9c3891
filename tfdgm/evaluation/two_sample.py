"""Whether two samples come from one distribution: a kernel test, its threshold by permutation.

    MMD^2 = E k(x, x') + E k(y, y') - 2 E k(x, y),    k(x, y) = exp(-|x - y|^2 / (2 s^2)),  s the median distance

References:
  Gretton, Borgwardt, Rasch, Scholkopf & Smola (2012), A kernel two-sample test, equation 3 and section 8.
"""

import numpy as np
import sklearn.metrics

from tfdgm.core.validation import require_at_least


def kernel_test(
    x: np.ndarray, y: np.ndarray, *, num_permutations: int = 500, level: float = 0.05, seed: int = 0
) -> tuple[float, float]:
    """The unbiased estimate of MMD^2, and what it exceeds with probability `level` where there is no difference.

    That threshold is the quantile of estimates over random permutations of all points.

    Args:
      x: [N, D], N at least 2.
      y: [N, D], as many.
      num_permutations: at least 1.
      level: of the test.
      seed: of the permutations.

    Raises:
      ValueError: for samples of other sizes than each other's, or of a single point.
    """
    if x.shape != y.shape:
        raise ValueError(f"samples have shapes {x.shape} and {y.shape}; the test needs as many points in either")
    num = len(x)
    require_at_least(2, num_points=num)
    points = np.concatenate([x, y]).astype(np.float64)
    squares = sklearn.metrics.pairwise.euclidean_distances(points, squared=True)
    median = np.median(squares[np.triu_indices(2 * num, k=1)])
    kernel = np.exp(squares / (-2.0 * median)) if median > 0.0 else np.ones_like(squares)
    np.fill_diagonal(kernel, 0.0)
    random, is_x = np.random.default_rng(seed), np.arange(2 * num) < num
    assignments = np.stack([is_x, *(random.permutation(is_x) for _ in range(num_permutations))]).astype(np.float64)
    estimates = _estimates(kernel, assignments)
    return float(estimates[0]), float(np.quantile(estimates[1:], 1.0 - level))


def _estimates(kernel: np.ndarray, is_x: np.ndarray) -> np.ndarray:
    """MMD^2 of each row of 0 and 1, [P, 2 N], by a kernel with zeros on its diagonal."""
    num = kernel.shape[0] // 2
    row_sums = is_x @ kernel  # [P, 2 N]: of each point's kernel with all x
    within_x = np.sum(row_sums * is_x, axis=1)
    between = np.sum(row_sums * (1.0 - is_x), axis=1)
    within_y = kernel.sum() - within_x - 2.0 * between
    return (within_x + within_y) / (num * (num - 1)) - 2.0 * between / num**2
