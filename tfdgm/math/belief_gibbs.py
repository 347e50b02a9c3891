"""Gibbs sampling of the hidden units of a sigmoid belief net given its visible ones.

    p(x_i = 1 | rest) = sigmoid(logit of i given its parents + sum_c log p(x_c | x_i = 1, ...) / p(x_c | x_i = 0, ...))

with c over the children of unit i. Units of one layer share children, so that they explain each other away: they are
resampled one at a time, where the units of a Boltzmann machine's layer can be drawn together.

References:
  Neal (1992), Connectionist learning of belief networks, section 3.
"""

from collections.abc import Sequence

import tensorflow as tf

from tfdgm.math.belief_net import BeliefNet

States = Sequence[tf.Tensor]


def conditional_logit(net: BeliefNet, states: States, layer: int, unit: tf.Tensor | int) -> tf.Tensor:
    """Logit of p(unit on | all other units).

    Args:
      net: of L + 1 layers.
      states: x_0 to x_L, [N, D_l]; the unit's own does not matter.
      layer: of the unit, 0 to L - 1.
      unit: its index in the layer, int32 scalar.

    Returns:
      [N].
    """
    x, below = states[layer], states[layer + 1]
    parents_logits = net.logits(layer, states[layer - 1]) if layer else net.prior_logits(x)
    logit = tf.gather(parents_logits, unit, axis=-1)
    logit += _evidence(net.logits(layer + 1, x), tf.gather(net.kernels[layer], unit), x, unit, below)
    if layer == 0 and net.prior_kernel is not None:  # later units of the top are children of this one
        logit += _evidence(net.prior_logits(x), tf.gather(net.prior_kernel, unit), x, unit, x)
    return logit


def sweep(net: BeliefNet, states: States, noise: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Resamples every hidden unit once, from the layer above the data up; x_L stays.

    Args:
      net: of L + 1 layers.
      states: x_0 to x_L, [N, D_l].
      noise: uniforms [N, D_0 + ... + D_{L-1}].

    Returns:
      The new states. Where those given are drawn from p(x_0, ..., x_{L-1} | x_L), so are these.
    """
    new = list(states)
    noises = tf.split(noise, net.layer_sizes[:-1], axis=-1)
    for layer in reversed(range(net.depth)):
        new[layer] = _resampled_layer(net, new, layer, noises[layer])
    return tuple(new)


def run(net: BeliefNet, states: States, noise: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Sweeps by uniforms [N, num_sweeps, D_0 + ... + D_{L-1}], one after the other."""
    num_sweeps = tf.shape(noise)[1]
    return tf.while_loop(
        lambda index, states: index < num_sweeps,
        lambda index, states: (index + 1, sweep(net, states, noise[:, index])),
        (tf.constant(0), tuple(states)),
    )[1]


def _resampled_layer(net: BeliefNet, states: States, layer: int, noise: tf.Tensor) -> tf.Tensor:
    num_units = net.layer_sizes[layer]

    def resample(unit: tf.Tensor, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        others = [*states[:layer], x, *states[layer + 1 :]]
        on = noise[:, unit] < tf.sigmoid(conditional_logit(net, others, layer, unit))
        is_unit = tf.range(num_units) == unit
        return unit + 1, tf.where(is_unit, tf.cast(on, x.dtype)[:, tf.newaxis], x)

    start = (tf.constant(0), states[layer])
    return tf.while_loop(lambda unit, x: unit < num_units, resample, start, maximum_iterations=num_units)[1]


def _evidence(
    logits: tf.Tensor, weights: tf.Tensor, x: tf.Tensor, unit: tf.Tensor | int, below: tf.Tensor
) -> tf.Tensor:
    """log p(children | unit on) - log p(children | unit off): their logits [N, C], the unit's weights [C], to [N]."""
    off = logits - tf.gather(x, unit, axis=-1)[:, tf.newaxis] * weights
    return tf.reduce_sum(below * weights - tf.nn.softplus(off + weights) + tf.nn.softplus(off), axis=-1)
