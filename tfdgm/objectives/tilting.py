"""A distribution tilted by what is known: q(x) = p_theta(x) exp(lambda f(x)) / Z, and what p_theta learns from it.

    L(theta, q) = KL(q || p_theta) - lambda E_q[f]           least at q = q*, where it is -log Z(theta)
    min over theta, q of  L(theta) + alpha L(theta, q)       L(theta) is the data's loss, such as -E_data log p_theta

    E step   q* = p_theta exp(lambda f) / Z
    M step   min over theta of  L(theta) - alpha E_q*[log p_theta]

The sign before alpha is plus: each of the two steps lowers that sum. Of L(theta) - alpha L(theta, q) q* would be the
highest value over q, and the sum had no least value: KL has no upper end.

A step of the M step's gradient is the log-derivative trick at a finite lambda: since E_p[grad log p] = 0,
    (1/lambda) E_q*[grad log p_theta] = Cov_p(f, grad log p_theta) + O(lambda) = grad E_p_theta[f] + O(lambda)

Where x cannot be enumerated, E_q* is over samples x_n of p_theta, or of any proposal r, with weights
w_n ~ exp(lambda f(x_n)) p_theta(x_n) / r(x_n) that sum to one. With a reward R and a temperature t, f = R and
lambda = 1 / t give the policy that maximises E_q[R] - t KL(q || p_theta); its value is t log Z.

References:
  Ganchev, Graca, Gillenwater & Taskar (2010), Posterior regularization for structured latent variable models.
  Hu, Yang, Salakhutdinov, Liang, Qin, Dong & Xing (2018), Deep generative models with learnable knowledge constraints.
  Levine (2018), Reinforcement learning and control as probabilistic inference, section 2.
"""

import tensorflow as tf

from tfdgm.objectives.wake_sleep import normalized_weights, reweighted_loss


def tilted(log_p: tf.Tensor, values: tf.Tensor, strength: float) -> tuple[tf.Tensor, tf.Tensor]:
    """log q* and log Z of enumerated states, nats.

    Args:
      log_p: log p of N states, [..., N].
      values: f of each, broadcastable to it.
      strength: lambda.

    Returns:
      [..., N] and [...].
    """
    log_weights = log_p + strength * values
    log_z = tf.reduce_logsumexp(log_weights, axis=-1, keepdims=True)
    return log_weights - log_z, tf.squeeze(log_z, axis=-1)


def regularizer(log_q: tf.Tensor, log_p: tf.Tensor, values: tf.Tensor, strength: float) -> tf.Tensor:
    """KL(q || p) - lambda E_q[f] of tables [..., N], nats, [...]; states that q excludes count for nothing."""
    return tf.reduce_sum(tf.math.multiply_no_nan(log_q - log_p - strength * values, tf.exp(log_q)), axis=-1)


def importance_weights(values: tf.Tensor, strength: float, log_ratio: tf.Tensor | float = 0.0) -> tf.Tensor:
    """w_n, which sum to one over the samples, for E_q*[g] = sum_n w_n g(x_n); no gradient goes through them.

    Args:
      values: f(x_n) of N samples, [B, N].
      strength: lambda.
      log_ratio: log p(x_n) - log r(x_n) of samples of r, up to a constant, broadcastable to it.

    Returns:
      [B, N]; estimates by them are biased by O(1/N).
    """
    return normalized_weights(strength * values + log_ratio)


def effective_sample_size(weights: tf.Tensor) -> tf.Tensor:
    """1 / sum_n w_n^2: [B, N] to [B], 1 to N.

    References:
      Kong (1992), A note on importance sampling using standardized weights.
    """
    return 1.0 / tf.reduce_sum(tf.square(weights), axis=-1)


def m_step_loss(log_p: tf.Tensor, values: tf.Tensor, strength: float, log_ratio: tf.Tensor | float = 0.0) -> tf.Tensor:
    """-sum_n w_n log p_theta(x_n): samples [B, N] to [B], nats; through f and the weights no gradient goes."""
    return reweighted_loss(log_p, strength * values + log_ratio)


def centred_m_step_loss(log_p: tf.Tensor, values: tf.Tensor, strength: float) -> tf.Tensor:
    """-(1/lambda) sum_n (w_n - 1/N) log p_theta(x_n) of N samples of p_theta: [B, N] to [B].

    Its gradient estimates minus (1/lambda) E_q*[grad log p]: what the uniform weights take off is zero in expectation,
    and without it the variance grows as 1 / lambda^2. As lambda goes to 0 it becomes the log-derivative trick with the
    samples' mean of f for a baseline, -(1/N) sum_n (f(x_n) - mean f) log p_theta(x_n).
    """
    weights = importance_weights(values, strength)
    centred = weights - tf.reduce_mean(weights, axis=-1, keepdims=True)  # the mean is 1/N
    return -tf.reduce_sum(centred * log_p, axis=-1) / strength
