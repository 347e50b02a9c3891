"""Layered sigmoid belief nets: binary units, each with the layer above as its parents.

    p(x_0, ..., x_L) = p(x_0) prod_l p(x_l | x_{l-1}),   p(x_l = 1 | x_{l-1}) = sigmoid(b_l + x_{l-1} W_l)
    p(x_0) = prod_i p(x_0i | x_01, ..., x_0,i-1),        p(x_0i = 1 | ...) = sigmoid(b_0i + sum_{j<i} x_0j A_ji)

Layers count in ancestral order: x_0 is the top and x_L the visible one. Without the autoregressive weights A the
units of the top are independent. A recognition net is a belief net too, read from the data up: its x_0 is what is
given, and its likelihood is log q.

References:
  Neal (1992), Connectionist learning of belief networks.
  Frey, Hinton & Dayan (1996), Does the wake-sleep algorithm produce good density estimators?, for A.
  Hinton, Osindero & Teh (2006), A fast learning algorithm for deep belief nets, sections 2 and 3.
"""

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

import tensorflow as tf

from tfdgm.core import philox
from tfdgm.math import bernoulli
from tfdgm.math.binary_tables import binary_states, normalize, require_enumerable
from tfdgm.math.harmonium import Harmonium
from tfdgm.math.units import BERNOULLI


@dataclasses.dataclass(frozen=True)
class BeliefNet:
    """Parameters of one net, as tensors.

    Attributes:
      kernels: W_1 to W_L; W_l is [D_{l-1}, D_l].
      biases: b_0 to b_L; b_l is [D_l].
      prior_kernel: A, [D_0, D_0], zero on and below the diagonal; None where the top's units are independent.
    """

    kernels: tuple[tf.Tensor, ...]
    biases: tuple[tf.Tensor, ...]
    prior_kernel: tf.Tensor | None = None

    def __post_init__(self) -> None:
        """Refuses kernels that do not lead from each layer to the next."""
        sizes = self.layer_sizes
        shapes = [tuple(kernel.shape) for kernel in self.kernels]
        needed = list(itertools.pairwise(sizes))
        if shapes != needed:
            raise ValueError(f"kernels have shapes {shapes}; layers of {sizes} units need {needed}")
        shape = None if self.prior_kernel is None else tuple(self.prior_kernel.shape)
        if shape not in (None, (sizes[0], sizes[0])):
            raise ValueError(f"prior_kernel has shape {shape}; a top of {sizes[0]} units needs {(sizes[0], sizes[0])}")

    @property
    def depth(self) -> int:
        """L: kernels, one fewer than layers."""
        return len(self.kernels)

    @property
    def layer_sizes(self) -> list[int]:
        """D_0 to D_L."""
        return [bias.shape.num_elements() for bias in self.biases]

    def logits(self, layer: int, above: tf.Tensor) -> tf.Tensor:
        """Logits of p(x_l = 1 | x_{l-1}) for l from 1 to L: [..., D_{l-1}] to [..., D_l]."""
        return tf.matmul(above, self.kernels[layer - 1]) + self.biases[layer]

    def prior_logits(self, top: tf.Tensor) -> tf.Tensor:
        """Logits of p(x_0i = 1 | x_01, ..., x_0,i-1): [..., D_0] to its shape, or to [D_0] where they are constants."""
        return self.biases[0] if self.prior_kernel is None else self.biases[0] + tf.matmul(top, self.prior_kernel)

    def log_prior(self, top: tf.Tensor) -> tf.Tensor:
        """log p(x_0), nats: [..., D_0] to [...]."""
        return bernoulli.log_prob(top, self.prior_logits(top))

    def log_conditionals(self, states: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """log p(x_l | x_{l-1}) for l from 1 to L, nats: L + 1 tensors [..., D_l] to L of [...]."""
        pairs = enumerate(itertools.pairwise(states), start=1)
        return [bernoulli.log_prob(x, self.logits(layer, above)) for layer, (above, x) in pairs]

    def log_likelihood(self, states: Sequence[tf.Tensor]) -> tf.Tensor:
        """log p(x_1, ..., x_L | x_0), nats: L + 1 tensors [..., D_l] to [...].

        A net whose top is some other model's p(x_0) has the log joint log p(x_0) + this.
        """
        terms = self.log_conditionals(states)
        return sum(terms[1:], start=terms[0])  # not add_n, which does not broadcast

    def log_joint(self, states: Sequence[tf.Tensor]) -> tf.Tensor:
        """log p(x_0, ..., x_L), nats: L + 1 broadcastable tensors [..., D_l] to [...]."""
        return self.log_prior(states[0]) + self.log_likelihood(states)

    def draw(self, layer: int, above: tf.Tensor | None, noise: tf.Tensor) -> tf.Tensor:
        """x_l given x_{l-1} (None for the top) by uniforms of its shape, [..., D_l]."""
        if above is None and self.prior_kernel is not None:
            return self._draw_autoregressive(noise)
        logits = self.biases[0] if above is None else self.logits(layer, above)
        return tf.cast(noise < tf.sigmoid(logits), noise.dtype)

    def draw_all(self, noise: tf.Tensor, top: tf.Tensor | None = None) -> tuple[tf.Tensor, ...]:
        """x_0, ..., x_L from the top down by uniforms [..., D_0 + ... + D_L], or [..., D_1 + ... + D_L] below `top`."""
        sizes = self.layer_sizes[(top is not None) :]
        states = [] if top is None else [top]
        for uniform in tf.split(noise, sizes, axis=-1):
            states.append(self.draw(len(states), states[-1] if states else None, uniform))
        return tuple(states)

    def ancestral_pass(self, seeds: tf.Tensor, top: tf.Tensor | None = None) -> Iterator[tf.Tensor]:
        """Draws the layers one by one, so that a deep net need not hold them all.

        Args:
          seeds: int64 [N]; row i depends on `seeds[i]` (and `top[i]`) alone.
          top: x_0 [N, D_0] where it is given; else it is drawn from the prior.

        Yields:
          x_0, then each layer below it, [N, D_l].
        """
        x = self.draw(0, None, self._noise(seeds, 0)) if top is None else top
        yield x
        for layer in range(1, self.depth + 1):
            x = self.draw(layer, x, self._noise(seeds, layer))
            yield x

    def sample(self, seeds: tf.Tensor, top: tf.Tensor | None = None) -> tuple[tf.Tensor, ...]:
        """All layers of `ancestral_pass`, x_0 first."""
        return tuple(self.ancestral_pass(seeds, top))

    def _draw_autoregressive(self, noise: tf.Tensor) -> tf.Tensor:
        """x_0 unit by unit: uniforms [..., D_0] to states of that shape."""
        num_units = self.layer_sizes[0]

        def draw_unit(unit: tf.Tensor, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            # All logits each time, for a column alone is hardly cheaper; a unit's own depends on those before it.
            on = tf.cast(noise < tf.sigmoid(self.prior_logits(x)), x.dtype)
            return unit + 1, tf.where(tf.range(num_units) == unit, on, x)

        start = (tf.constant(0), tf.zeros_like(noise))
        return tf.while_loop(lambda unit, x: unit < num_units, draw_unit, start, maximum_iterations=num_units)[1]

    def _noise(self, seeds: tf.Tensor, layer: int) -> tf.Tensor:
        # By distance from the bottom: layers added on top leave the noise of the old ones as it was.
        step = tf.constant(self.depth - layer, tf.int64)
        return _uniform(seeds, self.layer_sizes[layer], step, self.biases[0].dtype)


def unroll(harmonium: Harmonium, depth: int) -> BeliefNet:
    """An RBM's weights as a directed net: v at the bottom, below h, below v, ... with W' and W in turn.

    The top layer has its own bias and no other parents. In the limit of depth the net's p(v) is the RBM's.

    Args:
      harmonium: of binary units, at its own temperature.
      depth: number of kernels, at least 1; the top is a hidden layer where it is odd, a visible one where even.

    Raises:
      ValueError: for another harmonium or depth.
    """
    if harmonium.visible != BERNOULLI or harmonium.beta is not None:
        raise ValueError(
            "the harmonium is tempered or its visible units are not binary; a belief net needs binary ones"
        )
    if depth < 1:
        raise ValueError(f"depth is {depth}; it must be at least 1")
    down, up = tf.transpose(harmonium.kernel), harmonium.kernel
    kernels = [up if index % 2 else down for index in range(depth)]
    biases = [harmonium.hidden_bias if index % 2 else harmonium.visible_bias for index in range(depth + 1)]
    return BeliefNet(tuple(reversed(kernels)), tuple(reversed(biases)))


def log_joint_table(net: BeliefNet, log_top: tf.Tensor | None = None) -> tf.Tensor:
    """The joint of a small net by enumeration, nats: [2^D_0, ..., 2^D_L] in the order of `binary_states`.

    Args:
      net: with few units.
      log_top: table [2^D_0] of log p(x_0) in place of the net's own prior.

    Raises:
      ValueError: for more units in all than a table can have.
    """
    require_enumerable(sum(net.layer_sizes))
    rank, sizes = net.depth + 1, net.layer_sizes
    axes = [[2**size if axis == layer else 1 for axis in range(rank)] for layer, size in enumerate(sizes)]
    states = [
        tf.reshape(binary_states(size, net.biases[0].dtype), [*shape, size])
        for size, shape in zip(sizes, axes, strict=True)
    ]
    log_prior = net.log_prior(states[0]) if log_top is None else tf.reshape(log_top, axes[0])
    return log_prior + net.log_likelihood(states)


def log_marginal_tables(net: BeliefNet, log_top: tf.Tensor | None = None) -> list[tf.Tensor]:
    """log p(x_l) of every layer, each [2^D_l], nats, at any depth: layers are summed out one by one."""
    top = binary_states(net.layer_sizes[0], net.biases[0].dtype)
    marginals = [net.log_prior(top) if log_top is None else log_top]
    for layer in range(1, net.depth + 1):
        pair = marginals[-1][:, tf.newaxis] + _log_conditional_table(net, layer)
        marginals.append(tf.reduce_logsumexp(pair, axis=0))
    return marginals


def log_posterior_table(net: BeliefNet, log_top: tf.Tensor | None = None) -> tf.Tensor:
    """log p(x_0, ..., x_{L-1} | x_L) of a small net, nats: [2^D_L, 2^(D_0 + ... + D_{L-1})], normalised by rows.

    The hidden units count as those of one layer, the top's first.
    """
    table = tf.reshape(log_joint_table(net, log_top), [-1, 2 ** net.layer_sizes[-1]])
    return normalize(tf.transpose(table))


def log_parent_posterior_table(net: BeliefNet, log_top: tf.Tensor | None = None) -> tf.Tensor:
    """log p(x_{L-1} | x_L) of a net of any depth, nats: [2^D_L, 2^D_{L-1}], normalised by rows."""
    above = log_marginal_tables(net, log_top)[-2]
    return normalize(tf.transpose(above[:, tf.newaxis] + _log_conditional_table(net, net.depth)))


def _log_conditional_table(net: BeliefNet, layer: int) -> tf.Tensor:
    """log p(x_l | x_{l-1}), [2^D_{l-1}, 2^D_l]."""
    require_enumerable(sum(net.layer_sizes[layer - 1 : layer + 1]))
    above, states = (binary_states(net.layer_sizes[index], net.biases[0].dtype) for index in (layer - 1, layer))
    return bernoulli.log_prob(states, net.logits(layer, above)[:, tf.newaxis, :])


@tf.function(autograph=False)
def _uniform(seeds: tf.Tensor, size: int, step: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    # A graph of its own: a deep net's pass draws a thousand times.
    return philox.row_uniform(seeds, (size,), step=step, dtype=dtype)
