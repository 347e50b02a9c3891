"""Pictures of models whose samples are of a code: every category, and the way of each continuous code."""

from typing import Any

import numpy as np
import tensorflow as tf

from tfdgm.math import images
from tfdgm.models.base import GenerativeModel

_MAX_ROWS = 20


def category_grid(model: GenerativeModel, seeds: Any, num_columns: int = 10) -> np.ndarray:
    """A category of the first categorical code a row, the first 20 of them; the same seed a column.

    Args:
      model: has `sample_category`.
      seeds: int64 [N], of which the first `num_columns` are used.
      num_columns: columns.
    """
    seeds = tf.constant(seeds, tf.int64)[:num_columns]
    num_rows = min(model.codes.num_categories[0], _MAX_ROWS)
    rows = [model.sample_category(seeds, tf.fill([seeds.shape[0]], category)) for category in range(num_rows)]
    return images.contact_sheet(tf.concat(rows, axis=0), model.spec, seeds.shape[0])


def sweep_grid(
    model: GenerativeModel, seeds: Any, *, num_seeds: int = 5, num_values: int = 10, limit: float = 2.0
) -> np.ndarray:
    """Each continuous code from -limit to limit, a row a seed; the rows of the first code, then those of the next.

    Codes are drawn from (-1, 1): what lies beyond shows whether a direction was learned.

    Args:
      model: has `sample_continuous`.
      seeds: int64 [N], of which the first `num_seeds` are used.
      num_seeds: rows a code.
      num_values: columns.
      limit: of the code.

    References:
      Chen et al. (2016), InfoGAN, figure 2.
    """
    values, rows = tf.linspace(-limit, limit, num_values), []
    for index in range(model.codes.num_continuous):
        for seed in np.asarray(seeds)[:num_seeds]:
            rows.append(model.sample_continuous(tf.fill([num_values], tf.constant(seed, tf.int64)), index, values))
    return images.contact_sheet(tf.concat(rows, axis=0), model.spec, num_values)
