"""Posterior regularisation over finite labels: the nearest distribution to p that knowledge is fulfilled under."""

import tensorflow as tf


def projected_log_prob(log_p: tf.Tensor, truth: tf.Tensor, confidences: tf.Tensor) -> tf.Tensor:
    """log q(y) with q(y) = p(y) exp(sum_l lambda_l r_l(y)) / Z, the minimiser of KL(q || p) - sum_l lambda_l E_q[r_l].

    A confidence that is infinite rules out every label of truth below 1.

    Args:
      log_p: log p(y) up to a constant, [..., K].
      truth: r_l(y) in [0, 1], [..., K, L].
      confidences: lambda, at least 0, [L].

    Returns:
      [..., K], nats; NaN where hard rules leave no label: rules that contradict each other have no such q.

    References:
      Ganchev, Graca, Gillenwater & Taskar (2010), Posterior regularization for structured latent variable models,
      section 2.1; Hu et al. (2016), Harnessing deep neural networks with logic rules, eq. 4.
    """
    return tf.nn.log_softmax(log_p + rule_score(truth, tf.cast(confidences, log_p.dtype)))


def rule_score(truth: tf.Tensor, confidences: tf.Tensor) -> tf.Tensor:
    """-sum_l lambda_l (1 - r_l(y)), at most 0, minus infinity where a hard rule is broken: [..., K, L] to [..., K]."""
    is_hard = tf.math.is_inf(confidences)
    soft = tf.where(is_hard, tf.zeros_like(confidences), confidences) * (truth - 1.0)
    hard = tf.where(truth < 1.0, tf.constant(-float("inf"), truth.dtype), tf.zeros_like(truth))
    return tf.reduce_sum(tf.where(is_hard, hard, soft), axis=-1)


def regularized_divergence(log_q: tf.Tensor, log_p: tf.Tensor, truth: tf.Tensor, confidences: tf.Tensor) -> tf.Tensor:
    """KL(q || p) - sum_l lambda_l E_q[r_l], which `projected_log_prob` makes least; at that q it is -log Z.

    Args:
      log_q: normalised, [..., K].
      log_p: normalised, [..., K].
      truth: [..., K, L].
      confidences: finite, [L].

    Returns:
      [...], nats.
    """
    score = tf.reduce_sum(tf.cast(confidences, log_p.dtype) * truth, axis=-1)
    return tf.reduce_sum(tf.math.multiply_no_nan(log_q - log_p - score, tf.exp(log_q)), axis=-1)
