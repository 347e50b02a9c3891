"""Losses of predictability minimization: predictors of each code unit from the others, and units that escape them.

The code is a vector of units y_i in (0, 1), of which each has a predictor p_i(y_j, j != i). Both sides have the same
objective, V_C, with the sign changed. Errors are squared, so nothing here is in nats.
"""

import tensorflow as tf


def prediction_error(predictions: tf.Tensor, code: tf.Tensor) -> tf.Tensor:
    """sum_i (p_i - y_i)^2: what the predictors minimise.

    Its minimum over all predictors is reached at p_i = E[y_i | y_j, j != i], where it is sum_i Var(y_i | y_j, j != i).

    Args:
      predictions: p, [B, m].
      code: y, [B, m].

    Returns:
      [B], squares of the units' range; for binary units with one half of either value at most m / 4 at the optimum.

    References:
      Schmidhuber (1992), Learning factorial codes by predictability minimization, eq. 1, there halved.
    """
    return tf.reduce_sum(tf.square(predictions - code), axis=-1)


def encoder_loss(
    predictions: tf.Tensor,
    code: tf.Tensor,
    reconstruction_error: tf.Tensor | float = 0.0,
    reconstruction_weight: float = 0.0,
) -> tf.Tensor:
    """-sum_i (p_i - y_i)^2 + reconstruction_weight * reconstruction_error.

    Gradients reach the code as what is predicted and, through the predictors, as what predictions are made from.

    Args:
      predictions: p, [B, m].
      code: y, [B, m].
      reconstruction_error: [B]; the paper's term for invertibility, which it drops where V_C alone is enough.
      reconstruction_weight: of that term.

    Returns:
      [B], squares.

    References:
      Schmidhuber (1992), section 4 for the term, section 5, eq. 5 and 6 with gamma = 0 for V_C, there halved.
    """
    return reconstruction_weight * reconstruction_error - prediction_error(predictions, code)


def squared_error(x: tf.Tensor, means: tf.Tensor) -> tf.Tensor:
    """sum_d (x_d - mean_d)^2: [B, ...] and [B, ...] to [B], squares of the data's unit."""
    return tf.reduce_sum(tf.square(x - means), axis=tf.range(1, tf.rank(x)))
