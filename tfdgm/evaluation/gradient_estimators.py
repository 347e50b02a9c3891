"""Bias and variance of this package's gradient estimators, side by side on models small enough to enumerate.

Targets are the gradients of the objectives themselves, summed over all states; estimators are the gradients of the
training losses at all that can be drawn. So there is no noise in the figures, and a bias that should be zero is zero
up to rounding.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tfdgm.evaluation import belief_estimators as belief
from tfdgm.evaluation import estimates, estimator_training
from tfdgm.evaluation import gaussian_estimators as gaussian
from tfdgm.evaluation.estimates import Estimate
from tfdgm.evaluation.tiny_belief_net import MAX_SETS, TinyBeliefNet, num_sets
from tfdgm.math.per_example_gradients import gradient

NUM_EXAMPLES = 8
_SCALE = 0.5  # of random weights
_GIBBS_SWEEPS = (0, 1, 2, 5)
_NUM_SAMPLES = (1, 2, 3, 5, 10)


@dataclasses.dataclass(frozen=True)
class Section:
    """Estimators of the same parameters at the same point.

    Attributes:
      title: model, point and parameters.
      reference: whose gradient all are compared with besides their own target.
      estimates: the estimators.
    """

    title: str
    reference: str
    estimates: list[Estimate]


@dataclasses.dataclass(frozen=True)
class Point:
    """A belief net at random weights, with its data x [B, D_0] and the tables of all its states."""

    net: TinyBeliefNet
    theta: tf.Tensor
    phi: tf.Tensor
    x: tf.Tensor
    of: belief.Tables


def random_point(seed: int, x: tf.Tensor, hidden_sizes: tuple[int, ...]) -> Point:
    """Weights and biases of p and q from independent normals, by `seed`."""
    net = TinyBeliefNet((x.shape[1], *hidden_sizes))
    theta, phi = net.random_parameters(seed, _SCALE)
    return Point(net, theta, phi, x, belief.tables(net, theta, phi, x))


def sample_counts(num_hidden: int) -> list[int]:
    """The numbers K of samples whose sets can be enumerated."""
    return [k for k in _NUM_SAMPLES if num_sets(2**num_hidden, k) <= MAX_SETS]


def sections(seed: int, x: tf.Tensor, num_hidden: int, boltzmann_run: estimator_training.Run) -> list[Section]:
    """All of them.

    Args:
      seed: of the weights.
      x: data, [B, V].
      num_hidden: H.
      boltzmann_run: what the section on the RBM is taken from.
    """
    num_visible, point = x.shape[1], random_point(seed, x, (num_hidden,))
    name = f"Sigmoid belief net {num_visible}-{num_hidden} at random weights"
    at = estimator_training.TABLE_STEP
    return [
        Section(f"{name}: theta of p", "log p(x)", generative(point)),
        Section(f"{name}: phi of q", "ELBO", recognition(point)),
        Section(f"Sigmoid belief net {num_visible}-2-2 at random weights: phi of q", "ELBO", layers(seed, x)),
        Section(f"RBM {num_visible}-{num_hidden} after {at} steps of learning", "log p(x)", rbm(boltzmann_run, at)),
        Section(f"VAE of one latent, {num_visible} binary visibles: mean and log var of q", "ELBO", normal(seed, x)),
    ]


def report(found: list[Section]) -> str:
    """The sections as text."""
    return "\n\n".join(f"{each.title}\n{estimates.table(each.estimates, each.reference)}" for each in found)


def generative(point: Point) -> list[Estimate]:
    """Those of theta."""
    net, theta, x, of = point.net, point.theta, point.x, point.of
    likelihood = _mean_gradient(lambda theta: net.log_likelihood(theta, x), theta)
    bound = _mean_gradient(lambda theta: net.elbo(theta, point.phi, x), theta)
    rows = [Estimate("wake phase", "ELBO", *belief.wake(of), bound, likelihood)]
    for k in sample_counts(net.sizes[1]):
        moments = belief.reweighted(of, k, "theta")
        rows.append(Estimate(f"reweighted wake phase, K={k}", "log p(x)", *moments, likelihood, likelihood))
    for k in _GIBBS_SWEEPS:
        moments = belief.drawn_from(of, belief.gibbs_distribution(net, theta, x, k))
        rows.append(Estimate(f"Gibbs, sweeps from p(h): {k}", "log p(x)", *moments, likelihood, likelihood))
    return rows


def recognition(point: Point) -> list[Estimate]:
    """Those of phi."""
    net, theta, phi, x, of = point.net, point.theta, point.phi, point.x, point.of
    counts = sample_counts(net.sizes[1])
    bound = _mean_gradient(lambda phi: net.elbo(theta, phi, x), phi)
    dream = -gradient(lambda phi: net.dream_kl(theta, phi), phi).numpy()
    posterior = -_mean_gradient(lambda phi: net.posterior_kl(theta, phi, x), phi)
    rows = [Estimate("sleep phase", "KL(p||q), dreams", *belief.sleep(net, theta, phi), dream, bound)]
    for k in counts:
        moments = belief.reweighted(of, k, "phi")
        rows.append(Estimate(f"reweighted wake phase, K={k}", "KL(p||q), data", *moments, posterior, bound))
    for name, (moments, scale) in belief.control_variates(of).items():
        target = "ELBO" if scale == 1.0 else f"ELBO / {scale:.3f}"
        rows.append(Estimate(f"score function, {name}", target, *moments, bound / scale, bound))
    for k in counts[1:]:
        sampled = _mean_gradient(lambda phi, k=k: net.sampled_bound(theta, phi, x, k), phi)
        rows.append(Estimate(f"VIMCO, K={k}", f"L_{k}", *belief.vimco(of, k), sampled, bound))
    return rows


def layers(seed: int, x: tf.Tensor) -> list[Estimate]:
    """Two hidden layers: the signal of all layers against each layer's own terms of it."""
    point = random_point(seed, x, (2, 2))
    of, net, theta = point.of, point.net, point.theta
    bound = _mean_gradient(lambda phi: net.elbo(theta, phi, x), point.phi)
    centre = belief.mean_signal(of).mean(axis=0)
    found = {
        "one signal, no baseline": belief.score_function(of, local=False),
        "local signals, no baseline": belief.score_function(of),
        "one signal, centred": belief.score_function(of, centre[:, :1], local=False),
        "local signals, centred": belief.score_function(of, centre),
    }
    return [Estimate(name, "ELBO", *moments, bound, bound) for name, moments in found.items()]


def rbm(run: estimator_training.Run, step: int) -> list[Estimate]:
    """Contrastive divergence, a persistent chain that learned along, independent draws."""
    at = run.steps.index(step)
    slope = run.gradients[at]
    return [Estimate(name, "log p(x)", *moments, slope, slope) for name, moments in run.estimates[at].items()]


def normal(seed: int, x: tf.Tensor) -> list[Estimate]:
    """Pathwise against score function."""
    model, phi = gaussian.random_vae(seed, x), gaussian.random_posterior(seed, x)
    bound = gaussian.elbo_gradient(model, phi).mean(axis=0)
    found = gaussian.estimates(model, phi)
    return [Estimate(name, "ELBO", *moments, bound, bound, "quadrature") for name, moments in found.items()]


def _mean_gradient(objective: Callable[[tf.Tensor], tf.Tensor], parameters: tf.Tensor) -> np.ndarray:
    return gradient(lambda parameters: tf.reduce_mean(objective(parameters)), parameters).numpy()
