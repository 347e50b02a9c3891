"""Which objectives miss modes and which cover them: figures of fitted densities, all by numerical integration.

    covered    modes within 3 sigma of whose centre the model has at least a tenth of their weight
    between    the model's mass that is within 3 sigma of no centre
    KL, JSD    sums over the cells of a grid;    W_1    int |F_data - F_model|, in the plane its mean over directions

Every figure is worked out once more with half as many nodes of z and cells of x (and directions); the difference says
how accurate it is.
"""

import dataclasses
from collections.abc import Callable, Sequence

import keras
import numpy as np
import sklearn.metrics
import tensorflow as tf

from tfdgm.evaluation.mode_coverage import NUM_SIGMAS
from tfdgm.evaluation.mode_fits import NUM_DISCRIMINATOR_STEPS, OBJECTIVES, ModeFit
from tfdgm.evaluation.mode_targets import Integrals, Quadrature, Target, integrals
from tfdgm.math import grid_divergences

BATCH_SIZE = 128
LEAST_SHARE = 0.1  # of a mode's weight, from which on it is covered


@dataclasses.dataclass(frozen=True)
class Figures:
    """A density beside the target's.

    Attributes:
      covered: modes.
      between: mass near no mode.
      kl_from_data: KL(data || model), nats.
      kl_from_model: KL(model || data), nats.
      jensen_shannon: nats.
      wasserstein: W_1 on the line, sliced W_1 in the plane; in the points' unit.
      sigma: of the generator's noise.
      mass: the model's on the grid; 1 where nothing is off it.
    """

    covered: int
    between: float
    kl_from_data: float
    kl_from_model: float
    jensen_shannon: float
    wasserstein: float
    sigma: float
    mass: float


@dataclasses.dataclass(frozen=True)
class Fit:
    """One generator after its training.

    Attributes:
      objective: of `OBJECTIVES`.
      seed: of weights, data and noise.
      figures: at the target's quadrature of measuring.
      coarse: at half of it.
      density: the model's on the grid, [S] or [S, S].
    """

    objective: str
    seed: int
    figures: Figures
    coarse: Figures
    density: np.ndarray


class Trainer:
    """One objective on one target, under any seeds; a step is traced once for all of them."""

    def __init__(self, target: Target, objective: str, num_steps: int) -> None:
        """Args: target: what to fit. objective: of `OBJECTIVES`. num_steps: a multiple of `mode_fits.STEPS_AT_ONCE`."""
        self.target, self.num_steps, self._new = target, num_steps, OBJECTIVES[objective]
        self.model = self._new(target).ready(num_steps)

    def train(self, seed: int) -> ModeFit:
        """The model after all steps from the weights of this seed, on its data and noise."""
        keras.utils.set_random_seed(seed)
        start = self._new(self.target).ready(self.num_steps)
        for variable, value in zip(self.model.state(), start.state(), strict=True):
            variable.assign(value)
        batches = _batches(self.target, self.model.num_draws, self.num_steps, seed)
        self.model.fit(batches, epochs=1, steps_per_epoch=self.num_steps, verbose=0, shuffle=False)
        return self.model


def measure(model: ModeFit, quadrature: Quadrature) -> tuple[Figures, np.ndarray]:
    """Figures of a generator, and its density on the grid."""
    sides = integrals(model.target, quadrature)
    points, sigma = model.points(sides.nodes)
    return figures(model.target, sides, points, sigma)


def figures(target: Target, sides: Integrals, points: tf.Tensor, sigma: tf.Tensor) -> tuple[Figures, np.ndarray]:
    """Figures of the density with these mean(z) [M, D] and sigma, and the density on the grid."""
    log_p, log_q = sides.log_p, sides.log_density(points, sigma)
    density = np.exp(log_q.numpy())
    masses, between = mode_masses(target, sides, density)
    return Figures(
        covered=int(np.sum(masses * target.mixture.num_components >= LEAST_SHARE)),
        between=between,
        kl_from_data=float(grid_divergences.kullback_leibler(log_p, log_q, sides.cell)),
        kl_from_model=float(grid_divergences.kullback_leibler(log_q, log_p, sides.cell)),
        jensen_shannon=float(grid_divergences.jensen_shannon(log_p, log_q, sides.cell)),
        wasserstein=float(sides.wasserstein(points, sigma)),
        sigma=float(sigma),
        mass=float(density.sum() * sides.cell),
    ), density


def mode_masses(target: Target, sides: Integrals, density: np.ndarray) -> tuple[np.ndarray, float]:
    """A density's mass within 3 sigma of each centre that is the nearest, [K], and the rest of what is on the grid."""
    axis = sides.axis.numpy()
    cells = np.stack(np.meshgrid(*[axis] * target.num_dims, indexing="ij"), axis=-1).reshape(-1, target.num_dims)
    nearest, distances = sklearn.metrics.pairwise_distances_argmin_min(cells, target.mixture.centres)
    mass = density.ravel() * sides.cell
    is_near = distances <= NUM_SIGMAS * target.mixture.sigma
    masses = np.bincount(nearest[is_near], mass[is_near], minlength=target.mixture.num_components)
    return masses, float(mass[~is_near].sum())


def fits(
    target: Target, objectives: Sequence[str], num_steps: int, seeds: Sequence[int], done: Callable[[], None]
) -> list[Fit]:
    """Every objective under every seed; `done` is called after each."""
    found = []
    for objective in objectives:
        trainer = Trainer(target, objective, num_steps)
        for seed in seeds:
            model = trainer.train(seed)
            fine, density = measure(model, target.measuring)
            coarse, _ = measure(model, target.measuring.halved())
            found.append(Fit(objective, seed, fine, coarse, density))
            done()
    return found


def _batches(target: Target, num_draws: int, num_steps: int, seed: int) -> tf.data.Dataset:
    """Data, the same for all objectives, and noise; see `ModeFit`."""
    for_data, for_noise = np.random.default_rng([seed, 0]), np.random.default_rng([seed, 1])
    shape = num_steps, BATCH_SIZE, NUM_DISCRIMINATOR_STEPS, target.num_dims
    x = target.mixture.sample(for_data, int(np.prod(shape[:-1])))[0].astype(np.float32).reshape(shape)
    noise = for_noise.standard_normal((num_steps, BATCH_SIZE, num_draws, 2 * target.num_dims), np.float32)
    return tf.data.Dataset.from_tensor_slices({"x": x, "noise": noise})
