"""One of K classes: cross entropy of logits, in nats, whether the label is the most probable, uniform draws."""

import tensorflow as tf

from tfdgm.core import philox


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


def row_classes(seeds: tf.Tensor, num_classes: int) -> tf.Tensor:
    """Classes drawn uniformly: seeds int64 [N] to int32 [N], values 0 to num_classes - 1, row i by `seeds[i]` alone."""
    uniform = philox.row_uniform(seeds, (), dtype=tf.float32)
    return tf.minimum(tf.cast(uniform * num_classes, tf.int32), num_classes - 1)
