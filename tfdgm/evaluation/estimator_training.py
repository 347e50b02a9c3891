"""How the variance of each gradient estimator moves while its model learns.

The models start at small weights and go up the exact gradient of their objective on a few planted examples, so that
every estimator is looked at along the same path, and the path itself has no noise.
"""

import dataclasses

import numpy as np
import tensorflow as tf

from tfdgm.evaluation import belief_estimators as belief
from tfdgm.evaluation import boltzmann_estimators as boltzmann
from tfdgm.evaluation import gaussian_estimators as gaussian
from tfdgm.evaluation.boltzmann_estimators import TinyHarmonium
from tfdgm.evaluation.estimates import Moments
from tfdgm.evaluation.tiny_belief_net import TinyBeliefNet
from tfdgm.math.per_example_gradients import gradient

NUM_STEPS, STEPS_A_POINT = 500, 25
TABLE_STEP = 200  # whose figures stand in the table
_NORMAL_STEPS, _STEPS_A_NORMAL_POINT = 40, 2  # two parameters an example are soon learned
_CD_SWEEPS = (1, 2, 5, 10)
_SMALL = 0.1  # standard deviation of the first weights
_RATE = 0.2  # of the ascent
_FLIPPED = 0.15  # how probable it is that a unit of a planted pattern is turned round


@dataclasses.dataclass(frozen=True)
class Run:
    """What was seen at each of a run's steps.

    Attributes:
      steps: [T].
      estimates: mean and variance of each estimator, by name, at each of them.
      gradients: of the objective, the mean over the data, at each of them.
    """

    steps: list[int] = dataclasses.field(default_factory=list)
    estimates: list[dict[str, Moments]] = dataclasses.field(default_factory=list)
    gradients: list[np.ndarray] = dataclasses.field(default_factory=list)

    def add(self, step: int, estimates: dict[str, Moments], gradient: np.ndarray) -> None:
        """Takes down one step."""
        self.steps.append(step)
        self.estimates.append(estimates)
        self.gradients.append(gradient)

    def variances(self) -> dict[str, list[float]]:
        """Of each estimator, by step."""
        return {name: [found[name][1] for found in self.estimates] for name in self.estimates[0]}

    def errors(self) -> dict[str, list[float]]:
        """|mean - gradient| of each estimator, by step."""
        return {
            name: [
                float(np.linalg.norm(found[name][0] - slope))
                for found, slope in zip(self.estimates, self.gradients, strict=True)
            ]
            for name in self.estimates[0]
        }


def planted_data(seed: int, num_visible: int, num_examples: int) -> tf.Tensor:
    """Examples of two opposite patterns, some units turned round: [num_examples, num_visible], float64."""
    random = np.random.default_rng(seed)
    pattern = random.integers(0, 2, num_visible)
    opposite = np.arange(num_examples)[:, np.newaxis] % 2
    flipped = random.random((num_examples, num_visible)) < _FLIPPED
    return tf.constant(pattern ^ opposite ^ flipped, tf.float64)


def belief_run(seed: int, x: tf.Tensor, num_hidden: int) -> tuple[Run, Run]:
    """A sigmoid belief net and its q go up the ELBO: the estimators of theta, and those of phi."""
    net = TinyBeliefNet((x.shape[1], num_hidden))
    theta, phi = net.random_parameters(seed, _SMALL)
    generative, recognition = Run(), Run()
    for step in range(NUM_STEPS + 1):
        slopes = _elbo_gradients(net.sizes, theta, phi, x)
        if step % STEPS_A_POINT == 0:
            of = belief.tables(net, theta, phi, x)
            likelihood, bound = slopes[2].numpy(), slopes[1].numpy()
            generative.add(step, _generative_estimates(net, theta, x, of), likelihood)
            recognition.add(step, _recognition_estimates(net, theta, phi, of), bound)
        theta, phi = theta + _RATE * slopes[0], phi + _RATE * slopes[1]
    return generative, recognition


def boltzmann_run(seed: int, x: tf.Tensor, num_hidden: int) -> Run:
    """An RBM goes up its likelihood; a persistent chain makes one sweep a step, by the weights of that step."""
    net = TinyHarmonium(x.shape[1], num_hidden)
    theta, data = net.random_parameters(seed, _SMALL), boltzmann.data_distribution(x)
    # Each chain starts at an example, and no longer knows at which: all have the same distribution.
    chain = np.repeat(data.mean(axis=0, keepdims=True), len(x), axis=0)
    run = Run()
    for step in range(NUM_STEPS + 1):
        chain = chain @ net.sweep_matrix(theta)
        slope = _likelihood_gradient(num_hidden, theta, x)
        if step % STEPS_A_POINT == 0:
            run.add(step, _boltzmann_estimates(net, theta, x, chain), slope.numpy())
        theta = theta + _RATE * slope
    return run


def normal_run(seed: int, x: tf.Tensor) -> Run:
    """The q of a Gaussian latent goes up the ELBO, p standing still."""
    model, phi = gaussian.random_vae(seed, x), gaussian.random_posterior(seed, x)
    run = Run()
    for step in range(_NORMAL_STEPS + 1):
        slope = gaussian.elbo_gradient(model, phi)
        if step % _STEPS_A_NORMAL_POINT == 0:
            run.add(step, gaussian.estimates(model, phi), slope.mean(axis=0))
        phi = phi + _RATE * slope
    return run


def _generative_estimates(net: TinyBeliefNet, theta: tf.Tensor, x: tf.Tensor, of: belief.Tables) -> dict[str, Moments]:
    found = {"wake": belief.wake(of)}
    found |= {f"reweighted, K={k}": belief.reweighted(of, k, "theta") for k in (2, 5)}
    chains = {k: belief.gibbs_distribution(net, theta, x, k) for k in (1, 5)}
    return found | {f"Gibbs, sweeps: {k}": belief.drawn_from(of, chain) for k, chain in chains.items()}


def _recognition_estimates(
    net: TinyBeliefNet, theta: tf.Tensor, phi: tf.Tensor, of: belief.Tables
) -> dict[str, Moments]:
    found = {f"score, {name}": moments for name, (moments, _) in belief.control_variates(of).items()}
    found |= {"sleep": belief.sleep(net, theta, phi)}
    found |= {f"reweighted, K={k}": belief.reweighted(of, k, "phi") for k in (2, 5)}
    return found | {f"VIMCO, K={k}": belief.vimco(of, k) for k in (2, 5)}


def _boltzmann_estimates(net: TinyHarmonium, theta: tf.Tensor, x: tf.Tensor, chain: np.ndarray) -> dict[str, Moments]:
    matrix, data = net.sweep_matrix(theta), boltzmann.data_distribution(x)
    found = {f"CD-{k}": data @ np.linalg.matrix_power(matrix, k) for k in _CD_SWEEPS}
    draws = np.repeat(np.exp(net.log_table(theta).numpy())[np.newaxis], len(x), axis=0)
    found |= {"PCD": chain, "draws of p(v)": draws}
    return {name: boltzmann.estimate(net, theta, x, distribution) for name, distribution in found.items()}


@tf.function(autograph=False)
def _elbo_gradients(sizes: tuple[int, ...], theta: tf.Tensor, phi: tf.Tensor, x: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Of the mean ELBO by theta and phi, and of the mean log p(x) by theta."""
    net = TinyBeliefNet(sizes)
    return (
        gradient(lambda theta: tf.reduce_mean(net.elbo(theta, phi, x)), theta),
        gradient(lambda phi: tf.reduce_mean(net.elbo(theta, phi, x)), phi),
        gradient(lambda theta: tf.reduce_mean(net.log_likelihood(theta, x)), theta),
    )


@tf.function(autograph=False)
def _likelihood_gradient(num_hidden: int, theta: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    net = TinyHarmonium(x.shape[1], num_hidden)
    return gradient(lambda theta: tf.reduce_mean(net.log_likelihood(theta, x)), theta)
