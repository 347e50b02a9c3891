"""Precision, recall, density and coverage: do samples lie where the data lie, and the other way round?

With B_k(c) the ball about c that just reaches the k-th nearest other point of c's own set:

    precision = share of samples in B_k of some example        recall   = share of examples in B_k of some sample
    density   = mean number of B_k of examples that a sample   coverage = share of examples whose B_k holds
                lies in, divided by k                                     a sample

References:
  Kynkaanniemi, Karras, Laine, Lehtinen & Aila (2019), Improved Precision and Recall Metric for Assessing Generative
    Models, equations 1 to 3.
  Naeem, Oh, Uh, Choi & Yoo (2020), Reliable Fidelity and Diversity Metrics for Generative Models, equations 3 to 6.
"""

import dataclasses
import math
from typing import Any

import numpy as np
import sklearn.metrics
import sklearn.neighbors

from tfdgm.core.validation import require_at_least
from tfdgm.evaluation.feature_sets import paired_features


@dataclasses.dataclass(frozen=True)
class NeighbourCounts:
    """What the four figures are made of.

    Attributes:
      num_neighbours: k.
      examples_around_sample: of each sample, in how many examples' balls it lies, int64 [M].
      samples_around_example: of each example, in how many samples' balls it lies, int64 [N].
      samples_in_ball: of each example, how many samples lie in its ball, int64 [N].
    """

    num_neighbours: int
    examples_around_sample: np.ndarray
    samples_around_example: np.ndarray
    samples_in_ball: np.ndarray

    def precision(self) -> tuple[float, float]:
        """The share, and its standard error over the samples with the balls as they are."""
        return _mean(self.examples_around_sample > 0)

    def recall(self) -> tuple[float, float]:
        """The share, and its standard error over the examples with the balls as they are."""
        return _mean(self.samples_around_example > 0)

    def density(self) -> tuple[float, float]:
        """The mean, 1 in expectation for equal distributions and without upper limit; its error over the samples."""
        return _mean(self.examples_around_sample / self.num_neighbours)

    def coverage(self) -> tuple[float, float]:
        """The share, for equal distributions and as many samples near 1 - 2^-k; its error over the examples."""
        return _mean(self.samples_in_ball > 0)


def count_neighbours(examples: Any, samples: Any, num_neighbours: int = 5) -> NeighbourCounts:
    """Counts who lies in whose ball, borders included, by all N x M distances.

    Args:
      examples: features of real data, [N, D].
      samples: features of samples, [M, D].
      num_neighbours: k, at least 1; Kynkaanniemi et al. take 3, Naeem et al. 5.

    Raises:
      ValueError: for features of other widths, or k or fewer of them.
    """
    require_at_least(1, num_neighbours=num_neighbours)
    needed_for = f"a point with {num_neighbours} neighbours"
    examples, samples = paired_features(examples, samples, min_rows=num_neighbours + 1, needed_for=needed_for)
    example_radii, sample_radii = _radii(examples, num_neighbours), _radii(samples, num_neighbours)
    in_example_ball = np.zeros(len(samples), np.int64)
    in_sample_ball, in_own_ball = [], []
    for distances in sklearn.metrics.pairwise_distances_chunked(examples, samples, working_memory=256):
        radii = example_radii[sum(map(len, in_own_ball)) :][: len(distances), np.newaxis]
        inside = distances <= radii
        in_example_ball += inside.sum(axis=0)
        in_own_ball.append(inside.sum(axis=1))
        in_sample_ball.append((distances <= sample_radii).sum(axis=1))
    return NeighbourCounts(num_neighbours, in_example_ball, np.concatenate(in_sample_ball), np.concatenate(in_own_ball))


def _radii(points: np.ndarray, num_neighbours: int) -> np.ndarray:
    """Distance of each point to its k-th nearest other, [N]."""
    index = sklearn.neighbors.NearestNeighbors(n_neighbors=num_neighbours).fit(points)
    return index.kneighbors()[0][:, -1]  # without an argument a point is no neighbour of its own


def _mean(values: np.ndarray) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))
