"""What the visible units of an energy model are for a data specification. One table, `VISIBLES`."""

import abc
import math
from collections.abc import Callable
from typing import ClassVar

import keras
import tensorflow as tf

from tfdgm.core.assertions import checked
from tfdgm.core.types import DataSpec
from tfdgm.core.validation import require_choice
from tfdgm.math.units import BERNOULLI, Gaussian, Softmax, Units


class Visibles(keras.layers.Layer, abc.ABC):
    """Between events x [B, *event_shape] and states v [B, V] of visible units.

    Attributes:
      units: the exponential family.
      num_units: V.
      domains: the data domains that it is a distribution over.
      support: the values of x that it gives a probability, in words.
    """

    units: Units
    num_units: int
    domains: ClassVar[tuple[str, ...]]
    support: str = "a finite value"

    def __init__(self, spec: DataSpec, *, name: str = "visibles") -> None:
        """Args: spec: what one event is."""
        super().__init__(name=name)
        self.spec = spec
        self.num_units = spec.num_dims
        self.built = True

    @abc.abstractmethod
    def states(self, x: tf.Tensor) -> tf.Tensor:
        """x to v."""

    @abc.abstractmethod
    def events(self, v: tf.Tensor) -> tf.Tensor:
        """v, or its mean, to x, or its mean."""

    def filters(self, kernel: tf.Tensor) -> tf.Tensor:
        """How each of H hidden units moves the events by its weights: kernel [V, H] to [H, *event_shape]."""
        weights = tf.transpose(kernel)
        return self.events(weights) - self.events(tf.zeros_like(weights))

    def unit_mask(self, mask: tf.Tensor) -> tf.Tensor:
        """A mask of the event's values, bool [B, *event_shape], as one of the units, bool [B, V]."""
        repeats = self.num_units // self.spec.num_dims
        return tf.repeat(tf.reshape(mask, [-1, self.spec.num_dims]), repeats, axis=1)

    def log_scale(self) -> tf.Tensor | float:
        """log p(v) - log p(x), nats: the log determinant of x's derivative by v; 0 for counts."""
        return 0.0

    def start_at(self, x: tf.Tensor, mean: Callable[[tf.Tensor], tf.Tensor]) -> None:
        """Sets what depends on the data from a first batch; `mean` averages over replicas."""

    def faults(self, x: tf.Tensor) -> tf.Tensor:
        """Whether each value of x lies outside the support."""
        return tf.math.logical_not(tf.math.is_finite(x))

    def supported(self, x: tf.Tensor) -> tf.Tensor:
        """x, where all its values lie within the support.

        Raises:
          ValueError: eagerly or from `fit`, naming a value outside and what would be right.
        """
        is_fault = tf.reshape(self.faults(x), [-1])
        return checked(
            x,
            tf.logical_not(tf.reduce_any(is_fault)),
            "x has the value",
            tf.reshape(x, [-1])[tf.argmax(is_fault)],
            f"where {type(self).__name__} need {self.support}, as data of domain {self.spec.domain!r} are;"
            " feed such values, or choose data.domain and visible_units for those there are",
        )

    def _flat(self, x: tf.Tensor) -> tf.Tensor:
        return tf.reshape(tf.cast(x, self.variable_dtype), [-1, self.spec.num_dims])

    def _shaped(self, x: tf.Tensor) -> tf.Tensor:
        return tf.reshape(x, [-1, *self.spec.shape])


class BernoulliVisibles(Visibles):
    """x in {0, 1} is v."""

    units = BERNOULLI
    domains = ("binary",)
    support = "0 or 1"

    def states(self, x: tf.Tensor) -> tf.Tensor:
        """x, flat."""
        return self._flat(x)

    def events(self, v: tf.Tensor) -> tf.Tensor:
        """v, in the event's shape."""
        return self._shaped(v)

    def faults(self, x: tf.Tensor) -> tf.Tensor:
        """Anything but 0 and 1."""
        return (x != 0.0) & (x != 1.0)


class GaussianVisibles(Visibles):
    """x = sigma v with a learned sigma for each dimension, v of unit variance; likelihoods are densities of x.

    Where x has levels, sigma stays above what rounding to them alone leaves uncertain, the spacing over sqrt(12): a
    dimension that hardly varies would otherwise have a density without limit.

    References:
      Krizhevsky (2009), Learning multiple layers of features from tiny images, section 1.3.
    """

    units = Gaussian()
    domains = ("unit", "symmetric", "real")

    def __init__(self, spec: DataSpec, **kwargs: str) -> None:
        """Args: spec: what one event is."""
        super().__init__(spec, **kwargs)
        span = 2.0 if spec.domain == "symmetric" else 1.0
        self._least_sigma = span / (spec.num_levels - 1) / math.sqrt(12.0) if spec.num_levels > 1 else 0.0
        # Of the part of sigma above the least one: squares add up, as variances do.
        self.log_sigma = self.add_weight(
            shape=(spec.num_dims,), initializer="zeros", aggregation="mean", name="log_sigma"
        )

    def sigma(self) -> tf.Tensor:
        """The standard deviations of x given h, [V]."""
        return tf.sqrt(self._least_sigma**2 + tf.exp(2.0 * self.log_sigma.value))

    def states(self, x: tf.Tensor) -> tf.Tensor:
        """x / sigma."""
        return self._flat(x) / self.sigma()

    def events(self, v: tf.Tensor) -> tf.Tensor:
        """sigma v."""
        return self._shaped(v * self.sigma())

    def log_scale(self) -> tf.Tensor:
        """sum log sigma."""
        return tf.reduce_sum(tf.math.log(self.sigma()))

    def start_at(self, x: tf.Tensor, mean: Callable[[tf.Tensor], tf.Tensor]) -> None:
        """sigma is the data's standard deviation, at least a hundredth of its mean over the dimensions."""
        flat = self._flat(x)
        centre = mean(tf.reduce_mean(flat, axis=0))
        variance = mean(tf.reduce_mean(tf.square(flat - centre), axis=0))
        least = 0.01 * tf.reduce_mean(tf.sqrt(variance)) + 1e-6
        excess = tf.maximum(variance - self._least_sigma**2, tf.square(least))
        self.log_sigma.assign(0.5 * tf.math.log(excess))


class SoftmaxVisibles(Visibles):
    """Each dimension's level is a group of one-hot units.

    References:
      Salakhutdinov, Mnih & Hinton (2007), Restricted Boltzmann machines for collaborative filtering, eq. 1.
    """

    domains = ("unit", "symmetric", "uint8")

    def __init__(self, spec: DataSpec, **kwargs: str) -> None:
        """Args: spec: has at least two levels."""
        super().__init__(spec, **kwargs)
        if spec.num_levels < 2:
            raise ValueError(f"visible_units is 'softmax', but the data is continuous: num_levels is {spec.num_levels}")
        self.units = Softmax(spec.num_levels)
        self.num_units = spec.num_dims * spec.num_levels
        self._low, self._high = {"unit": (0.0, 1.0), "symmetric": (-1.0, 1.0)}.get(spec.domain, (0.0, 255.0))
        self.support = f"one of {spec.num_levels} levels from {self._low:g} to {self._high:g}"

    def states(self, x: tf.Tensor) -> tf.Tensor:
        """One-hot levels; NaN for values that are no level, which so never pass for data."""
        x = self._flat(x)
        levels = tf.cast(tf.round(self._levels(x)), tf.int32)
        one_hot = tf.one_hot(levels, self.spec.num_levels, dtype=self.variable_dtype)
        one_hot = tf.where(self.faults(x)[..., tf.newaxis], tf.cast(math.nan, one_hot.dtype), one_hot)
        return tf.reshape(one_hot, [-1, self.num_units])

    def events(self, v: tf.Tensor) -> tf.Tensor:
        """The level, or the mean level, in the data's domain."""
        groups = tf.reshape(v, [-1, self.spec.num_dims, self.spec.num_levels])
        level = tf.linalg.matvec(groups, tf.range(self.spec.num_levels, dtype=groups.dtype))
        return self._shaped(self._low + level * (self._high - self._low) / (self.spec.num_levels - 1))

    def faults(self, x: tf.Tensor) -> tf.Tensor:
        """Anything but the levels."""
        levels = self._levels(tf.cast(x, self.variable_dtype))
        inside = (levels > -0.01) & (levels < self.spec.num_levels - 0.99)
        return ~inside | (tf.abs(levels - tf.round(levels)) > 0.01)

    def _levels(self, x: tf.Tensor) -> tf.Tensor:
        return (x - self._low) * (self.spec.num_levels - 1) / (self._high - self._low)


VISIBLES: dict[str, type[Visibles]] = {
    "bernoulli": BernoulliVisibles,
    "gaussian": GaussianVisibles,
    "softmax": SoftmaxVisibles,
}


def visibles(kind: str, spec: DataSpec) -> Visibles:
    """Visible units by their name in `VISIBLES`.

    Raises:
      ValueError: for an unknown kind, or one that is no distribution over the data's domain, naming the remedy.
    """
    require_choice("visible_units", kind, VISIBLES)
    allowed = VISIBLES[kind].domains
    if spec.domain not in allowed:
        fitting = [name for name, known in VISIBLES.items() if spec.domain in known.domains]
        remedy = f", or visible_units one of {', '.join(fitting)}" if fitting else ""
        raise ValueError(
            f"visible_units is {kind!r}, but the data's domain is {spec.domain!r}; "
            f"set data.domain to {' or '.join(allowed)}{remedy}"
        )
    return VISIBLES[kind](spec)
