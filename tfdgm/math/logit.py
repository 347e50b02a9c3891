"""Between (0, 1) and the whole line, so that densities of pixels need no bounds: x = logit(alpha + (1 - 2 alpha) p).

References:
  Dinh, Sohl-Dickstein & Bengio (2017), Density estimation using Real NVP, section 4.1.
  Papamakarios, Pavlakou & Murray (2017), Masked autoregressive flow for density estimation, section 4.3.
"""

import math

import tensorflow as tf


def to_logit(p: tf.Tensor, alpha: float) -> tf.Tensor:
    """logit(alpha + (1 - 2 alpha) p); finite within (0, 1), and at its ends where alpha > 0.

    Args:
      p: in [0, 1], any shape. Where alpha is small it takes float64: next to 1 float32 has steps of 6e-8.
      alpha: margin, at least 0 and below 1/2.

    Returns:
      Of the shape and dtype of `p`.
    """
    q = alpha + (1.0 - 2.0 * alpha) * p
    return tf.math.log(q) - tf.math.log1p(-q)


def from_logit(x: tf.Tensor, alpha: float) -> tf.Tensor:
    """(sigmoid(x) - alpha) / (1 - 2 alpha), the inverse of `to_logit`; beyond its range below 0 and above 1."""
    return (tf.sigmoid(x) - alpha) / (1.0 - 2.0 * alpha)


def from_logit_log_det(x: tf.Tensor, alpha: float) -> tf.Tensor:
    """log |dp/dx| of `from_logit` for each scalar, nats: log p(p) = log p(x) - sum of it."""
    return -tf.math.softplus(x) - tf.math.softplus(-x) - math.log1p(-2.0 * alpha)
