"""A sigmoid belief net and its recognition net, so small that every objective is a sum over all hidden states.

The parameters are two flat vectors, theta of p and phi of q, so that gradients are vectors too.

    log p(x)                   = log sum_h p(x, h)
    ELBO(x)                    = sum_h q(h|x) log p(x, h) / q(h|x)
    L_K(x)                     = E log (1/K) sum_k p(x, h_k) / q(h_k|x),  h_1, ..., h_K from q(h|x)
    KL(p(h|x) || q(h|x)), and KL(p(x, h) || q(h|x)) averaged over the model's own p(x)
"""

import dataclasses
import functools
import itertools
import math

import numpy as np
import tensorflow as tf

from tfdgm.core.validation import require_between
from tfdgm.math.belief_net import BeliefNet
from tfdgm.math.binary_tables import binary_states, normalize
from tfdgm.objectives.elbo import iwae_bound

MAX_VISIBLE, MAX_HIDDEN = 6, 4
MAX_SETS = 20_000  # sets of samples that are enumerated


@dataclasses.dataclass(frozen=True)
class SampleSets:
    """All sets of K draws out of S states, in whatever order.

    Attributes:
      index: the states of each set, [N, K].
      log_count: log of the number of orders that a set can be drawn in, [N].
    """

    index: np.ndarray
    log_count: np.ndarray


@dataclasses.dataclass(frozen=True)
class TinyBeliefNet:
    """Shapes alone; parameters are arguments, for they are what one differentiates by.

    Attributes:
      sizes: units of x, h_1, ..., h_L.
    """

    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuses what is too large for enumeration."""
        require_between(1, MAX_VISIBLE, num_visible=self.sizes[0])
        require_between(1, MAX_HIDDEN, num_hidden=sum(self.sizes[1:]))

    @property
    def num_parameters(self) -> tuple[int, int]:
        """Of theta and of phi."""
        num_kernel = sum(below * above for below, above in itertools.pairwise(self.sizes))
        return num_kernel + sum(self.sizes), num_kernel + sum(self.sizes[1:])

    def random_parameters(self, seed: int, scale: float) -> tuple[tf.Tensor, tf.Tensor]:
        """theta and phi, independent normals of a standard deviation `scale`, float64."""
        normal = np.random.default_rng(seed).normal
        theta, phi = (tf.constant(normal(scale=scale, size=size)) for size in self.num_parameters)
        return theta, phi

    def generative(self, theta: tf.Tensor) -> BeliefNet:
        """p, from the top down."""
        sizes = self.sizes[::-1]
        kernels, biases = _unpacked(theta, list(itertools.pairwise(sizes)), sizes)
        return BeliefNet(kernels, biases)

    def recognition(self, phi: tf.Tensor) -> BeliefNet:
        """q, from the data up; x itself has no bias to learn."""
        kernels, biases = _unpacked(phi, list(itertools.pairwise(self.sizes)), self.sizes[1:])
        return BeliefNet(kernels, (tf.zeros(self.sizes[:1], phi.dtype), *biases))

    def states(self, x: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """x [B, 1, D_0], and h_1, ..., h_L of all S hidden states, [1, S, D_l]."""
        hidden = tf.split(binary_states(sum(self.sizes[1:]))[tf.newaxis], self.sizes[1:], axis=-1)
        return (x[:, tf.newaxis], *hidden)

    def log_p_terms(self, theta: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        """log p(h_{l-1} | h_l) for l from 1 to L, the last with log p(h_L) besides: x [B, D_0] to [B, S, L]."""
        net, states = self.generative(theta), self.states(x)
        *below_top, top = net.log_conditionals(states[::-1])[::-1]
        return _stacked([*below_top, top + net.log_prior(states[-1])])

    def log_q_terms(self, phi: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        """log q(h_l | h_{l-1}) for l from 1 to L: x [B, D_0] to [B, S, L]."""
        return _stacked(self.recognition(phi).log_conditionals(self.states(x)))

    def log_joint(self, theta: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        """log p(x, h), [B, S]."""
        return self.generative(theta).log_joint(self.states(x)[::-1])

    def log_posterior(self, phi: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        """log q(h|x), [B, S]."""
        return self.recognition(phi).log_likelihood(self.states(x))

    # ---- objectives, nats, each [B] -----------------------------------------------------------------------------

    def log_likelihood(self, theta: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        """log p(x)."""
        return tf.reduce_logsumexp(self.log_joint(theta, x), axis=-1)

    def elbo(self, theta: tf.Tensor, phi: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        """log p(x) - KL(q(h|x) || p(h|x))."""
        log_q = self.log_posterior(phi, x)
        return tf.reduce_sum(tf.exp(log_q) * (self.log_joint(theta, x) - log_q), axis=-1)

    def sampled_bound(self, theta: tf.Tensor, phi: tf.Tensor, x: tf.Tensor, num_samples: int) -> tf.Tensor:
        """L_K of K = `num_samples`."""
        sets = sample_sets(2 ** sum(self.sizes[1:]), num_samples)
        log_q = tf.gather(self.log_posterior(phi, x), sets.index, axis=1)  # [B, N, K]
        log_weights = tf.gather(self.log_joint(theta, x), sets.index, axis=1) - log_q
        bound = tf.reshape(iwae_bound(tf.reshape(log_weights, [-1, num_samples])), [-1, len(sets.index)])
        return tf.reduce_sum(tf.exp(tf.reduce_sum(log_q, axis=-1) + sets.log_count) * bound, axis=-1)

    def posterior_kl(self, theta: tf.Tensor, phi: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        """KL(p(h|x) || q(h|x))."""
        log_p = normalize(self.log_joint(theta, x))
        return tf.reduce_sum(tf.exp(log_p) * (log_p - self.log_posterior(phi, x)), axis=-1)

    def dream_kl(self, theta: tf.Tensor, phi: tf.Tensor) -> tf.Tensor:
        """E KL(p(h|x) || q(h|x)) over x from p(x), a scalar."""
        x = binary_states(self.sizes[0])
        return tf.reduce_sum(tf.exp(self.log_likelihood(theta, x)) * self.posterior_kl(theta, phi, x))


@functools.cache
def sample_sets(num_states: int, num_samples: int) -> SampleSets:
    """All sets of `num_samples` draws out of `num_states`.

    Raises:
      ValueError: for more than `MAX_SETS`.
    """
    count = num_sets(num_states, num_samples)
    if count > MAX_SETS:
        raise ValueError(f"num_samples is {num_samples}; {num_states} states have {count} sets, above {MAX_SETS}")
    index = np.array(list(itertools.combinations_with_replacement(range(num_states), num_samples)))
    repeats = (index[:, :, np.newaxis] == np.arange(num_states)).sum(axis=1)
    log_factorial = np.array([math.lgamma(n + 1) for n in range(num_samples + 1)])
    return SampleSets(index, log_factorial[num_samples] - log_factorial[repeats].sum(axis=1))


def num_sets(num_states: int, num_samples: int) -> int:
    """How many sets of `num_samples` draws there are."""
    return math.comb(num_states + num_samples - 1, num_samples)


def _unpacked(
    flat: tf.Tensor, kernel_shapes: list[tuple[int, int]], bias_sizes: tuple[int, ...]
) -> tuple[tuple[tf.Tensor, ...], tuple[tf.Tensor, ...]]:
    sizes = [rows * columns for rows, columns in kernel_shapes]
    parts = tf.split(flat, [*sizes, *bias_sizes])
    kernels = tuple(tf.reshape(part, shape) for part, shape in zip(parts, kernel_shapes, strict=False))
    return kernels, tuple(parts[len(sizes) :])


def _stacked(terms: list[tf.Tensor]) -> tf.Tensor:
    # The terms of upper layers are the same for every x.
    shape = functools.reduce(tf.broadcast_dynamic_shape, [tf.shape(term) for term in terms])
    return tf.stack([tf.broadcast_to(term, shape) for term in terms], axis=-1)
