"""From raw levels to the domain that a model is given. Scaling happens here and nowhere else."""

from collections.abc import Callable

import tensorflow as tf

from tfdgm.core.types import DataSpec
from tfdgm.math.logit import to_logit

BINARIZATIONS = ("dynamic", "threshold", "none")


def is_stochastic(spec: DataSpec, num_levels: int, binarization: str) -> bool:
    """True where `to_domain` draws: grey levels made binary by chance, or spread to continuous values."""
    if spec.domain == "logit":
        return num_levels > 0
    return spec.domain == "binary" and binarization == "dynamic" and num_levels > 2


def to_domain(
    raw: tf.Tensor, spec: DataSpec, num_levels: int, binarization: str, uniform: Callable[[], tf.Tensor]
) -> tf.Tensor:
    """Scales raw values to the domain.

    With p = raw / (num_levels - 1): `binary` is Bernoulli(p) (`dynamic`) or p >= 1/2 (`threshold`); `unit` and
    `real` are p; `symmetric` is 2 p - 1; `uint8` is raw. `logit` is logit(a + (1 - 2 a) (raw + u) / num_levels), u
    uniform and a `spec.logit_alpha`: a density of it bounds the probability of the levels from below (Theis, van den
    Oord & Bethge 2016, section 3.1).

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
    if spec.domain == "logit":
        # In float64, which keeps apart what u of 16 bits (training) or 23 (evaluation) tells apart. With 256 levels and
        # alpha = 1e-6, 16 bits give x steps of at most 0.06, at the far end of the lowest level and the highest.
        spread = (tf.cast(raw, tf.float64) + tf.cast(uniform(), tf.float64)) / num_levels
        return tf.cast(to_logit(spread, spec.logit_alpha), spec.dtype)
    highest = num_levels - 1
    if spec.domain == "binary":
        if is_stochastic(spec, num_levels, binarization):
            return tf.cast(uniform() * highest < tf.cast(raw, tf.float32), spec.dtype)
        return tf.cast(2 * tf.cast(raw, tf.int32) >= highest, spec.dtype)
    unit = tf.cast(raw, spec.dtype) / highest
    return 2 * unit - 1 if spec.domain == "symmetric" else unit
