"""Gradients through invertible steps without keeping what they saw (Gomez et al. 2017).

A step's input is worked out again from its output, last step first, and the step is run once more under a tape. What is
kept does not grow with the number of steps; the price is one more inverse and one more run of each.
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

Step = Callable[..., tuple[tf.Tensor, tf.Tensor]]
Backward = Callable[..., tuple[tf.Tensor, Any, list[Any]]]


def reversible(
    function: Step, backward: Backward, x: tf.Tensor, weights: Sequence[Sequence[tf.Tensor]]
) -> tuple[tf.Tensor, tf.Tensor]:
    """One function again and again, each time with other weights: values as without this, gradients up to rounding.

    Args:
      function: of x [B, ...] and a step's weights gives y [B, ...] and a log-determinant [B]. Gradients reach nothing
        else.
      backward: `backward_of` the function and its inverse.
      x: what the first step takes.
      weights: of each step.

    Returns:
      What the last step gives, and the sum of the log-determinants, [B].

    References:
      Gomez, Ren, Urtasun & Grosse (2017), The reversible residual network: backpropagation without storing activations,
      algorithm 1.
    """
    sizes = [len(step) for step in weights]

    @tf.custom_gradient
    def run(x: tf.Tensor, *flat: tf.Tensor) -> tuple[tuple[tf.Tensor, tf.Tensor], Callable[..., list[tf.Tensor]]]:
        y, total = x, tf.zeros(tf.shape(x)[:1], x.dtype)
        for step in _by_step(flat, sizes):
            y, log_det = function(y, *step)
            total += log_det

        def gradient(of_y: tf.Tensor, of_total: tf.Tensor) -> list[tf.Tensor]:
            output, of_weights = y, []
            for step in reversed(_by_step(flat, sizes)):
                # Not before the gradient is here: else all steps would be run again at once.
                with tf.control_dependencies([of_y]):
                    output = tf.identity(output)
                output, of_y, found = backward(output, of_y, of_total, *step)
                of_weights = [*found, *of_weights]
            return [of_y, *of_weights]

        return (y, total), gradient

    outputs: Any = run(x, *(weight for step in weights for weight in step))  # the decorator keeps the gradient
    return outputs


def backward_of(function: Step, inverse: Step) -> Backward:
    """What one step does on the way back.

    Args:
      function: as for `reversible`.
      inverse: of y and the weights gives x, and anything.

    Returns:
      A function of y, the gradients of y and of the sum of log-determinants, and the weights; it gives x, the gradient
      of x and those of the weights.
    """

    def backward(
        y: tf.Tensor, of_y: tf.Tensor, of_total: tf.Tensor, *weights: tf.Tensor
    ) -> tuple[tf.Tensor, Any, list[Any]]:
        x = tf.stop_gradient(inverse(y, *weights)[0])
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([x, *(weight for weight in weights if weight.dtype.is_floating)])
            outputs = function(x, *weights)
        of_x, *of_weights = tape.gradient(
            outputs,
            [x, *weights],
            output_gradients=[of_y, of_total],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        return x, of_x, of_weights

    return backward


def _by_step(flat: Sequence[tf.Tensor], sizes: Sequence[int]) -> list[Sequence[tf.Tensor]]:
    ends = [sum(sizes[: index + 1]) for index in range(len(sizes))]
    return [flat[end - size : end] for end, size in zip(ends, sizes, strict=True)]
