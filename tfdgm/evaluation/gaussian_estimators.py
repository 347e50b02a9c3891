"""Pathwise against score function where the latent is Gaussian, by Gauss-Hermite quadrature.

    p(z) = N(0, 1),  p(x | z) = prod_d Bernoulli(sigmoid(b_d + w_d z)),  q(z|x) = N(mean, exp(log_var))
    pathwise        d/d phi of the bound at z = mean + exp(log_var / 2) noise
    score function  (f - baseline) d log q(z|x) / d phi,  f = log p(x, z) - log q(z|x)

phi are mean and log_var of each example's own q: what an encoder does to get there is a factor common to all.
Integrands are smooth in z, so that the figures are exact up to rounding.

References:
  Williams (1992), Simple statistical gradient-following algorithms for connectionist reinforcement learning.
  Kingma & Welling (2014), Auto-Encoding Variational Bayes, section 2.4.
"""

import dataclasses
import functools
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tfdgm.evaluation.estimates import Moments, moments
from tfdgm.math import bernoulli
from tfdgm.math.per_example_gradients import row_gradients
from tfdgm.objectives import elbo as bounds
from tfdgm.objectives.score_function import score_function_loss

_NUM_NODES = 100


@dataclasses.dataclass(frozen=True)
class TinyVAE:
    """Parameters and data.

    Attributes:
      weights: w, [D].
      biases: b, [D].
      x: [B, D].
    """

    weights: tf.Tensor
    biases: tf.Tensor
    x: tf.Tensor

    def log_likelihood(self, z: tf.Tensor) -> tf.Tensor:
        """log p(x|z), nats: z [B, N] to [B, N]."""
        return bernoulli.log_prob(self.x[:, tf.newaxis], self.biases + z[..., tf.newaxis] * self.weights)


def random_vae(seed: int, x: tf.Tensor) -> TinyVAE:
    """One for the data x [B, D], with weights and biases of independent standard normals, float64."""
    weights, biases = np.random.default_rng(seed).normal(size=(2, x.shape[1]))
    return TinyVAE(tf.constant(weights), tf.constant(biases), x)


def random_posterior(seed: int, x: tf.Tensor) -> tf.Tensor:
    """phi, independent normals of standard deviation 1/2: [B, 2]."""
    return tf.constant(np.random.default_rng(seed).normal(scale=0.5, size=(len(x), 2)))


@functools.cache
def quadrature() -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of the standard normal, [N] each; the weights sum to 1."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NUM_NODES)
    return nodes, weights / weights.sum()


def elbo_gradient(model: TinyVAE, phi: tf.Tensor) -> np.ndarray:
    """The gradient of each example's ELBO, [B, 2], by quadrature of the bound itself; phi is [B, 2]."""

    def bound(phi: tf.Tensor) -> tf.Tensor:
        nodes, weights = quadrature()
        log_likelihood = model.log_likelihood(_latents(phi, tf.constant(nodes)))
        return tf.linalg.matvec(log_likelihood, weights) - bounds.kl_from_standard_normal(phi[:, :1], phi[:, 1:])

    return row_gradients(bound, phi)[0].numpy()


def pathwise(model: TinyVAE, phi: tf.Tensor, loss: str = "elbo") -> Moments:
    """Mean and variance of the estimate by one z, through z.

    Args:
      model: the model.
      phi: mean and log_var of each example's q, [B, 2].
      loss: in `tfdgm.objectives.elbo.BOUNDS`: `elbo` has the KL in closed form, `iwae` has it sampled with the rest.
    """

    def losses(phi: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        z = _latents(phi, noise)
        log_likelihood, log_p, log_q = _log_probs(model, phi, z)
        kl = bounds.kl_from_standard_normal(phi[..., :1], phi[..., 1:])
        terms = [_flat(each)[:, tf.newaxis] for each in (log_likelihood, log_likelihood + log_p - log_q)]
        return bounds.BOUNDS[loss](terms[0], _flat(kl), terms[1], 1.0)

    return _moments(losses, phi)


def score_function(model: TinyVAE, phi: tf.Tensor, baseline: np.ndarray | float = 0.0) -> Moments:
    """The same by the log-derivative; `baseline` is a constant, or one an example, [B, 1]."""

    def losses(phi: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        z = tf.stop_gradient(_latents(phi, noise))
        log_likelihood, log_p, log_q = _log_probs(model, phi, z)
        signal = log_likelihood + log_p - log_q - baseline
        return score_function_loss(_flat(log_q)[:, tf.newaxis], _flat(signal)[:, tf.newaxis])

    return _moments(losses, phi)


def estimates(model: TinyVAE, phi: tf.Tensor) -> dict[str, Moments]:
    """All of them, by name."""
    by_input = mean_signal(model, phi)
    return {
        "pathwise, KL in closed form": pathwise(model, phi),
        "pathwise, KL sampled": pathwise(model, phi, "iwae"),
        "score function, no baseline": score_function(model, phi),
        "score function, centred": score_function(model, phi, by_input.mean()),
        "score function, input-dependent": score_function(model, phi, by_input),
    }


def mean_signal(model: TinyVAE, phi: tf.Tensor) -> np.ndarray:
    """E[f | x] = ELBO(x), what the best input-dependent baseline would predict: [B, 1]."""
    nodes, weights = quadrature()
    rows = tf.repeat(phi[:, tf.newaxis], len(nodes), axis=1)
    log_likelihood, log_p, log_q = _log_probs(model, rows, _latents(phi, tf.constant(nodes)))
    return (log_likelihood + log_p - log_q).numpy() @ weights[:, np.newaxis]


def _moments(losses: Callable[[tf.Tensor, tf.Tensor], tf.Tensor], phi: tf.Tensor) -> Moments:
    """Moments over the noise: `losses` takes phi [B, N, 2] and noise [B, N] to [B * N]."""
    nodes, weights = quadrature()
    rows = tf.repeat(phi[:, tf.newaxis], len(nodes), axis=1)
    noise = tf.repeat(tf.constant(nodes)[tf.newaxis], len(phi), axis=0)
    (slopes,) = row_gradients(lambda rows: losses(rows, noise), rows)
    return moments(-slopes.numpy(), np.repeat(weights[np.newaxis], len(phi), axis=0))


def _latents(phi: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    """z = mean + exp(log_var / 2) noise, [B, N]: phi [B, 2] or [B, N, 2], noise [N] or [B, N]."""
    phi = phi if phi.shape.rank == 3 else phi[:, tf.newaxis]
    return phi[..., 0] + tf.exp(0.5 * phi[..., 1]) * noise


def _log_probs(model: TinyVAE, phi: tf.Tensor, z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """log p(x|z), log p(z) and log q(z|x), each [B, N]: phi [B, N, 2], z [B, N]."""
    log_p = bounds.diagonal_normal_log_prob(z[..., tf.newaxis], 0.0, 0.0)
    log_q = bounds.diagonal_normal_log_prob(z[..., tf.newaxis], phi[..., :1], phi[..., 1:])
    return model.log_likelihood(z), log_p, log_q


def _flat(values: tf.Tensor) -> tf.Tensor:
    return tf.reshape(values, [-1])
