"""Gradients of many losses at once, each for itself: what an estimator's variance is made of."""

from collections.abc import Callable

import tensorflow as tf


def gradient(function: Callable[[tf.Tensor], tf.Tensor], parameters: tf.Tensor) -> tf.Tensor:
    """d function / d parameters, [P].

    Args:
      function: from [P] to a scalar; or to any shape, whose sum is taken.
      parameters: [P].
    """
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        value = function(parameters)
    return tf.convert_to_tensor(tape.gradient(value, parameters, unconnected_gradients=tf.UnconnectedGradients.ZERO))


def jacobian(function: Callable[[tf.Tensor], tf.Tensor], parameters: tf.Tensor) -> tf.Tensor:
    """d function / d parameters of every element, [..., P].

    Args:
      function: from [P] to [...].
      parameters: [P].
    """
    # The gradient of sum(weights * function) is linear in the weights, and its derivative by them is the Jacobian:
    # P passes over all elements, where a tape's own Jacobian makes one for each element.
    with tf.GradientTape() as outer:
        weights = tf.ones_like(function(parameters))
        outer.watch(weights)
        total = gradient(lambda parameters: weights * function(parameters), parameters)
    columns = outer.jacobian(total, weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)  # [P, ...]
    return tf.transpose(columns, [*range(1, columns.shape.rank), 0])


def row_gradients(loss_fn: Callable[..., tf.Tensor], *rows: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """d loss_i / d rows_i of every row i, by one pass.

    Args:
      loss_fn: from tensors [N, ...] to [N]; loss i must depend on row i alone.
      *rows: [N, ...].

    Returns:
      A tensor of its shape for each of `rows`; zeros where no gradient goes through.
    """
    with tf.GradientTape() as tape:
        tape.watch(rows)
        losses = loss_fn(*rows)
    slopes = tape.gradient(losses, rows, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return tuple(tf.convert_to_tensor(slope) for slope in slopes)
