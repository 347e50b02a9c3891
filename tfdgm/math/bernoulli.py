"""Independent binary units by their logits: probability and entropy, in nats."""

import tensorflow as tf


def log_prob(x: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """log p(x) = sum_d x_d l_d - log(1 + exp(l_d)), nats: broadcastable [..., D] to [...]."""
    return tf.reduce_sum(x * logits - tf.nn.softplus(logits), axis=-1)


def entropy(logits: tf.Tensor) -> tf.Tensor:
    """H, nats: [..., D] to [...]; never below 0."""
    # H = softplus(l) - l sigmoid(l), which for large l is a difference of large numbers; it is even in l.
    magnitude = tf.abs(logits)
    return tf.reduce_sum(tf.nn.softplus(-magnitude) + magnitude * tf.sigmoid(-magnitude), axis=-1)
