"""Pictures of models that sample by class: every class, and the way from each to the next."""

from typing import Any

import numpy as np
import tensorflow as tf

from tfdgm.math import images
from tfdgm.models.base import GenerativeModel

_MAX_ROWS = 20


def class_grid(model: GenerativeModel, seeds: Any, num_columns: int = 10) -> np.ndarray:
    """A class a row, the first 20 of them; the same seed a column.

    Args:
      model: has `sample` with a label; means of samples are shown where it has such.
      seeds: int64 [N], of which the first `num_columns` are used.
      num_columns: columns.
    """
    seeds = tf.constant(seeds, tf.int64)[:num_columns]
    draw = getattr(model, "sample_mean", None) or model.sample
    rows = [draw(seeds, tf.fill([seeds.shape[0]], label)) for label in range(_num_rows(model))]
    return images.contact_sheet(tf.concat(rows, axis=0), model.spec, seeds.shape[0])


def class_path_grid(model: GenerativeModel, seeds: Any, num_points: int = 11) -> np.ndarray:
    """Row i goes from class i to the next, from the last to the first, ends included, by one seed.

    Args:
      model: has `sample_between`.
      seeds: int64 [N], of which row i uses `seeds[i]`, or of few in turn.
      num_points: columns.

    References:
      Brock et al. (2019), figure 9.
    """
    rows, fraction = [], tf.linspace(0.0, 1.0, num_points)
    for label, seed in zip(range(_num_rows(model)), np.resize(seeds, _num_rows(model)), strict=True):
        each = [tf.fill([num_points], value) for value in (label, (label + 1) % model.spec.num_classes)]
        rows.append(model.sample_between(tf.fill([num_points], tf.constant(seed, tf.int64)), *each, fraction))
    return images.contact_sheet(tf.concat(rows, axis=0), model.spec, num_points)


def _num_rows(model: GenerativeModel) -> int:
    return min(model.spec.num_classes, _MAX_ROWS)
