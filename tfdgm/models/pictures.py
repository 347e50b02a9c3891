"""What an image model does, as pictures: uint8 arrays [height, width, C] for a PNG file or a summary."""

from typing import Any

import numpy as np
import tensorflow as tf

from tfdgm.math import images
from tfdgm.models.base import GenerativeModel


def all_grids(model: GenerativeModel, seeds: Any, x: Any) -> dict[str, np.ndarray]:
    """Every picture that the model can give, by kind; none where its data are not images.

    Args:
      model: any.
      seeds: int64 [N], of the samples.
      x: examples [M, H, W, C], to reconstruct.
    """
    if not model.spec.is_image:
        return {}
    grids = {}
    if hasattr(model, "sample"):
        grids["samples"] = sample_grid(model, seeds)
    if hasattr(model, "reconstruct"):
        grids["reconstructions"] = reconstruction_grid(model, x)
    if hasattr(model, "encode") and hasattr(model, "decode"):
        grids["traversals"] = traversal_grid(model, x)
    return grids


def sample_grid(model: GenerativeModel, seeds: Any, num_columns: int = 0, **conditions: Any) -> np.ndarray:
    """Samples, row by row: their means given the latents where the model has such, which show more than pixel noise.

    Args:
      model: has `sample`.
      seeds: int64 [N]; picture i depends on `seeds[i]` alone.
      num_columns: images a row; 0 makes a square.
      **conditions: what `sample` takes besides, each [N].
    """
    draw = getattr(model, "sample_mean", None) or model.sample
    return images.contact_sheet(draw(tf.constant(seeds, tf.int64), **conditions), model.spec, num_columns)


def reconstruction_grid(model: GenerativeModel, x: Any, num_columns: int = 10) -> np.ndarray:
    """Rows of examples x [N, H, W, C], each above the row of their reconstructions."""
    x = tf.convert_to_tensor(x, model.variable_dtype)
    num_columns = min(num_columns, x.shape[0])
    num_rows = -(-x.shape[0] // num_columns)
    pairs = tf.stack([x, tf.cast(model.reconstruct(x), x.dtype)])
    padded = tf.pad(pairs, [[0, 0], [0, num_rows * num_columns - x.shape[0]], [0, 0], [0, 0], [0, 0]])
    rows = tf.reshape(padded, [2, num_rows, num_columns, *model.event_shape])
    interleaved = tf.reshape(tf.transpose(rows, [1, 0, 2, 3, 4, 5]), [-1, *model.event_shape])
    return images.contact_sheet(interleaved, model.spec, num_columns)


def traversal_grid(
    model: GenerativeModel, x: Any = None, *, num_latents: int = 10, num_values: int = 11, limit: float = 3.0
) -> np.ndarray:
    """One latent a row, moved from -limit to limit while the others stay.

    Args:
      model: has `decode`, and `encode` where `x` is given.
      x: examples [N, H, W, C]: the rows are the latents whose posterior means vary most over them, most first, and
        the others stay at the first example's. None: the first latents, about the prior's mean.
      num_latents: rows, at most `latent_dim`.
      num_values: columns.
      limit: in standard deviations of the prior.
    """
    dims, centre = np.arange(model.latent_dim), np.zeros(model.latent_dim, np.float32)
    if x is not None:
        z_mean = model.encode(tf.convert_to_tensor(x, model.variable_dtype))["z_mean"].numpy()
        dims, centre = np.argsort(-z_mean.var(axis=0), kind="stable"), z_mean[0]
    dims = dims[:num_latents]
    z = np.tile(centre, [len(dims), num_values, 1])
    for row, dim in enumerate(dims):
        z[row, :, dim] = np.linspace(-limit, limit, num_values)
    means = model.decode(tf.constant(z.reshape(-1, model.latent_dim), model.variable_dtype))
    return images.contact_sheet(means, model.spec, num_values)


def interpolation_grid(model: GenerativeModel, z_a: Any, z_b: Any, num_points: int = 11) -> np.ndarray:
    """Row i goes from `z_a[i]` to `z_b[i]`, each [N, latent_dim], ends included."""
    z_a, z_b = (tf.convert_to_tensor(z, model.variable_dtype) for z in (z_a, z_b))
    means = model.interpolate(z_a, z_b, num_points)
    return images.contact_sheet(tf.reshape(means, [-1, *model.event_shape]), model.spec, num_points)
