"""Variational inference in a deep Boltzmann machine by a factorial q(h|v), and what it learns by.

    log p(v) >= E_q[-E(v, h)] + H(q) - log Z,   q(h|v) = prod_k prod_j mu_kj^h_kj (1 - mu_kj)^(1 - h_kj)

Given the other layers' mu, the best mu_k is sigmoid(b_k + W_{k-1}'mu_{k-1} + W_k mu_{k+1}): updating all odd layers and
then all even ones never lowers the bound.

References:
  Salakhutdinov & Hinton (2009), Deep Boltzmann machines, eq. 6-8 and section 3.
"""

from collections.abc import Sequence

import tensorflow as tf

from tfdgm.math.deep_boltzmann import DeepBoltzmann

Means = tuple[tf.Tensor, ...]


def bottom_up(dbm: DeepBoltzmann, v: tf.Tensor, drive: tf.Tensor | None = None) -> Means:
    """A first guess in one pass: each layer's input from below counts twice, for that from above, which is missing.

    Args:
      dbm: with L hidden layers.
      v: [B, N_0].
      drive: what v adds to the first layer's field, where it is known already, [B, N_1].

    Returns:
      mu_1, ..., mu_L, [B, N_k].
    """
    inputs = dbm.from_below(1, v) if drive is None else drive
    means, last = [], len(dbm.kernels)
    for layer in range(1, last + 1):
        field = dbm.biases[layer] + inputs
        if layer < last:  # what deviates from rest below counts again; above, all is at rest
            field += inputs - tf.linalg.matvec(dbm.kernels[layer - 1], dbm.offsets[layer - 1], transpose_a=True)
            field += tf.linalg.matvec(dbm.kernels[layer], dbm.offsets[layer + 1])
        means.append(tf.sigmoid(field))
        if layer < last:
            inputs = dbm.from_below(layer + 1, means[-1])
    return tuple(means)


def update(dbm: DeepBoltzmann, drive: tf.Tensor, means: Means) -> Means:
    """One sweep of the fixed-point equations: all odd layers, then all even ones.

    Args:
      dbm: with L hidden layers.
      drive: what v adds to the first layer's field, [B, N_1].
      means: mu_1, ..., mu_L, [B, N_k].

    Returns:
      The new means.
    """
    new, last = list(means), len(dbm.kernels)
    for layer in (*range(1, last + 1, 2), *range(2, last + 1, 2)):
        field = dbm.biases[layer] + (drive if layer == 1 else dbm.from_below(layer, new[layer - 2]))
        if layer < last:
            field += dbm.from_above(layer, new[layer])
        new[layer - 1] = tf.sigmoid(field)
    return tuple(new)


def infer(dbm: DeepBoltzmann, v: tf.Tensor, num_steps: int) -> Means:
    """mu_1, ..., mu_L after the bottom-up pass and `num_steps` sweeps; row i depends on v[i] alone."""
    drive = dbm.from_below(1, v)
    _, means = tf.while_loop(
        lambda index, means: index < num_steps,
        lambda index, means: (index + 1, update(dbm, drive, means)),
        (tf.constant(0), bottom_up(dbm, v, drive)),
        maximum_iterations=num_steps,
    )
    return means


def visible_mean(dbm: DeepBoltzmann, means: Means) -> tf.Tensor:
    """E[v | h_1] with h_1 at its mean: mu_k [B, N_k] to [B, N_0]."""
    return tf.sigmoid(dbm.biases[0] + dbm.from_above(0, means[0]))


def entropy(means: Sequence[tf.Tensor]) -> tf.Tensor:
    """H(q), nats: mu_k [B, N_k] to [B]."""
    return -tf.add_n([tf.reduce_sum(tf.math.xlogy(mu, mu) + tf.math.xlog1py(1.0 - mu, -mu), axis=-1) for mu in means])


def unnormalized_elbo(dbm: DeepBoltzmann, v: tf.Tensor, means: Means) -> tf.Tensor:
    """E_q[-E(v, h)] + H(q), nats: a lower bound on log p(v) + log Z for any means: [B, N_0] to [B]."""
    return entropy(means) - dbm.energy([v, *means])


def contrast(dbm: DeepBoltzmann, v: tf.Tensor, means: Means, odd_states: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """E_q[E(v, h)] - mean F(odd layers of the model's states), whose gradient is that of minus the bound.

    The even layers, v among them, are summed out of the model's states: F is the bipartite free energy.

    Args:
      dbm: with parameters that carry gradients.
      v: data, [B, N_0].
      means: of q, [B, N_k]; no gradient goes through them, for at the fixed point it would be zero.
      odd_states: [C, N_1 + N_3 + ...] from p, taken as constants.

    Returns:
      The loss [B], nats, of which only the gradient means anything; and E_q[E(v, h)], [B].

    References:
      Salakhutdinov & Hinton (2009), eq. 4-5 and algorithm 1.
    """
    energy = dbm.energy([v, *(tf.stop_gradient(mu) for mu in means)])
    return energy - tf.reduce_mean(dbm.bipartite("odd").free_energy(tf.stop_gradient(odd_states))), energy
