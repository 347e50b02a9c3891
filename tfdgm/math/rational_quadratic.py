"""Monotone rational-quadratic splines on [-bound, bound], the identity outside (Durkan et al. 2019).

Within bin k, of width w, height h and slope s = h / w, with slopes d0 and d1 at its ends and t = (x - left) / w:

    y = bottom + h (s t^2 + d0 t (1 - t)) / (s + (d1 + d0 - 2 s) t (1 - t))                             (eq. 4)
    dy/dx = s^2 (d1 t^2 + 2 s t (1 - t) + d0 (1 - t)^2) / (s + (d1 + d0 - 2 s) t (1 - t))^2             (eq. 5)
"""

import dataclasses
import math

import tensorflow as tf

_LEAST_SIZE = 1e-3  # of a bin, as a share of the interval
_LEAST_SLOPE = 1e-3


@dataclasses.dataclass(frozen=True)
class _Bin:
    """The bin that each value falls in, [..., D]."""

    left: tf.Tensor
    bottom: tf.Tensor
    width: tf.Tensor
    height: tf.Tensor
    left_slope: tf.Tensor
    right_slope: tf.Tensor


def spline(x: tf.Tensor, raw: tf.Tensor, num_bins: int, bound: float) -> tuple[tf.Tensor, tf.Tensor]:
    """y and log dy/dx; where raw is 0, y is x.

    Args:
      x: [..., D].
      raw: [..., (3 K - 1) * D], free parameters: K blocks of D for the widths, K for the heights, K - 1 for the
        slopes between bins.
      num_bins: K.
      bound: half the length of the interval, above 0.

    Returns:
      y and log dy/dx, both [..., D].

    References:
      Durkan, Bekasov, Murray & Papamakarios (2019), Neural spline flows, section 3.1.
    """
    inside = tf.clip_by_value(x, -bound, bound)  # so that gradients stay finite however far out x is
    part = _bin_of(inside, raw, num_bins, bound, is_inverse=False)
    y, log_slope = _within(part, (inside - part.left) / part.width)
    is_outside = tf.abs(x) >= bound
    return tf.where(is_outside, x, y), tf.where(is_outside, tf.zeros_like(x), log_slope)


def inverse_spline(y: tf.Tensor, raw: tf.Tensor, num_bins: int, bound: float) -> tuple[tf.Tensor, tf.Tensor]:
    """x and log dx/dy: `spline` the other way, with the same arguments (Durkan et al. eq. 6 to 8)."""
    inside = tf.clip_by_value(y, -bound, bound)
    part = _bin_of(inside, raw, num_bins, bound, is_inverse=True)
    rise, slope = inside - part.bottom, part.height / part.width
    bend = rise * (part.right_slope + part.left_slope - 2.0 * slope)
    a = part.height * (slope - part.left_slope) + bend
    b = part.height * part.left_slope - bend
    c = -slope * rise
    # The root in [0, 1], in the form that loses no digits where a is near 0.
    t = -2.0 * c / (b + tf.sqrt(b * b - 4.0 * a * c))
    _, log_slope = _within(part, t)
    is_outside = tf.abs(y) >= bound
    x = tf.where(is_outside, y, part.left + t * part.width)
    return x, tf.where(is_outside, tf.zeros_like(y), -log_slope)


def _within(part: _Bin, t: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    slope, product = part.height / part.width, t * (1.0 - t)
    denominator = slope + (part.right_slope + part.left_slope - 2.0 * slope) * product
    y = part.bottom + part.height * (slope * t * t + part.left_slope * product) / denominator
    numerator = part.right_slope * t * t + 2.0 * slope * product + part.left_slope * tf.square(1.0 - t)
    log_slope = 2.0 * (tf.math.log(slope) - tf.math.log(denominator)) + tf.math.log(numerator)
    return y, log_slope


def _bin_of(value: tf.Tensor, raw: tf.Tensor, num_bins: int, bound: float, *, is_inverse: bool) -> _Bin:
    # Bins come first, [K, ..., D]: sums over them then run along memory.
    blocks = tf.reshape(raw, tf.concat([tf.shape(raw)[:-1], [3 * num_bins - 1, -1]], axis=0))
    rank = blocks.shape.rank
    blocks = tf.transpose(blocks, [rank - 2, *range(rank - 2), rank - 1])
    raw_width, raw_height, raw_slope = tf.split(blocks, [num_bins, num_bins, num_bins - 1], axis=0)
    width, height = _sizes(raw_width, num_bins, bound), _sizes(raw_height, num_bins, bound)
    # softplus(offset) = 1 - least: no slope at raw = 0 but that of the identity, which holds at both ends too.
    offset = math.log(math.expm1(1.0 - _LEAST_SLOPE))
    slope = _LEAST_SLOPE + tf.nn.softplus(raw_slope + offset)
    end = tf.ones_like(width[:1])

    # Sums over all bins, not a gather: their gradient is a product, where a gather's is a slow scatter.
    # The ends of all bins but the last by a product with a triangle of ones, which is faster than a running sum.
    triangle = tf.linalg.band_part(tf.ones([num_bins - 1, num_bins], value.dtype), -1, 0)
    ends = tf.stop_gradient(tf.tensordot(triangle, height if is_inverse else width, axes=1) - bound)
    is_passed = tf.cast(value >= ends, value.dtype)  # the end of a bin, and so all of it
    passed = tf.concat([is_passed, tf.zeros_like(end)], axis=0)
    chosen = tf.concat([tf.ones_like(end), is_passed], axis=0) - passed
    return _Bin(
        left=tf.reduce_sum(passed * width, axis=0) - bound,
        bottom=tf.reduce_sum(passed * height, axis=0) - bound,
        width=tf.reduce_sum(chosen * width, axis=0),
        height=tf.reduce_sum(chosen * height, axis=0),
        left_slope=tf.reduce_sum(chosen * tf.concat([end, slope], axis=0), axis=0),
        right_slope=tf.reduce_sum(chosen * tf.concat([slope, end], axis=0), axis=0),
    )


def _sizes(raw: tf.Tensor, num_bins: int, bound: float) -> tf.Tensor:
    # The softmax along the first axis; TensorFlow's own would transpose it to the last one and back.
    share = tf.exp(raw - tf.stop_gradient(tf.reduce_max(raw, axis=0, keepdims=True)))
    share /= tf.reduce_sum(share, axis=0, keepdims=True)
    return 2.0 * bound * (_LEAST_SIZE + (1.0 - num_bins * _LEAST_SIZE) * share)
