"""From raw levels to the domain that a model is given. Scaling happens here and nowhere else."""

from collections.abc import Callable

import tensorflow as tf

from tfdgm.core.types import DataSpec

BINARIZATIONS = ("dynamic", "threshold", "none")


def is_stochastic(spec: DataSpec, num_levels: int, binarization: str) -> bool:
    """True where `to_domain` draws: grey levels made binary by chance."""
    return spec.domain == "binary" and binarization == "dynamic" and num_levels > 2


def to_domain(
    raw: tf.Tensor, spec: DataSpec, num_levels: int, binarization: str, uniform: Callable[[], tf.Tensor]
) -> tf.Tensor:
    """Scales raw values to the domain.

    With p = raw / (num_levels - 1): `binary` is Bernoulli(p) (`dynamic`) or p >= 1/2 (`threshold`); `unit` and
    `real` are p; `symmetric` is 2 p - 1; `uint8` is raw.

    Args:
      raw: [B, *spec.shape], whole numbers 0 to num_levels - 1.
      spec: the wanted domain and dtype.
      num_levels: number of raw levels; 0: the values are in the domain already and only cast.
      binarization: one of `BINARIZATIONS`.
      uniform: gives uniforms in (0, 1), [B, *spec.shape]; called only where `is_stochastic`.

    Returns:
      [B, *spec.shape] of dtype `spec.dtype`.
    """
    if not num_levels or spec.domain in ("uint8", "tokens"):
        return tf.cast(raw, spec.dtype)
    highest = num_levels - 1
    if spec.domain == "binary":
        if is_stochastic(spec, num_levels, binarization):
            return tf.cast(uniform() * highest < tf.cast(raw, tf.float32), spec.dtype)
        return tf.cast(2 * tf.cast(raw, tf.int32) >= highest, spec.dtype)
    unit = tf.cast(raw, spec.dtype) / highest
    return 2 * unit - 1 if spec.domain == "symmetric" else unit
