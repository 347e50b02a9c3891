"""Log-likelihood under a Parzen window: a mixture of one isotropic normal a sample, N(sample, sigma^2 I).

    log p(x) = log (1/N) sum_i exp(-|x - sample_i|^2 / (2 sigma^2)) - D log(sigma sqrt(2 pi))

References:
  Breuleux, Bengio & Vincent (2011), Quickly Generating Representative Samples from an RBM-Derived Process, section 4.
  Goodfellow et al. (2014), Generative Adversarial Nets, section 5: sigma by cross-validation.
  Theis, van den Oord & Bethge (2016), A note on the evaluation of generative models, section 3.3: why it misleads.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import sklearn.metrics

from tfdgm.core.validation import require_at_least
from tfdgm.evaluation.feature_sets import paired_features

_CHUNK = 500  # examples at a time, against all samples


def parzen_log_prob(samples: Any, x: Any, bandwidths: Sequence[float]) -> np.ndarray:
    """log p(x) in nats by each bandwidth.

    Args:
      samples: the window's centres, [N, D].
      x: [M, D].
      bandwidths: values of sigma, each above 0, K of them.

    Returns:
      Float64 [K, M].

    Raises:
      ValueError: for sets that do not fit each other, or a bandwidth that is not above 0.
    """
    for bandwidth in bandwidths:
        if not bandwidth > 0.0:
            raise ValueError(f"a bandwidth is {bandwidth}; it must be above 0")
    x, samples = paired_features(x, samples, min_rows=1, needed_for="a Parzen window")
    num, num_dims = samples.shape
    parts = []
    for start in range(0, len(x), _CHUNK):
        squares = sklearn.metrics.pairwise.euclidean_distances(x[start : start + _CHUNK], samples, squared=True)
        parts.append(_log_sums(squares, bandwidths))
    constants = np.log(num) + num_dims * (np.log(np.asarray(bandwidths)) + 0.5 * np.log(2.0 * np.pi))
    return np.concatenate(parts, axis=1) - constants[:, np.newaxis]


def choose_bandwidth(samples: Any, x_validation: Any, bandwidths: Sequence[float]) -> float:
    """The bandwidth with the highest mean log p over held-out examples, which are not those the figure is for.

    Raises:
      ValueError: where there is no bandwidth to choose from; and as `parzen_log_prob`.
    """
    require_at_least(1, num_bandwidths=len(bandwidths))
    means = parzen_log_prob(samples, x_validation, bandwidths).mean(axis=1)
    return float(bandwidths[int(np.argmax(means))])


def _log_sums(squares: np.ndarray, bandwidths: Sequence[float]) -> list[np.ndarray]:
    """log sum_i exp(-squares_i / (2 sigma^2)) of each row [M, N], by each bandwidth; `squares` is used up."""
    # The nearest centre's term is the largest whatever sigma is: one shift for all, and no copies of what is large.
    least = squares.min(axis=1)
    squares -= least[:, np.newaxis]
    terms, found = np.empty_like(squares), []
    for sigma in bandwidths:
        np.multiply(squares, -0.5 / sigma**2, out=terms)
        np.exp(terms, out=terms)
        found.append(np.log(terms.sum(axis=1)) - 0.5 * least / sigma**2)
    return found
