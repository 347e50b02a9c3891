"""Losses of a latent-variable model with classes, of which few are known, per example in nats.

p(x, y) = p(y) integral p(x|y, z) p(z) dz; `bounds` [B, Y] are bounds on log p(x, y), one for each class.
"""

import tensorflow as tf


def unlabeled_bound(bounds: tf.Tensor, log_q: tf.Tensor) -> tf.Tensor:
    """sum_y q(y|x) (bound_y - log q(y|x)), a bound on log p(x).

    Args:
      bounds: [B, Y], nats.
      log_q: log q(y|x), [B, Y], normalised over classes.

    Returns:
      [B], nats.

    References:
      Kingma, Rezende, Mohamed & Welling (2014), Semi-supervised learning with deep generative models, eq. 7.
    """
    q = tf.exp(log_q)
    # 0 log 0 = 0, where a class is ruled out for certain.
    return tf.reduce_sum(q * bounds - tf.math.multiply_no_nan(log_q, q), axis=1)


def semi_supervised_loss(
    bounds: tf.Tensor, log_q: tf.Tensor, label: tf.Tensor, classification_weight: float
) -> tf.Tensor:
    """-bound_y - alpha log q(y|x) where y is known, minus `unlabeled_bound` where it is not.

    Args:
      bounds: [B, Y], nats.
      log_q: log q(y|x), [B, Y].
      label: int32 [B], -1 where it is not known.
      classification_weight: alpha.

    Returns:
      [B], nats.

    References:
      Kingma et al. (2014), eq. 8 and 9.
    """
    is_known, known = label >= 0, tf.maximum(label, 0)

    def of_label(values: tf.Tensor) -> tf.Tensor:
        return tf.gather(values, known, axis=1, batch_dims=1)

    labeled = of_label(bounds) + classification_weight * of_label(log_q)
    return -tf.where(is_known, labeled, unlabeled_bound(bounds, log_q))
