"""A lower bound of the mutual information of a code c and what is made of it, in parts, per example in nats.

I(c; x) = H(c) + E log p(c|x) = H(c) + E log Q(c|x) + E KL(p(c|x) || Q(c|x)) >= H(c) + E log Q(c|x) = L_I(G, Q)
for any Q (Barber & Agakov 2003), with equality where Q is the posterior. Parts of a code that are independent, under
Q too, add up.
"""

import math

import tensorflow as tf

from tfdgm.objectives.elbo import diagonal_normal_log_prob


def categorical_information(logits: tf.Tensor, category: tf.Tensor) -> tf.Tensor:
    """log Q(c|x) + log K of a category that is one of K, equally likely; at most log K.

    Args:
      logits: [B, K], of Q(c|x).
      category: int [B], what x was made of.

    Returns:
      [B], nats: in expectation a lower bound of I(c; x).

    References:
      Chen et al. (2016), InfoGAN, eq. 5.
    """
    log_q = tf.gather(tf.nn.log_softmax(logits), category, axis=-1, batch_dims=1)
    return log_q + tf.math.log(tf.cast(tf.shape(logits)[-1], log_q.dtype))


def uniform_information(code: tf.Tensor, mean: tf.Tensor, log_var: tf.Tensor | float) -> tf.Tensor:
    """log N(c; mean, diag exp(log_var)) + M log 2 of M numbers c, uniform on (-1, 1).

    Args:
      code: [B, M], what x was made of.
      mean: [B, M], of Q(c|x).
      log_var: [B, M], or one for all.

    Returns:
      [B], nats: in expectation a lower bound of I(c; x), which has no upper one.

    References:
      Chen et al. (2016), InfoGAN, eq. 5 and section 6: a factored Gaussian for continuous codes.
    """
    log_q = diagonal_normal_log_prob(code, mean, log_var)
    return log_q + math.log(2.0) * tf.cast(tf.shape(code)[-1], log_q.dtype)
