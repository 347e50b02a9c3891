"""Small random belief nets, in float64, for tests by enumeration."""

import itertools

import numpy as np
import tensorflow as tf

from tfdgm.math.belief_net import BeliefNet


def belief_net(sizes: tuple[int, ...], *, autoregressive: bool = False, scale: float = 1.5, seed: int = 0) -> BeliefNet:
    """A net of layers of these sizes, the top first."""
    rng = np.random.default_rng(seed)
    kernels = tuple(tf.constant(rng.normal(scale=scale, size=pair)) for pair in itertools.pairwise(sizes))
    biases = tuple(tf.constant(rng.normal(scale=scale, size=size)) for size in sizes)
    prior_kernel = (
        tf.constant(np.triu(rng.normal(scale=scale, size=(sizes[0], sizes[0])), 1)) if autoregressive else None
    )
    return BeliefNet(kernels, biases, prior_kernel)
