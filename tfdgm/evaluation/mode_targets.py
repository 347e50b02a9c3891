"""Densities for a small generator to fit, with the grids on which both are integrated.

The generator is x = mean(z) + sigma noise, z ~ N(0, I) of as many dimensions as x, so that its density is an equal
mixture of round Gaussians about mean(z_i), as the target's is about its centres: `tfdgm.math.round_mixtures`.
"""

import dataclasses
import math

import numpy as np
import tensorflow as tf

from tfdgm.math import grid_divergences, round_mixtures
from tfdgm.math.mixtures import Mixture, ring


@dataclasses.dataclass(frozen=True)
class Quadrature:
    """How finely to integrate.

    Attributes:
      num_nodes: of z, per dimension.
      num_cells: of x, per dimension.
      num_directions: of the half circle, for sliced W_1 in two dimensions; the line has one.
    """

    num_nodes: int
    num_cells: int
    num_directions: int

    def halved(self) -> "Quadrature":
        """Half as many of each."""
        return Quadrature(self.num_nodes // 2, self.num_cells // 2, self.num_directions // 2)


@dataclasses.dataclass(frozen=True)
class Target:
    """A mixture, and the generator that is to fit it.

    Attributes:
      title: in tables and pictures.
      mixture: the data's density.
      hidden_sizes: of mean(z); none makes the generator a Gaussian.
      limit: the grids reach from -limit to limit.
      training: quadrature of the divergences that are trained on.
      measuring: quadrature of the figures.
      start_scale: of the generator's first noise, above its floor, and a factor of the first weights of its last layer.
    """

    title: str
    mixture: Mixture
    hidden_sizes: tuple[int, ...]
    limit: float
    training: Quadrature
    measuring: Quadrature
    start_scale: float = 1.0

    @property
    def num_dims(self) -> int:
        """D, of x and of z."""
        return self.mixture.num_dims

    @property
    def sigma_floor(self) -> float:
        """The least sigma of the generator: half the components'."""
        return 0.5 * self.mixture.sigma


@dataclasses.dataclass(frozen=True)
class Integrals:
    """The target at a quadrature: what a generator's points are held against.

    Attributes:
      nodes: z, [M, D], float64.
      axis: the middles of the cells along every dimension, [S], float64.
      step: between them.
      cell: step^D.
      directions: [K, D], float64.
      log_p: the target's log density on the grid, nats.
      cdf: the target's, along each direction, [K, S].
    """

    nodes: tf.Tensor
    axis: tf.Tensor
    step: float
    cell: float
    directions: tf.Tensor
    log_p: tf.Tensor
    cdf: tf.Tensor

    def log_density(self, points: tf.Tensor, sigma: tf.Tensor) -> tf.Tensor:
        """log q on the grid of a generator with these mean(z) [M, D] at the nodes, nats."""
        return round_mixtures.log_density(points, sigma, self.axis)

    def kl_from_data(self, points: tf.Tensor, sigma: tf.Tensor) -> tf.Tensor:
        """KL(data || model), nats."""
        return grid_divergences.kullback_leibler(self.log_p, self.log_density(points, sigma), self.cell)

    def kl_from_model(self, points: tf.Tensor, sigma: tf.Tensor) -> tf.Tensor:
        """KL(model || data), nats."""
        return grid_divergences.kullback_leibler(self.log_density(points, sigma), self.log_p, self.cell)

    def jensen_shannon(self, points: tf.Tensor, sigma: tf.Tensor) -> tf.Tensor:
        """JSD(data, model), nats."""
        return grid_divergences.jensen_shannon(self.log_p, self.log_density(points, sigma), self.cell)

    def wasserstein(self, points: tf.Tensor, sigma: tf.Tensor) -> tf.Tensor:
        """W_1(data, model) on the line, its mean over directions in the plane; in the points' unit."""
        cdf = round_mixtures.projected_cdf(points, sigma, self.directions, self.axis)
        return grid_divergences.wasserstein(self.cdf, cdf, self.step)


def integrals(target: Target, quadrature: Quadrature) -> Integrals:
    """The target's side of all integrals."""
    step = 2.0 * target.limit / quadrature.num_cells
    axis = tf.constant((np.arange(quadrature.num_cells) + 0.5) * step - target.limit)
    directions = tf.constant(_directions(target.num_dims, quadrature.num_directions))
    centres, sigma = tf.constant(target.mixture.centres, tf.float64), target.mixture.sigma
    return Integrals(
        nodes=tf.constant(round_mixtures.normal_nodes(quadrature.num_nodes, target.num_dims)),
        axis=axis,
        step=step,
        cell=step**target.num_dims,
        directions=directions,
        log_p=round_mixtures.log_density(centres, sigma, axis),
        cdf=round_mixtures.projected_cdf(centres, sigma, directions, axis),
    )


def _directions(num_dims: int, num: int) -> np.ndarray:
    """Evenly over the half circle; on the line there is one."""
    if num_dims == 1:
        return np.ones([1, 1])
    angles = math.pi * (np.arange(num) + 0.5) / num
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


_ON_THE_LINE = {"limit": 12.0, "training": Quadrature(256, 120, 1), "measuring": Quadrature(4096, 480, 1)}

TARGETS: dict[str, Target] = {
    # A Gaussian that starts wide stays wide, a local optimum of KL(model||data); and from the very middle between two
    # modes it would go to neither.
    "gaussian": Target(
        "4 modes on the line, a Gaussian",
        mixture=Mixture(np.array([[-5.0], [-2.0], [1.0], [4.0]]), sigma=0.3),
        hidden_sizes=(),
        start_scale=0.3,
        **_ON_THE_LINE,
    ),
    "line": Target(
        "4 modes on the line, a network",
        mixture=Mixture(np.array([[-4.5], [-1.5], [1.5], [4.5]]), sigma=0.3),
        hidden_sizes=(32, 32),
        **_ON_THE_LINE,
    ),
    "ring": Target(
        "8 modes on a ring, a network",
        mixture=ring(8, radius=3.0, sigma=0.25),
        hidden_sizes=(16, 16),
        limit=5.0,
        # Odd numbers of directions: even ones would fall on the ring's own symmetry, and see less of it.
        training=Quadrature(20, 64, 5),
        measuring=Quadrature(96, 160, 31),
    ),
}
