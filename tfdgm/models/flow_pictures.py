"""Pictures of flows: how temperature, codes and scales change images, and what becomes of the plane."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfdgm.math import images
from tfdgm.math.scatter import density_picture, grid_points, stages_picture
from tfdgm.models.base import GenerativeModel

_NUM_POINTS = 2500
_TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 1.0)


def density_grid(model: GenerativeModel, x: Any) -> np.ndarray:
    """The density of a model of points of the plane, on bounds that examples x [M, 2] decide; it has `log_prob`."""
    points = grid_points(np.asarray(x))
    log_prob = np.asarray(model.log_prob(tf.constant(points.reshape(-1, 2), model.variable_dtype)))
    return density_picture(log_prob.reshape(points.shape[:2]))


def stage_row(model: GenerativeModel, seeds: Any, num: int = _NUM_POINTS) -> np.ndarray:
    """The way of points of the plane from noise to samples, a panel for each part of the flow.

    Args:
      model: has `stages`.
      seeds: int64 [N]; the first is that of the first point, the others follow it.
      num: points to draw.
    """
    seeds = tf.cast(seeds, tf.int64)[0] + tf.range(num, dtype=tf.int64)
    return stages_picture([np.asarray(stage) for stage in model.stages(model.sample_latents(seeds))])


def temperature_grid(model: GenerativeModel, seeds: Any, num_columns: int = 10) -> np.ndarray:
    """The same noise a column, times 0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9 and 1 from the first row to the last.

    Args:
      model: has `sample` with a temperature.
      seeds: int64 [N], of which the first `num_columns` are used.
      num_columns: columns.
    """
    seeds = tf.constant(seeds, tf.int64)[:num_columns]
    rows = [model.sample(seeds, temperature) for temperature in _TEMPERATURES]
    return images.contact_sheet(tf.concat(rows, axis=0), model.spec, seeds.shape[0])


def example_path_grid(model: GenerativeModel, x: Any, num_rows: int = 8, num_points: int = 11) -> np.ndarray:
    """Row i goes from example 2i to example 2i + 1 of x [N, H, W, C], along the path between their codes."""
    num_rows = min(num_rows, len(x) // 2)
    z = model.encode(tf.convert_to_tensor(x)[: 2 * num_rows])["z"]
    x = model.interpolate(z[::2], z[1::2], num_points)
    return images.contact_sheet(tf.reshape(x, [-1, *model.event_shape]), model.spec, num_points)


def attribute_direction(model: GenerativeModel, without: Any, having: Any, batch_size: int = 200) -> tf.Tensor:
    """Mean code of examples that have an attribute less that of examples without it, [D].

    Args:
      model: has `encode`, with a code `z`.
      without: examples [N, *event_shape].
      having: examples [M, *event_shape].
      batch_size: examples encoded together.

    Raises:
      ValueError: when one side is empty.

    References:
      Kingma & Dhariwal (2018), Glow: generative flow with invertible 1x1 convolutions, section 6, figure 6.
    """
    if not len(without) or not len(having):
        raise ValueError(f"there are {len(having)} examples with and {len(without)} without; both need at least one")

    def mean(x: Any) -> tf.Tensor:
        batches = [x[start : start + batch_size] for start in range(0, len(x), batch_size)]
        return tf.add_n([tf.reduce_sum(model.encode(batch)["z"], axis=0) for batch in batches]) / len(x)

    return mean(having) - mean(without)


def attribute_grid(model: GenerativeModel, x: Any, direction: tf.Tensor, amounts: Sequence[float]) -> np.ndarray:
    """Row i is example i of x [N, H, W, C] with its code moved along a direction [D] by each amount."""
    z = model.encode(x)["z"]
    moved = z[:, tf.newaxis] + tf.constant(amounts, z.dtype)[:, tf.newaxis] * direction
    y = model.decode(tf.reshape(moved, [-1, model.latent_dim]))
    return images.contact_sheet(model.levels(y) if hasattr(model, "levels") else y, model.spec, len(amounts))


def scale_grid(model: GenerativeModel, seeds: Any, num_columns: int = 10) -> np.ndarray:
    """Samples in the first row; below, the same with the noise of one scale drawn anew, from the finest to the last.

    Args:
      model: has `redrawn`.
      seeds: int64 [N], of which the first `num_columns` are used.
      num_columns: columns.
    """
    seeds = tf.constant(seeds, tf.int64)[:num_columns]
    rows = [model.sample(seeds)]
    rows += [model.redrawn(seeds, scale) for scale in range(model.num_scales)]
    return images.contact_sheet(tf.concat(rows, axis=0), model.spec, seeds.shape[0])
