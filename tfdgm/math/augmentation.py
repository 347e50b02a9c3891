"""Differentiable augmentation of images, each row by its own seed. One table, `AUGMENTATIONS`.

References:
  Zhao et al. (2020), Differentiable augmentation for data-efficient GAN training; the amounts are its section 4's.
"""

from collections.abc import Callable, Sequence

import tensorflow as tf

from tfdgm.core import philox

_TRANSLATION, _CUTOUT = 1 / 8, 1 / 2  # of each side


def augment(x: tf.Tensor, seeds: tf.Tensor, names: Sequence[str], span: float) -> tf.Tensor:
    """Images after the named augmentations, in order.

    Args:
      x: [B, H, W, C].
      seeds: int64 [B]; row i depends on `seeds[i]` alone.
      names: keys of `AUGMENTATIONS`.
      span: the width of the values' domain, 2 for [-1, 1].

    Returns:
      [B, H, W, C]; values may leave the domain, as they do in the paper.
    """
    for stream, name in enumerate(names):
        noise = philox.row_uniform(philox.fold_in(seeds, stream), (3, 1, 1, 1), dtype=x.dtype)
        x = AUGMENTATIONS[name](x, tf.unstack(noise, axis=1), span)
    return x


def color(x: tf.Tensor, noise: Sequence[tf.Tensor], span: float) -> tf.Tensor:
    """Brightness by up to a quarter of the span, saturation by a factor of 0 to 2, contrast by 0.5 to 1.5.

    Args:
      x: [B, H, W, C].
      noise: three times uniforms [B, 1, 1, 1].
      span: of the values.
    """
    x += 0.5 * span * (noise[0] - 0.5)
    grey = tf.reduce_mean(x, axis=3, keepdims=True)
    x = grey + 2.0 * noise[1] * (x - grey)
    mean = tf.reduce_mean(x, axis=[1, 2, 3], keepdims=True)
    return mean + (noise[2] + 0.5) * (x - mean)


def translation(x: tf.Tensor, noise: Sequence[tf.Tensor], span: float) -> tf.Tensor:
    """Shifts by up to an eighth of each side, zeros moving in: arguments as in `color`."""
    del span
    for axis, equation in ((1, "bij,bjwc->biwc"), (2, "bij,bhjc->bhic")):
        size = int(x.shape[axis] or 0)
        most = round(size * _TRANSLATION)
        shift = tf.cast(tf.floor(noise[axis - 1][:, 0, 0, 0] * (2 * most + 1)), tf.int32) - most
        # Row i of the picture comes from row i + shift; one_hot is zero where there is no such row.
        moved = tf.one_hot(tf.range(size) + shift[:, tf.newaxis], size, dtype=x.dtype)
        x = tf.einsum(equation, moved, x)
    return x


def cutout(x: tf.Tensor, noise: Sequence[tf.Tensor], span: float) -> tf.Tensor:
    """Zeros in a rectangle of half of each side, its centre anywhere: arguments as in `color`."""
    del span
    inside = []
    for axis, size in enumerate(tf.unstack(tf.shape(x)[1:3])):
        positions = (tf.cast(tf.range(size), x.dtype) + 0.5) / tf.cast(size, x.dtype)  # of pixels, in (0, 1)
        inside.append(tf.abs(positions - noise[axis][:, 0, 0]) < 0.5 * _CUTOUT)
    hole = inside[0][:, :, tf.newaxis, tf.newaxis] & inside[1][:, tf.newaxis, :, tf.newaxis]
    return tf.where(hole, tf.zeros_like(x), x)


AUGMENTATIONS: dict[str, Callable[[tf.Tensor, Sequence[tf.Tensor], float], tf.Tensor]] = {
    "color": color,
    "translation": translation,
    "cutout": cutout,
}
