"""GAN, VAE and wake-sleep in one notation, per example in nats.

    y                  1 for real, 0 for generated, p(y) = 1/2
    p_theta(x|y)       p_data(x) for y = 1, the generator's p_g(x) for y = 0
    q_phi(y|x)         the discriminator: sigmoid(logit) for y = 1
    q^r(y|x)           q(1 - y|x), the discriminator reversed

A GAN is a pair of steps, as in variational EM, and the pair is a sleep phase with y for the hidden causes:

    phi up             E_{p_theta(x|y) p(y)} log q_phi(y|x)         the sleep phase
    theta up           E_{p_theta(x|y) p(y)} log q^r(y|x)           the same with q^r for q

`tfdgm.evaluation.unified_lemmas` checks what that amounts to on finite spaces.

References:
  Hu, Yang, Salakhutdinov & Xing (2018), On unifying deep generative models.
"""

import tensorflow as tf

from tfdgm.objectives.wake_sleep import reweighted_loss

Label = tf.Tensor | int
"""y: 0 or 1, one for all examples or of the logits' shape and dtype."""


def log_q(logits: tf.Tensor, y: Label) -> tf.Tensor:
    """log q(y|x), nats: logits [...] to [...]."""
    return tf.math.log_sigmoid((2 * y - 1) * logits)


def log_q_reversed(logits: tf.Tensor, y: Label) -> tf.Tensor:
    """log q^r(y|x) = log q(1 - y|x), nats: logits [...] to [...]."""
    return log_q(logits, 1 - y)


def phi_loss(logits: tf.Tensor, y: Label) -> tf.Tensor:
    """-log q(y|x): [B] to [B], nats; the discriminator's of Goodfellow et al. (2014), one example at a time.

    References:
      Hu et al. (2018), the new form of the GAN's objectives.
    """
    return -log_q(logits, y)


def theta_loss(logits: tf.Tensor, y: Label) -> tf.Tensor:
    """-log q^r(y|x): [B] to [B], nats; for y = 0 the non-saturating generator's, for y = 1 without gradient.

    Its mean over p_theta(x|y) p(y) has, at the theta of the prior p_theta0(x), the gradient of
    E_p(y) KL(p_theta(x|y) || q^r(x|y)) - JSD(p_theta(x|0), p_theta(x|1)), with q^r(x|y) ~ q^r(y|x) p_theta0(x).

    References:
      Hu et al. (2018), lemma 1.
    """
    return -log_q_reversed(logits, y)


def saturating_theta_loss(logits: tf.Tensor, y: Label) -> tf.Tensor:
    """log q(y|x): [B] to [B], nats; for y = 0 the minimax generator's.

    With q(x|y) ~ q(y|x) p_theta0(x), the gradient of its mean is that of `theta_loss`, negated, and with q for q^r.
    """
    return log_q(logits, y)


def log_importance_weights(logits: tf.Tensor, y: Label) -> tf.Tensor:
    """log q^r(y|x) / q(y|x), nats: logits [...] to [...]; for y = 0 the logits themselves.

    By the best discriminator the weights are p_data(x) / p_g(x), for y = 0.

    References:
      Hu et al. (2018), importance weighted GANs.
    """
    return (1 - 2 * y) * logits


def importance_weighted_theta_loss(logits: tf.Tensor) -> tf.Tensor:
    """-sum_k (w_k / sum_j w_j) log q^r(0|x_k) with w = q^r(0|x) / q(0|x), through which no gradient goes.

    Args:
      logits: of K generated examples each, [B, K]; K = 1 is `theta_loss`.

    Returns:
      [B], nats.

    References:
      Hu et al. (2018), importance weighted GANs.
    """
    return reweighted_loss(log_q_reversed(logits, 0), log_importance_weights(logits, 0))


def adversary_activated(bounds: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """q^r(0|x) times the evidence bound of x, real or generated; no gradient goes through the weight.

    The perfect discriminator gives real examples the weight 1 and generated ones 0, which is a VAE.

    Args:
      bounds: [B], nats.
      logits: of the same examples, [B].

    Returns:
      [B], nats.

    References:
      Hu et al. (2018), adversary activated VAEs.
    """
    return tf.stop_gradient(tf.exp(log_q_reversed(logits, 0))) * bounds
