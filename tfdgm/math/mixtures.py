"""Mixtures of equal round Gaussians, the toy densities on which a sampler's lost modes can be counted."""

import dataclasses
import math

import numpy as np
from scipy.special import logsumexp


@dataclasses.dataclass(frozen=True)
class Mixture:
    """p(x) = 1/K sum_k N(x; centre_k, sigma^2 I).

    Attributes:
      centres: [K, D].
      sigma: standard deviation of every component in every direction.
    """

    centres: np.ndarray
    sigma: float

    def __post_init__(self) -> None:
        """Refuses what is no mixture."""
        if np.ndim(self.centres) != 2 or not np.size(self.centres):
            raise ValueError(f"centres has shape {np.shape(self.centres)}; it must be [K, D] with K, D at least 1")
        if not self.sigma > 0.0:
            raise ValueError(f"sigma is {self.sigma}; it must be positive")

    @property
    def num_components(self) -> int:
        """K."""
        return len(self.centres)

    @property
    def num_dims(self) -> int:
        """D."""
        return self.centres.shape[1]

    def sample(self, rng: np.random.Generator | np.random.RandomState, num: int) -> tuple[np.ndarray, np.ndarray]:
        """Draws points and the components they come from.

        Args:
          rng: NumPy's.
          num: number of points N.

        Returns:
          Points float64 [N, D]; components int64 [N], values 0 to K - 1.
        """
        component = rng.choice(self.num_components, size=num)
        noise = rng.standard_normal(size=(num, self.num_dims))
        return self.centres[component] + self.sigma * noise, component

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        """log p(x), nats: [N, D] to [N]."""
        squares = np.sum(np.square(np.asarray(x, np.float64)[:, np.newaxis] - self.centres), axis=-1)
        log_norm = self.num_dims * math.log(self.sigma * math.sqrt(2.0 * math.pi)) + math.log(self.num_components)
        return logsumexp(-0.5 * squares / self.sigma**2, axis=1) - log_norm


def ring(num_components: int, radius: float, sigma: float) -> Mixture:
    """Components at equal angles on a circle about the origin, the first at (radius, 0)."""
    angles = 2.0 * np.pi * np.arange(num_components) / num_components
    return Mixture(radius * np.stack([np.cos(angles), np.sin(angles)], axis=1), sigma)


def grid(num_per_side: int, spacing: float, sigma: float) -> Mixture:
    """Components on a square grid about the origin, row by row."""
    axis = spacing * (np.arange(num_per_side) - 0.5 * (num_per_side - 1))
    return Mixture(np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2), sigma)


# Srivastava et al. (2017), VEEGAN, section 4.1; up to scale the toy data of Gulrajani et al. (2017), figure 2.
MIXTURES: dict[str, Mixture] = {
    "mixture8": ring(8, radius=2.0, sigma=0.02),
    "mixture25": grid(5, spacing=2.0, sigma=0.05),
}
