"""What every figure of features [N, D] asks of them before it works."""

from typing import Any

import numpy as np


def paired_features(examples: Any, samples: Any, *, min_rows: int, needed_for: str) -> tuple[np.ndarray, np.ndarray]:
    """Features of examples and of samples in float64, [N, D] and [M, D].

    Raises:
      ValueError: when they are no matrices of equal width, have fewer than `min_rows` rows, naming what they are
        `needed_for`, or hold values that are not finite.
    """
    examples, samples = np.asarray(examples, np.float64), np.asarray(samples, np.float64)
    if examples.ndim != 2 or samples.ndim != 2 or examples.shape[1] != samples.shape[1]:
        raise ValueError(
            f"features of examples have shape {examples.shape} and those of samples {samples.shape}; "
            "they must be [N, D] and [M, D], of one extractor"
        )
    for name, rows in (("examples", examples), ("samples", samples)):
        require_num(name, len(rows), min_rows, needed_for)
        if not np.isfinite(rows).all():
            raise ValueError(f"features of {name} hold {np.sum(~np.isfinite(rows))} values that are not finite")
    return examples, samples


def require_num(name: str, num: int, min_num: int, needed_for: str) -> None:
    """Raises ValueError when there are fewer than `min_num` examples or samples, with what the number is needed for."""
    if num < min_num:
        raise ValueError(f"there are {num:,} {name}; {needed_for} needs at least {min_num:,}")
