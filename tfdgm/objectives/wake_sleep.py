"""Losses of wake-sleep with several samples an example, in nats.

The wake phase is `reweighted_loss` of log p, its recognition update that of log q; with one sample it is wake-sleep's.
"""

import tensorflow as tf


def normalized_weights(log_weights: tf.Tensor) -> tf.Tensor:
    """w_k / sum_j w_j with w_k = p(x, h_k) / q(h_k | x): log weights [B, K], nats, to [B, K]; no gradient goes through.

    References:
      Bornschein & Bengio (2015), Reweighted wake-sleep, eq. 5.
    """
    return tf.stop_gradient(tf.nn.softmax(log_weights, axis=1))


def reweighted_loss(log_probs: tf.Tensor, log_weights: tf.Tensor) -> tf.Tensor:
    """-sum_k (w_k / sum_j w_j) log_prob_k.

    With log p(x, h_k) its gradient estimates that of -log p(x), and is in expectation the gradient of minus the
    importance-weighted bound of K samples; with log q(h_k | x) it estimates that of KL(p(h|x) || q(h|x)). Both
    estimates of the gradient at K = infinity are biased by O(1/K).

    Args:
      log_probs: [B, K] of samples h_k from q(h|x).
      log_weights: log p(x, h_k) - log q(h_k | x), [B, K].

    Returns:
      [B], nats.

    References:
      Hinton, Dayan, Frey & Neal (1995), The wake-sleep algorithm for unsupervised neural networks, for K = 1.
      Bornschein & Bengio (2015), Reweighted wake-sleep, eq. 6 and 9.
    """
    return -tf.reduce_sum(normalized_weights(log_weights) * log_probs, axis=1)
