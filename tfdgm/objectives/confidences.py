"""Confidences of rules that are learned: lambda of q(y|x) ~ p(y|x) exp(sum_l lambda_l r_l(x, y)).

    d log q(y|x) / d lambda_l = r_l(x, y) - E_q[r_l]

so that a rule gains confidence where what happens obeys it more often than q expects. q is an exponential family in
lambda: -E log q is convex, with the covariance of the rules under q for its second derivative, and for p held fixed
Newton's method finds the maximum, whose inverse second derivative gives the standard errors.

References:
  Hu, Yang, Salakhutdinov & Xing (2016), Deep neural networks with massive learned knowledge, section 3.2.
"""

import tensorflow as tf

from tfdgm.objectives.posterior_regularization import projected_log_prob

_MAX_STEPS = 50
_MIN_FRACTION = 2.0**-20  # of a Newton step
_TOLERANCE = 1e-10
_MIN_SHARE = 1e-9  # of the information at the start; less in some direction is none


def confidence_loss(log_p: tf.Tensor, rules: tf.Tensor, confidences: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """-sum_y target(y) log q(y|x), through which the confidences learn; p gets no gradient.

    Args:
      log_p: log p(y|x), [B, K].
      rules: r_l(x, y), [B, K, L].
      confidences: lambda, [L].
      target: what q is to be near, [B, K], rows that sum to one: the label as one-hot; where there is none p itself; or
        (1 - pi) and pi of the two, by which network and rules teach each other.

    Returns:
      [B], nats.

    References:
      Hu et al. (2016), mutual distillation.
    """
    return -tf.reduce_sum(target * projected_log_prob(tf.stop_gradient(log_p), rules, confidences), axis=-1)


def confidence_gradient(log_p: tf.Tensor, rules: tf.Tensor, confidences: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """d sum_y target(y) log q(y|x) / d lambda = E_target[r] - E_q[r], [B, L], in closed form."""
    q = tf.exp(projected_log_prob(log_p, rules, confidences))
    return tf.einsum("bk,bkl->bl", target - q, rules)


def information(log_p: tf.Tensor, rules: tf.Tensor, confidences: tf.Tensor) -> tf.Tensor:
    """The rules' covariance under q, its sum over the batch: Fisher's information about lambda, [L, L]."""
    q = tf.exp(projected_log_prob(log_p, rules, confidences))
    centred = rules - tf.einsum("bk,bkl->bl", q, rules)[:, tf.newaxis]
    return tf.einsum("bk,bkl,bkm->lm", q, centred, centred)


def fit_confidences(log_p: tf.Tensor, rules: tf.Tensor, target: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The confidences of greatest likelihood, p held fixed, by Newton's method; eager, float64.

    Args:
      log_p: log p(y|x), [B, K].
      rules: r_l(x, y), [B, K, L].
      target: one-hot labels [B, K].

    Returns:
      lambda and its standard errors, [L] each; a rule that the labels deny has a negative confidence.

    Raises:
      ValueError: where the labels leave a confidence without a maximum: rules that no y changes, that say the same, or
        that all labels obey.
    """
    confidences = tf.zeros(rules.shape[-1:], log_p.dtype)
    least = _MIN_SHARE * tf.linalg.trace(information(log_p, rules, confidences))

    def loss(confidences: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(confidence_loss(log_p, rules, confidences, target))

    for _ in range(_MAX_STEPS):
        gradient = tf.reduce_sum(confidence_gradient(log_p, rules, confidences, target), axis=0)
        second = information(log_p, rules, confidences)
        if tf.linalg.eigvalsh(second)[0] <= least:
            break
        step = tf.linalg.solve(second, gradient[:, tf.newaxis])[:, 0]
        if tf.reduce_sum(step * gradient) < _TOLERANCE:
            return confidences, tf.sqrt(tf.linalg.diag_part(tf.linalg.inv(second)))
        fraction, before = 1.0, loss(confidences)
        while loss(confidences + fraction * step) > before and fraction > _MIN_FRACTION:
            fraction /= 2.0
        confidences += fraction * step
    raise ValueError(
        f"confidences have no maximum, after {confidences.numpy().tolist()}: some rule is the same for every y, or a "
        "combination of others, or is obeyed by all labels; leave it out, or give it a confidence of its own"
    )
