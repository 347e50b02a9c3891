"""Gradients of divergences and of bounds on finite spaces in closed form, in NumPy.

A functional F of p_g(x) = sum_z p(z) p(x|z) has a slope dF / dp_g(x); by logits of p(x|z) its gradient is

    dF / dlogit(x|z) = p(z) p(x|z) (slope(x) - sum_x' p(x'|z) slope(x'))

Tables are probabilities, axes in the order y, z, x.
"""

import numpy as np


def softmax(logits: np.ndarray, axis: int) -> np.ndarray:
    """exp(logits) / sum exp(logits)."""
    weights = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return weights / weights.sum(axis=axis, keepdims=True)


def through_generator(decoder: np.ndarray, prior: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """From a slope by p_g(x), [S], to the gradient by the logits of p(x|z), [M, S].

    Args:
      decoder: p(x|z), [M, S].
      prior: p(z), [M].
      slope: [S].
    """
    return prior[:, np.newaxis] * decoder * (slope - decoder @ slope[:, np.newaxis])


def kl_slope(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """dKL(p || q) / dp, [S]."""
    return np.log(p / q) + 1.0


def jsd_slope(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """dJSD(p, q) / dp, [S]."""
    return 0.5 * np.log(2.0 * p / (p + q))


def posterior(likelihood: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """p(x|y) ~ p(y|x) p(x), [S]."""
    return likelihood * prior / (likelihood @ prior)


def decoder_gradient(decoder: np.ndarray, recognition: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Gradient of sum_x weights(x) E_q(z|x) log p(x|z) by the logits of p(x|z), [M, S].

    Args:
      decoder: p(x|z), [M, S].
      recognition: q(z|x), [M, S].
      weights: [S].
    """
    counts = weights * recognition
    return counts - decoder * counts.sum(axis=1, keepdims=True)


def recognition_gradient(joint: np.ndarray, recognition: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Gradient of sum_x weights(x) E_q(z|x) log p(x, z) / q(z|x) by the logits of q(z|x), [M, S].

    Args:
      joint: p(z, x), [M, S].
      recognition: q(z|x), [M, S].
      weights: [S].
    """
    learning_signal = np.log(joint / recognition)
    centred = learning_signal - (recognition * learning_signal).sum(axis=0)
    return weights * recognition * centred


def sleep_gradient(joint: np.ndarray, recognition: np.ndarray) -> np.ndarray:
    """Gradient of -sum_x p(x) KL(p(h|x) || q(h|x)) by the logits of q(h|x), [H, S]: p(x) (p(h|x) - q(h|x)).

    Args:
      joint: p(h, x), [H, S].
      recognition: q(h|x), [H, S].
    """
    return joint - joint.sum(axis=0) * recognition
