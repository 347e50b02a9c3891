"""Roots of increasing functions of one variable, for inverses that have no closed form."""

from collections.abc import Callable

import tensorflow as tf

_NUM_HALVINGS = {tf.float32: 30, tf.float64: 60}
_NUM_NEWTON_STEPS = 2


def monotone_root(
    value_and_slope: Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]], low: tf.Tensor, high: tf.Tensor
) -> tf.Tensor:
    """a with g(a) = 0, for increasing g, by bisection and then Newton's steps within the last interval.

    The gradient is that of the implicit function, da = -dg / g'(a): the search itself has none.

    Args:
      value_and_slope: a to g(a) and g'(a) > 0, elementwise.
      low: where g <= 0, of the shape of a, float32 or float64.
      high: where g >= 0, of the shape of a.

    Returns:
      a, of the shape of `low`.
    """
    first_low, first_high = tf.stop_gradient(low), tf.stop_gradient(high)

    def halved(low: tf.Tensor, high: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        middle = 0.5 * (low + high)
        is_below = value_and_slope(middle)[0] < 0.0
        return tf.where(is_below, middle, low), tf.where(is_below, high, middle)

    low, high = tf.while_loop(
        lambda low, high: True,
        halved,
        (first_low, first_high),
        maximum_iterations=_NUM_HALVINGS[low.dtype],
        parallel_iterations=1,
    )
    low, high = tf.stop_gradient(low), tf.stop_gradient(high)
    root = 0.5 * (low + high)
    for _ in range(_NUM_NEWTON_STEPS):
        value, slope = value_and_slope(root)
        root = tf.clip_by_value(tf.stop_gradient(root - value / slope), low, high)
    value, slope = value_and_slope(root)
    return root - value / tf.stop_gradient(slope)
