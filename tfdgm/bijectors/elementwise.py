"""Monotone functions of one dimension each, whose parameters a conditioner gives: what couplings and MAF apply.

Parameters are `raw` [..., P * C] for z [..., C]: P blocks of C. All are free, and 0 is (nearly) the identity.
"""

import abc
import dataclasses
from collections.abc import Callable

import tensorflow as tf

from tfdgm.core.validation import require_at_least, require_between, require_choice
from tfdgm.math.rational_quadratic import inverse_spline, spline


class Elementwise(abc.ABC):
    """x_i = f(z_i; raw_i), increasing.

    Attributes:
      num_params: P, parameters of each dimension.
    """

    num_params: int

    @abc.abstractmethod
    def forward(self, z: tf.Tensor, raw: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """x and log dx/dz, [..., C], of z [..., C] and raw [..., P * C]."""

    @abc.abstractmethod
    def inverse(self, x: tf.Tensor, raw: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """z and log dz/dx, [..., C], of x [..., C] and raw [..., P * C]."""


@dataclasses.dataclass(frozen=True)
class Additive(Elementwise):
    """x = z + shift (Dinh et al. 2015, NICE, eq. 7)."""

    num_params = 1

    def forward(self, z: tf.Tensor, raw: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """z + shift, 0."""
        return z + raw, tf.zeros_like(z)

    def inverse(self, x: tf.Tensor, raw: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """x - shift, 0."""
        return x - raw, tf.zeros_like(x)


class _Affine(Elementwise):
    """x = scale * z + shift; raw is first the shifts, then what the scales are made of."""

    num_params = 2

    @abc.abstractmethod
    def log_scale(self, raw: tf.Tensor) -> tf.Tensor:
        """log scale, within bounds, of its raw parameters."""

    def forward(self, z: tf.Tensor, raw: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """scale z + shift, log scale."""
        shift, raw_scale = tf.split(raw, 2, axis=-1)
        log_scale = self.log_scale(raw_scale)
        return z * tf.exp(log_scale) + shift, log_scale

    def inverse(self, x: tf.Tensor, raw: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """(x - shift) / scale, -log scale."""
        shift, raw_scale = tf.split(raw, 2, axis=-1)
        log_scale = self.log_scale(raw_scale)
        return (x - shift) * tf.exp(-log_scale), -log_scale


@dataclasses.dataclass(frozen=True)
class Affine(_Affine):
    """log scale = limit * tanh(raw / limit) (Dinh et al. 2017, Real NVP, eq. 7 and section 4.1).

    Attributes:
      limit: the scale stays within exp(-limit) and exp(limit).
    """

    limit: float = 2.0

    def __post_init__(self) -> None:
        """Refuses a limit that leaves no scale."""
        require_between(0.01, 20.0, limit=self.limit)

    def log_scale(self, raw: tf.Tensor) -> tf.Tensor:
        """limit tanh(raw / limit)."""
        return self.limit * tf.tanh(raw / self.limit)


@dataclasses.dataclass(frozen=True)
class SigmoidAffine(_Affine):
    """1 / scale = least + (1 - least) sigmoid(raw + 2), as in Glow's code: latents are at most as wide as the data.

    Attributes:
      least: of 1 / scale, so that sampling never divides by nearly zero.
    """

    least: float = 0.05

    def __post_init__(self) -> None:
        """Refuses a least value that is none."""
        require_between(1e-6, 0.99, least=self.least)

    def log_scale(self, raw: tf.Tensor) -> tf.Tensor:
        """-log(least + (1 - least) sigmoid(raw + 2))."""
        return -tf.math.log(self.least + (1.0 - self.least) * tf.sigmoid(raw + 2.0))


@dataclasses.dataclass(frozen=True)
class RationalQuadratic(Elementwise):
    """A monotone spline on [-bound, bound], the identity outside; see tfdgm.math.rational_quadratic.

    Attributes:
      num_bins: K.
      bound: half the length of the interval.

    References:
      Durkan, Bekasov, Murray & Papamakarios (2019), Neural spline flows, section 3.1.
    """

    num_bins: int = 8
    bound: float = 3.0

    def __post_init__(self) -> None:
        """Refuses what is no spline."""
        require_between(2, 256, num_bins=self.num_bins)
        require_at_least(1e-3, bound=self.bound)

    @property
    def num_params(self) -> int:  # type: ignore[override]  # the base has a constant, which num_bins decides here
        """3 K - 1."""
        return 3 * self.num_bins - 1

    def forward(self, z: tf.Tensor, raw: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The spline."""
        return spline(z, raw, self.num_bins, self.bound)

    def inverse(self, x: tf.Tensor, raw: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Its inverse."""
        return inverse_spline(x, raw, self.num_bins, self.bound)


ELEMENTWISE: dict[str, Callable[[float, int, float], Elementwise]] = {
    "additive": lambda scale_limit, num_bins, bound: Additive(),
    "affine": lambda scale_limit, num_bins, bound: Affine(scale_limit),
    "sigmoid_affine": lambda scale_limit, num_bins, bound: SigmoidAffine(),
    "rational_quadratic": lambda scale_limit, num_bins, bound: RationalQuadratic(num_bins, bound),
}


def elementwise(name: str, *, scale_limit: float = 2.0, num_bins: int = 8, bound: float = 3.0) -> Elementwise:
    """One by its name in `ELEMENTWISE`; `scale_limit` is that of `affine`, the others are the spline's.

    Raises:
      ValueError: for an unknown name, or numbers that make no spline or no scale.
    """
    require_choice("transform", name, ELEMENTWISE)
    return ELEMENTWISE[name](scale_limit, num_bins, bound)
