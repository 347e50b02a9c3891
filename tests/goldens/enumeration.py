"""Small harmoniums and sums over all their states, written out in NumPy from the joint density alone."""

import itertools

import numpy as np
import tensorflow as tf
from scipy.special import logsumexp

from tfdgm.math.harmonium import Harmonium
from tfdgm.math.units import BERNOULLI, Gaussian, Softmax, Units

NUM_HIDDEN = 3

# Visible units, how many of them, and states whose weighted sum is the sum, or for real units the integral, over all.
KINDS: dict[str, tuple[Units, int]] = {
    "bernoulli": (BERNOULLI, 4),
    "gaussian": (Gaussian(), 2),
    "softmax": (Softmax(3), 6),
}


def binary(num_units: int) -> np.ndarray:
    """All states, [2^num_units, num_units]."""
    return np.array(list(itertools.product([0.0, 1.0], repeat=num_units)))


def visible_states(kind: str) -> tuple[np.ndarray, float]:
    """All states [S, V] and what each weighs; for real units a grid on which Gaussians have their exact sums."""
    units, num_visible = KINDS[kind]
    if isinstance(units, Softmax):
        groups = itertools.product(np.eye(units.num_categories), repeat=num_visible // units.num_categories)
        return np.array([np.concatenate(group) for group in groups]), 1.0
    if isinstance(units, Gaussian):
        axis = 0.75 * np.arange(-19, 20)
        return np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2), 0.75**2
    return binary(num_visible), 1.0


def harmonium(kind: str, scale: float = 1.0, seed: int = 0) -> Harmonium:
    """A random one of `KINDS[kind]` with `NUM_HIDDEN` hidden units and a base of its own, in float64."""
    units, num_visible = KINDS[kind]
    rng = np.random.default_rng(seed)
    kernel, visible_bias, hidden_bias, base_bias = (
        tf.constant(scale * rng.normal(size=size))
        for size in ((num_visible, NUM_HIDDEN), num_visible, NUM_HIDDEN, num_visible)
    )
    return Harmonium(kernel, visible_bias, hidden_bias, units, base_bias)


def log_joint(model: Harmonium, v: np.ndarray, h: np.ndarray) -> np.ndarray:
    """log p(v, h) + log Z of every pair, [S, V] and [T, H] to [S, T], as the docstring of the module has it."""
    beta = 1.0 if model.beta is None else model.beta
    field = beta * model.visible_bias.numpy()
    if beta != 1.0:
        field = field + (1.0 - beta) * model.base_bias.numpy()
    interaction = beta * (v @ model.kernel.numpy() @ h.T + h @ model.hidden_bias.numpy())
    base = -0.5 * (v**2 + np.log(2.0 * np.pi)).sum(1) if isinstance(model.visible, Gaussian) else np.zeros(len(v))
    return interaction + (v @ field + base)[:, np.newaxis]


def probabilities(model: Harmonium, kind: str) -> np.ndarray:
    """p(v) of `visible_states(kind)`, their weight included, [S]."""
    joint = log_joint(model, visible_states(kind)[0], binary(NUM_HIDDEN))
    return np.exp(logsumexp(joint, axis=1) - logsumexp(joint))


def hidden_given_visible(model: Harmonium, v: np.ndarray) -> np.ndarray:
    """p(h | v) of all h by the model's own conditional, [S, 2^H]."""
    p = tf.sigmoid(model.hidden_field(tf.constant(v))).numpy()[:, np.newaxis]
    h = binary(p.shape[-1])
    return np.prod(np.where(h == 1.0, p, 1.0 - p), axis=-1)


def visible_given_hidden(model: Harmonium, v: np.ndarray) -> np.ndarray:
    """p(v | h) of all h and the given v by the model's own conditional, [2^H, S]."""
    field = model.visible_field(tf.constant(binary(model.num_hidden)))
    log_prob = field @ v.T + model.visible.log_base(tf.constant(v)) - model.visible.log_partition(field)[:, tf.newaxis]
    return np.exp(log_prob)


def transitions(model: Harmonium, kind: str) -> np.ndarray:
    """The matrix of one Gibbs sweep v -> h -> v on the states of `kind`, [S, S]."""
    v, weight = visible_states(kind)
    return hidden_given_visible(model, v) @ visible_given_hidden(model, v) * weight
