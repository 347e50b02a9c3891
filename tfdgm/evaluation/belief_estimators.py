"""The gradient estimators of a sigmoid belief net, exactly: mean and variance over all that they can draw.

An estimator is the gradient of a training loss at what was drawn. It reaches the parameters by log p(x, h_k) and
log q(h_k|x) alone, so that it is put together here by the chain rule from two exact parts:

    d loss / d theta = sum_k (d loss / d log p(x, h_k)) d log p(x, h_k) / d theta         and likewise phi and log q

The loss is that of the training procedure, its derivative by the log-probabilities that of the tape, as in training.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tfdgm.evaluation.estimates import Moments, moments
from tfdgm.evaluation.tiny_belief_net import TinyBeliefNet, sample_sets
from tfdgm.math import belief_gibbs, per_example_gradients
from tfdgm.math.binary_tables import binary_states
from tfdgm.objectives.score_function import local_signals, score_function_loss, vimco_loss
from tfdgm.objectives.wake_sleep import reweighted_loss

Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]  # of log p and log q [N, K], [N]


@dataclasses.dataclass(frozen=True)
class Tables:
    """Everything about B data vectors x and all S hidden states h, term by term of the L layers.

    Attributes:
      log_p: [B, S, L]; sums over layers to log p(x, h).
      log_q: [B, S, L]; sums over layers to log q(h|x).
      p_scores: d log p(x, h) / d theta, [B, S, P].
      q_scores: d log q(h_l | h_{l-1}) / d phi, [B, S, L, Q].
    """

    log_p: tf.Tensor
    log_q: tf.Tensor
    p_scores: np.ndarray
    q_scores: np.ndarray

    @property
    def q(self) -> np.ndarray:
        """Probability of h under q, [B, S]."""
        return np.exp(self.log_q.numpy().sum(axis=-1))

    @property
    def signals(self) -> np.ndarray:
        """The learning signal of each layer, [B, S, L]."""
        return local_signals(self.log_p - self.log_q).numpy()


def tables(net: TinyBeliefNet, theta: tf.Tensor, phi: tf.Tensor, x: tf.Tensor) -> Tables:
    """Those of the data vectors x, [B, D_0]."""
    log_p, log_q, p_scores, q_scores = _tables(net.sizes, theta, phi, x)
    return Tables(log_p, log_q, p_scores.numpy(), q_scores.numpy())


def wake(of: Tables) -> Moments:
    """theta by log p(x, h), h from q(h|x): the wake phase, and theta's step of REINFORCE and NVIL."""
    return drawn_from(of, of.q)


def drawn_from(of: Tables, probabilities: np.ndarray) -> Moments:
    """theta by log p(x, h), h from any distribution [B, S], such as that of a Gibbs chain."""
    return _of_samples(of, lambda log_p, _: -log_p[:, 0], 1, "theta", probabilities)


def sleep(net: TinyBeliefNet, theta: tf.Tensor, phi: tf.Tensor) -> Moments:
    """phi by log q(h|x), (x, h) from p: the sleep phase; one dream."""
    of = tables(net, theta, phi, binary_states(net.sizes[0]))
    (slope,) = per_example_gradients.row_gradients(lambda log_q: -tf.reduce_sum(log_q, axis=-1), of.log_q)
    gradients = -np.einsum("bsl,bslq->bsq", slope.numpy(), of.q_scores)
    joint = np.exp(of.log_p.numpy().sum(axis=-1))
    return moments(gradients.reshape(1, -1, gradients.shape[-1]), joint.reshape(1, -1))


def reweighted(of: Tables, num_samples: int, parameters: str) -> Moments:
    """theta, or phi in the wake phase, by reweighted wake-sleep."""

    def loss(log_p: tf.Tensor, log_q: tf.Tensor) -> tf.Tensor:
        return reweighted_loss(log_p if parameters == "theta" else log_q, log_p - log_q)

    return _of_samples(of, loss, num_samples, parameters)


def vimco(of: Tables, num_samples: int) -> Moments:
    """phi by VIMCO; theta's step is that of `reweighted`."""
    return _of_samples(of, lambda log_p, log_q: vimco_loss(log_q, log_p - log_q), num_samples, "phi")


def score_function(
    of: Tables, baseline: np.ndarray | float = 0.0, scale: float = 1.0, *, local: bool = True
) -> Moments:
    """phi by the log-derivative.

    Args:
      of: the tables.
      baseline: taken off the signal, broadcastable to [B, S, L].
      scale: what the signal is divided by.
      local: whether each layer has its own terms of the signal, as NVIL, or all of them.
    """
    signals = of.signals if local else np.repeat(of.signals[..., :1], of.signals.shape[-1], axis=-1)
    controlled = tf.constant((signals - baseline) / scale)
    (slope,) = per_example_gradients.row_gradients(lambda log_q: score_function_loss(log_q, controlled), of.log_q)
    return moments(-np.einsum("bsl,bslq->bsq", slope.numpy(), of.q_scores), of.q)


def best_constant(of: Tables) -> float:
    """The constant baseline of a net of one hidden layer that leaves the least variance, averaged over the data.

    E |(f - b) d log q|^2 is a parabola in b with its least value at b = E[f |d log q|^2] / E |d log q|^2.

    References:
      Greensmith, Bartlett & Baxter (2004), Variance reduction techniques for gradient estimates in reinforcement
      learning.
    """
    weights = of.q * np.square(of.q_scores.sum(axis=2)).sum(axis=-1)
    return float((weights * of.signals[..., 0]).sum() / weights.sum())


def mean_signal(of: Tables) -> np.ndarray:
    """E[f | x], what the best input-dependent baseline would predict: [B, 1, L]."""
    return np.einsum("bs,bsl->bl", of.q, of.signals)[:, np.newaxis]


def control_variates(of: Tables) -> dict[str, tuple[Moments, float]]:
    """Of a net of one hidden layer: `score_function` with each, and what its mean is divided by.

    Baselines are fixed before the sample is drawn, at what NVIL's converge to for parameters that stand still.
    """
    by_input = mean_signal(of)
    mean = by_input.mean(axis=0)
    # NVIL's running variance, which divides only where it is above 1.
    scale = max(1.0, float(np.sqrt((of.q * np.square(of.signals - mean)[..., 0]).sum(axis=1).mean())))
    return {
        "no baseline": (score_function(of), 1.0),
        "best constant": (score_function(of, best_constant(of)), 1.0),
        "centred": (score_function(of, mean), 1.0),
        "centred, normalised": (score_function(of, mean, scale), scale),
        "input-dependent": (score_function(of, by_input), 1.0),
    }


def gibbs_distribution(net: TinyBeliefNet, theta: tf.Tensor, x: tf.Tensor, num_sweeps: int) -> np.ndarray:
    """Of the hidden states after sweeps of `belief_gibbs` from a draw of p(h), given x [B, D_0]: [B, S]."""
    prior = tf.reduce_sum(tf.exp(net.log_joint(theta, binary_states(net.sizes[0]))), axis=0).numpy()
    distribution = np.repeat(prior[np.newaxis], len(x), axis=0)
    steps = [(unit, on.numpy().reshape(distribution.shape)) for unit, on in _unit_conditionals(net, theta, x)]
    for _ in range(num_sweeps):
        for unit, on in steps:
            split = (len(x), 2**unit, 2, -1)  # the states with the unit off, and on
            after = [(distribution * p).reshape(split).sum(axis=2) for p in (1.0 - on, on)]
            distribution = np.stack(after, axis=2).reshape(distribution.shape)
    return distribution


def _unit_conditionals(net: TinyBeliefNet, theta: tf.Tensor, x: tf.Tensor) -> list[tuple[int, tf.Tensor]]:
    """Each hidden unit, by its place in (h_1, ..., h_L), and p(on | rest) at all [B * S] states; in a sweep's order."""
    generative, states = net.generative(theta), net.states(x)
    leading = [len(x), states[-1].shape[1]]
    rows = [tf.reshape(tf.broadcast_to(h, [*leading, h.shape[-1]]), [-1, h.shape[-1]]) for h in states[::-1]]
    found, place = [], 0
    for layer in reversed(range(generative.depth)):
        for unit in range(generative.layer_sizes[layer]):
            found.append((place, tf.sigmoid(belief_gibbs.conditional_logit(generative, rows, layer, unit))))
            place += 1
    return found


@tf.function(autograph=False)
def _tables(sizes: tuple[int, ...], theta: tf.Tensor, phi: tf.Tensor, x: tf.Tensor) -> tuple[tf.Tensor, ...]:
    # A graph of its own, for a curve over training steps makes dozens; by sizes, for a graph knows objects by identity.
    net = TinyBeliefNet(sizes)
    p_scores = per_example_gradients.jacobian(lambda theta: net.log_joint(theta, x), theta)
    q_scores = per_example_gradients.jacobian(lambda phi: net.log_q_terms(phi, x), phi)
    return net.log_p_terms(theta, x), net.log_q_terms(phi, x), p_scores, q_scores


def _of_samples(
    of: Tables, loss: Loss, num_samples: int, parameters: str, probabilities: np.ndarray | None = None
) -> Moments:
    """Moments over all sets of samples of q, or of other probabilities [B, S]."""
    log_p, log_q = (tf.reduce_sum(terms, axis=-1) for terms in (of.log_p, of.log_q))
    sets = sample_sets(log_p.shape[1], num_samples)
    rows = [tf.reshape(tf.gather(each, sets.index, axis=1), [-1, num_samples]) for each in (log_p, log_q)]
    slopes = per_example_gradients.row_gradients(loss, *rows)
    slope = slopes[0 if parameters == "theta" else 1].numpy().reshape(-1, *sets.index.shape)
    scores = of.p_scores if parameters == "theta" else of.q_scores.sum(axis=2)
    gradients = np.zeros((*slope.shape[:2], scores.shape[-1]))
    for k in range(num_samples):
        gradients -= slope[:, :, k, np.newaxis] * scores[:, sets.index[:, k]]
    probabilities = of.q if probabilities is None else probabilities
    weights = probabilities[:, sets.index].prod(axis=-1) * np.exp(sets.log_count)
    return moments(gradients, weights)
