"""Samples of a mixture of normals whose components are known: which modes they reach, and how many lie on none.

References:
  Srivastava, Valkov, Russell, Gutmann & Sutton (2017), VEEGAN: modes captured and high-quality samples.
"""

import dataclasses
import math
from typing import Any

import numpy as np
import sklearn.metrics

from tfdgm.evaluation.feature_sets import require_num

NUM_SIGMAS = 3.0  # a sample within so many standard deviations of its nearest centre is of high quality
_TENTH = 10  # a mode is covered from a tenth of N / K high-quality samples; in whole numbers, so without rounding


@dataclasses.dataclass(frozen=True)
class ModeCoverage:
    """Samples by mode.

    Attributes:
      num_samples: N.
      counts: high-quality samples by their nearest centre, int64 [K].
    """

    num_samples: int
    counts: np.ndarray

    @property
    def num_covered(self) -> int:
        """Modes with at least N / (10 K) high-quality samples, a tenth of their share.

        Stricter than the usual one sample at least, which a generator that spreads between the modes meets by chance.
        """
        return int(np.sum(_TENTH * len(self.counts) * self.counts >= self.num_samples))

    def high_quality(self) -> tuple[float, float]:
        """The share of samples within 3 standard deviations of a centre, and its standard error.

        Of the mixture itself in two dimensions, with isotropic components, it is 1 - exp(-9 / 2) = 0.989.
        """
        share = float(self.counts.sum() / self.num_samples)
        return share, math.sqrt(share * (1.0 - share) / self.num_samples)


def mode_coverage(samples: Any, centres: Any, sigma: float) -> ModeCoverage:
    """Counts high-quality samples by mode.

    Args:
      samples: [N, D].
      centres: of the components, which weigh alike, [K, D].
      sigma: their standard deviation in every direction.

    Raises:
      ValueError: for samples of another dimension, or fewer than ten a mode.
    """
    samples, centres = np.asarray(samples, np.float64), np.asarray(centres, np.float64)
    if samples.ndim != 2 or samples.shape[1] != centres.shape[1]:
        raise ValueError(f"samples have shape {samples.shape}; those of this mixture are [N, {centres.shape[1]}]")
    num_modes = len(centres)
    require_num("samples", len(samples), _TENTH * num_modes, f"the coverage of {num_modes} modes")
    nearest, distances = sklearn.metrics.pairwise_distances_argmin_min(samples, centres)
    high_quality = distances <= NUM_SIGMAS * sigma
    return ModeCoverage(len(samples), np.bincount(nearest[high_quality], minlength=num_modes))
