"""Small deep Boltzmann machines and sums over all their states, written out in NumPy from the energy alone."""

import itertools

import numpy as np
import tensorflow as tf
from scipy.special import logsumexp

from tfdgm.math.deep_boltzmann import DeepBoltzmann

SIZES = ((4, 3, 2), (3, 2, 3, 2))  # two and three hidden layers


def binary(num_units: int) -> np.ndarray:
    """All states, [2^num_units, num_units], in the order of counting."""
    return np.array(list(itertools.product([0.0, 1.0], repeat=num_units)))


def machine(sizes: tuple[int, ...], scale: float = 1.0, seed: int = 0) -> DeepBoltzmann:
    """A random one in float64."""
    rng = np.random.default_rng(seed)
    kernels = tuple(tf.constant(scale * rng.normal(size=shape)) for shape in itertools.pairwise(sizes))
    biases = tuple(tf.constant(scale * rng.normal(size=size)) for size in sizes)
    offsets, means = (tuple(tf.constant(rng.uniform(0.2, 0.8, size=size)) for size in sizes) for _ in range(2))
    return DeepBoltzmann(kernels, biases, offsets, means)


def layers(dbm: DeepBoltzmann, states: np.ndarray) -> list[np.ndarray]:
    """States [S, N_0 + ... + N_L] by layer."""
    sizes = [bias.shape[0] for bias in dbm.biases]
    return np.split(states, np.cumsum(sizes)[:-1], axis=1)


def log_joint(dbm: DeepBoltzmann, states: list[np.ndarray]) -> np.ndarray:
    """-E of states by layer, [S]."""
    total = sum(x @ bias.numpy() for x, bias in zip(states, dbm.biases, strict=True))
    for kernel, (below, above) in zip(dbm.kernels, itertools.pairwise(states), strict=True):
        total = total + np.einsum("si,ij,sj->s", below, kernel.numpy(), above)
    return total


def log_unnormalized(dbm: DeepBoltzmann) -> np.ndarray:
    """log p(v) + log Z of every v, [2^N_0], by summing out all hidden layers."""
    num_visible, *hidden = (bias.shape[0] for bias in dbm.biases)
    states = binary(num_visible + sum(hidden))
    return logsumexp(log_joint(dbm, layers(dbm, states)).reshape(2**num_visible, -1), axis=1)


def log_prob(dbm: DeepBoltzmann) -> np.ndarray:
    """log p(v) of every v, nats, [2^N_0]."""
    unnormalized = log_unnormalized(dbm)
    return unnormalized - logsumexp(unnormalized)
