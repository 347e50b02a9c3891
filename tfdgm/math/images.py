"""Pixels: from a data domain to 8-bit pictures."""

import math

import tensorflow as tf

from tfdgm.core.types import DataSpec


def to_uint8(x: tf.Tensor, spec: DataSpec) -> tf.Tensor:
    """Values of the specification's domain as 8-bit grey levels, rounded and clipped; any shape.

    Raises:
      ValueError: for a domain that is not made of pixels.
    """
    x = tf.cast(x, tf.float32)
    if spec.domain == "symmetric":
        x = (x + 1.0) / 2.0
    elif spec.domain == "uint8":
        x = x / max(spec.num_levels - 1, 1)
    elif spec.domain not in ("binary", "unit", "real"):
        raise ValueError(f"domain is {spec.domain!r}; a picture needs binary, unit, symmetric, uint8 or real")
    return tf.cast(tf.round(255.0 * tf.clip_by_value(x, 0.0, 1.0)), tf.uint8)


def encode_png(pixels: tf.Tensor) -> tf.Tensor:
    """PNG files, string [N], of uint8 [N, H, W, C], C 1 or 3."""
    return tf.map_fn(tf.io.encode_png, pixels, fn_output_signature=tf.TensorSpec([], tf.string))


def tile(pixels: tf.Tensor, num_columns: int = 0) -> tf.Tensor:
    """One picture [rows * H, columns * W, C] of images [N, H, W, C], row by row; empty places are 0.

    Args:
      pixels: [N, H, W, C].
      num_columns: images a row; 0 takes the smallest square that holds all.
    """
    num, height, width, channels = pixels.shape
    num_columns = num_columns or math.ceil(math.sqrt(num))
    num_rows = -(-num // num_columns)
    padded = tf.pad(pixels, [[0, num_rows * num_columns - num], [0, 0], [0, 0], [0, 0]])
    grid = tf.reshape(padded, [num_rows, num_columns, height, width, channels])
    return tf.reshape(tf.transpose(grid, [0, 2, 1, 3, 4]), [num_rows * height, num_columns * width, channels])
