"""Constraints f_phi(x) that are learned, and generators that learn from them.

    q(x) = p_theta(x) exp(alpha f_phi(x)) / Z        the projection of the generator by the constraint
    phi up         E_data[f] - E_q[f]                the gradient of E_data log q, up to alpha: maximum-entropy inverse
                                                     reinforcement learning with the reward f and the policy q
    theta          KL(q || p_theta) down, the M step, for generators with a density (explicit)
                   KL(p_theta || q) down for those without (implicit): at the theta of q itself its gradient is that of
                   -alpha E_{p_theta}[f], since KL(p_theta || p_theta') has none there

E_q is over samples of p_theta by self-normalised importance weights. With f log-linear in features, the fixed point of
phi has E_q[features] = E_data[features].

References:
  Hu, Yang, Salakhutdinov, Liang, Qin, Dong & Xing (2018), Deep generative models with learnable knowledge constraints.
  Ziebart, Maas, Bagnell & Dey (2008), Maximum entropy inverse reinforcement learning.
"""

from collections.abc import Callable

import tensorflow as tf


def constraint_loss(
    data_values: tf.Tensor, model_values: tf.Tensor, strength: float, mean: Callable[[tf.Tensor], tf.Tensor]
) -> tf.Tensor:
    """-f(x_data) + w f(x_model), w = exp(alpha f) / mean exp(alpha f): the gradient of -(E_data[f] - E_q[f]).

    Args:
      data_values: f of real examples, [B].
      model_values: f of as many samples of p_theta, [B]; no gradient goes through the weights.
      strength: alpha.
      mean: of [B] over the global batch, a scalar.

    Returns:
      [B]; only its gradient means anything. The estimate of E_q is biased by O(1/B).
    """
    scaled = tf.stop_gradient(strength * model_values)
    weights = tf.exp(scaled - mean(scaled))  # the shift cancels
    return weights / mean(weights) * model_values - data_values


def implicit_generator_loss(model_values: tf.Tensor, strength: float) -> tf.Tensor:
    """-alpha f(G(z)): of samples [B] through which the gradient goes, to [B], nats; see the top of this module."""
    return -strength * model_values
