"""What a classifier makes of samples: the share of each class among them, and whether they are what was asked for."""

import math
from typing import Any

import numpy as np

from tfdgm.evaluation.feature_sets import require_num
from tfdgm.evaluation.inception_score import checked_probabilities

_TENTH = 10  # a class counts as present from a tenth of its share among the examples; in whole numbers, unrounded


def class_shares(probabilities: Any) -> np.ndarray:
    """The share of each class [K] among the most probable classes by p(y|x) [N, K]."""
    counts = _counts(probabilities)
    return counts / counts.sum()


def num_classes_present(sample_probabilities: Any, example_probabilities: Any) -> int:
    """Classes with at least a tenth of the share among samples that they have among examples, where they have one.

    A classifier errs now and then, so that one sample alone shows no class.

    Args:
      sample_probabilities: p(y|x) of samples, [N, K].
      example_probabilities: of real data, [M, K].

    Raises:
      ValueError: for rows that are no probabilities, or fewer than ten samples a class.
    """
    counts, expected = _counts(sample_probabilities), _counts(example_probabilities)
    require_num("samples", counts.sum(), _TENTH * len(counts), f"the presence of {len(counts)} classes")
    is_present = _TENTH * counts * expected.sum() >= expected * counts.sum()
    return int(np.sum(is_present & (expected > 0)))


def class_accuracy(probabilities: Any, labels: Any) -> tuple[float, float]:
    """The share of rows whose most probable class is their label, and its standard error.

    Args:
      probabilities: p(y|x), [N, K].
      labels: int [N].

    Raises:
      ValueError: for rows that are no probabilities, or labels that are not theirs.
    """
    probabilities, labels = checked_probabilities(probabilities), np.asarray(labels)
    num_classes = probabilities.shape[1]
    if labels.shape != (len(probabilities),) or labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError(
            f"labels have shape {labels.shape}; they must be {len(probabilities):,} from 0 to {num_classes - 1}"
        )
    share = float(np.mean(np.argmax(probabilities, axis=1) == labels))
    return share, math.sqrt(share * (1.0 - share) / len(labels))


def _counts(probabilities: Any) -> np.ndarray:
    """Rows by their most probable class, int64 [K]."""
    probabilities = checked_probabilities(probabilities)
    return np.bincount(np.argmax(probabilities, axis=1), minlength=probabilities.shape[1])
