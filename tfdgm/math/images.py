"""Pixels: from a data domain to 8-bit pictures that a person can look at."""

import math

import numpy as np
import tensorflow as tf

from tfdgm.core.types import DataSpec
from tfdgm.math.logit import from_logit
from tfdgm.math.sheet import GAP, MIN_SIDE, enlargement

_GAP_LEVEL = 96  # dark grey, unlike the usual black and white backgrounds


def to_uint8(x: tf.Tensor, spec: DataSpec) -> tf.Tensor:
    """Values of the specification's domain as 8-bit grey levels, rounded and clipped; any shape.

    Of domain `logit`, whose levels are spread over (level, level + 1) / 256, the level is the whole part.

    Raises:
      ValueError: for a domain that is not made of pixels.
    """
    if spec.domain == "logit":
        # In float64: float32 would round what lies close to the next level into it.
        levels = tf.floor(256.0 * from_logit(tf.cast(x, tf.float64), spec.logit_alpha))
        return tf.cast(tf.clip_by_value(levels, 0.0, 255.0), tf.uint8)
    x = tf.cast(x, tf.float32)
    if spec.domain == "symmetric":
        x = (x + 1.0) / 2.0
    elif spec.domain == "uint8":
        x = x / max(spec.num_levels - 1, 1)
    elif spec.domain not in ("binary", "unit", "real"):
        raise ValueError(f"domain is {spec.domain!r}; a picture needs binary, unit, symmetric, uint8, real or logit")
    return tf.cast(tf.round(255.0 * tf.clip_by_value(x, 0.0, 1.0)), tf.uint8)


def encode_png(pixels: tf.Tensor) -> tf.Tensor:
    """PNG files, string [N], of uint8 [N, H, W, C], C 1 or 3."""
    return tf.map_fn(tf.io.encode_png, pixels, fn_output_signature=tf.TensorSpec([], tf.string))


def tile(pixels: np.ndarray, num_columns: int = 0, *, gap: int = 0, level: int = 0) -> np.ndarray:
    """One picture of images [N, H, W, C], row by row.

    Args:
      pixels: [N, H, W, C].
      num_columns: images a row; 0 takes the smallest square that holds all.
      gap: pixels between images.
      level: value of the gaps and of places left empty.

    Returns:
      [rows * (H + gap) - gap, columns * (W + gap) - gap, C].
    """
    num, height, width, channels = pixels.shape
    num_columns = num_columns or math.ceil(math.sqrt(num))
    num_rows = -(-num // num_columns)
    cells = np.full([num_rows * num_columns, height + gap, width + gap, channels], level, pixels.dtype)
    cells[:num, :height, :width] = pixels
    grid = cells.reshape(num_rows, num_columns, height + gap, width + gap, channels).transpose(0, 2, 1, 3, 4)
    picture = grid.reshape(num_rows * (height + gap), num_columns * (width + gap), channels)
    return picture[: picture.shape[0] - gap, : picture.shape[1] - gap]


def enlarge(pixels: np.ndarray, min_side: int) -> np.ndarray:
    """Images [N, H, W, C] with every pixel repeated by the whole factor that makes the longer side >= `min_side`."""
    factor = enlargement(pixels.shape[1:], min_side)
    return pixels.repeat(factor, axis=1).repeat(factor, axis=2)


def contact_sheet(x: tf.Tensor, spec: DataSpec, num_columns: int = 0) -> np.ndarray:
    """One picture, uint8 [height, width, C], of values [N, H, W, C]: enlarged where small, with gaps between.

    Raises:
      ValueError: when the specification is not one of images.
    """
    if not spec.is_image:
        raise ValueError(f"data.shape is {spec.shape}; a picture needs images [H, W, C] with C 1 or 3")
    pixels = enlarge(to_uint8(x, spec).numpy(), MIN_SIDE)
    return tile(pixels, num_columns, gap=GAP, level=_GAP_LEVEL)
