"""One of K classes by logits or probabilities: cross entropy, in nats, and whether the label is the most probable."""

import tensorflow as tf


def cross_entropy(logits: tf.Tensor, label: tf.Tensor, label_smoothing: float = 0.0) -> tf.Tensor:
    """-sum_k q_k log p_k with p = softmax(logits) and q = (1 - e) onehot(label) + e / K.

    Args:
      logits: [B, K].
      label: int [B], values 0 to K - 1.
      label_smoothing: e in [0, 1]; 0 is -log p(label).

    Returns:
      [B], nats.

    References:
      Szegedy, Vanhoucke, Ioffe, Shlens & Wojna (2016), Rethinking the Inception architecture, section 7.
    """
    log_p = tf.nn.log_softmax(logits)
    nll = -tf.gather(log_p, label, axis=-1, batch_dims=1)
    return (1.0 - label_smoothing) * nll - label_smoothing * tf.reduce_mean(log_p, axis=-1)


def is_most_probable(scores: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """1 where the label has the highest score, the first of equals, else 0; its mean is the accuracy.

    Args:
      scores: logits or probabilities [B, K].
      label: int [B].

    Returns:
      [B] of the dtype of `scores`.
    """
    return tf.cast(tf.equal(tf.argmax(scores, axis=-1, output_type=label.dtype), label), scores.dtype)
