"""Evidence bounds of latent-variable models, per example in nats. One table, `BOUNDS`."""

import math
from collections.abc import Callable

import tensorflow as tf

_LOG_2PI = math.log(2.0 * math.pi)


def diagonal_normal_log_prob(z: tf.Tensor, mean: tf.Tensor | float, log_var: tf.Tensor | float) -> tf.Tensor:
    """log N(z; mean, diag exp(log_var)), nats: [..., D] to [...]."""
    log_var = tf.convert_to_tensor(log_var, z.dtype)  # a Python number would be float32 beside a float64 z
    return -0.5 * tf.reduce_sum(_LOG_2PI + log_var + tf.square(z - mean) * tf.exp(-log_var), axis=-1)


def kl_from_standard_normal(mean: tf.Tensor, log_var: tf.Tensor) -> tf.Tensor:
    """KL(N(mean, diag exp(log_var)) || N(0, I)) = (1/2) sum_d mean^2 + var - 1 - log var.

    Args:
      mean: [..., D].
      log_var: [..., D].

    Returns:
      [...], nats, non-negative.

    References:
      Kingma & Welling (2014), Auto-Encoding Variational Bayes, appendix B.
    """
    # expm1 keeps the difference exact near the prior.
    return 0.5 * tf.reduce_sum(tf.square(mean) + tf.math.expm1(log_var) - log_var, axis=-1)


def sampled_kl(log_q: tf.Tensor, log_p: tf.Tensor) -> tf.Tensor:
    """mean_k log q(z_k|x) - log p(z_k), for a q whose KL has no closed form.

    Args:
      log_q: [B, K], log q(z_k|x) with z_k from q(z|x), nats.
      log_p: [B, K], log p(z_k), nats.

    Returns:
      [B], nats: in expectation KL(q(z|x) || p(z)); single values may be negative.

    References:
      Kingma & Welling (2014), eq. 6; Rezende & Mohamed (2015), eq. 15.
    """
    return tf.reduce_mean(log_q - log_p, axis=1)


def elbo(log_likelihood: tf.Tensor, kl: tf.Tensor) -> tf.Tensor:
    """mean_k log p(x|z_k) - KL(q(z|x) || p(z)).

    Args:
      log_likelihood: [B, K], log p(x|z_k) with z_k from q(z|x), nats.
      kl: [B], nats, in closed form or estimated from the same z_k.

    Returns:
      [B], nats: in expectation a lower bound of log p(x).

    References:
      Kingma & Welling (2014), eq. 7 (the KL in closed form) and 6 (estimated).
    """
    return tf.reduce_mean(log_likelihood, axis=1) - kl


def iwae_bound(log_weights: tf.Tensor) -> tf.Tensor:
    """log (1/K) sum_k w_k with w_k = p(x, z_k) / q(z_k|x).

    Args:
      log_weights: [B, K], nats.

    Returns:
      [B], nats: in expectation a lower bound of log p(x) that rises with K.

    References:
      Burda, Grosse & Salakhutdinov (2016), Importance Weighted Autoencoders, eq. 8.
    """
    return tf.reduce_logsumexp(log_weights, axis=1) - _log_count(log_weights)


def elbo_loss(
    log_likelihood: tf.Tensor, kl: tf.Tensor, log_weights: tf.Tensor, kl_weight: tf.Tensor | float
) -> tf.Tensor:
    """-(mean_k log p(x|z_k) - kl_weight KL), [B]; `log_weights` is not used.

    References:
      Higgins et al. (2017), beta-VAE, eq. 4, for kl_weight other than 1; Bowman et al. (2016) for its warm-up.
    """
    del log_weights
    return -elbo(log_likelihood, kl_weight * kl)


def iwae_loss(
    log_likelihood: tf.Tensor, kl: tf.Tensor, log_weights: tf.Tensor, kl_weight: tf.Tensor | float
) -> tf.Tensor:
    """-log (1/K) sum_k w_k with log w_k = log p(x|z_k) + kl_weight (log p(z_k) - log q(z_k|x)), [B]."""
    del kl
    log_ratio = log_weights - log_likelihood
    return -iwae_bound(log_likelihood + kl_weight * log_ratio)


BOUNDS: dict[str, Callable[..., tf.Tensor]] = {"elbo": elbo_loss, "iwae": iwae_loss}


def _log_count(log_weights: tf.Tensor) -> tf.Tensor:
    return tf.math.log(tf.cast(tf.shape(log_weights)[1], log_weights.dtype))
