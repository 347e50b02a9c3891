"""The visible units of an energy model: exponential families in v, independent given their field.

    p(v | field) = h(v) exp(field' v) / exp(A(field)),   A(field) = log sum_v h(v) exp(field' v)

where the sum is an integral for real v. Nothing else about a unit enters Gibbs sampling, free energies, annealed
importance sampling or enumeration.

References:
  Welling, Rosen-Zvi & Hinton (2005), Exponential family harmoniums with an application to information retrieval.
"""

import abc
import dataclasses
import math
from collections.abc import Callable

import tensorflow as tf


class Units(abc.ABC):
    """One side of a bipartite energy; tensors are [..., num_units]."""

    @abc.abstractmethod
    def log_base(self, v: tf.Tensor) -> tf.Tensor:
        """log h(v), nats, [...]."""

    @abc.abstractmethod
    def log_partition(self, field: tf.Tensor) -> tf.Tensor:
        """A(field), nats, [...]."""

    @abc.abstractmethod
    def mean(self, field: tf.Tensor) -> tf.Tensor:
        """E[v | field], of the shape of `field`."""

    @abc.abstractmethod
    def inverse_mean(self, mean: tf.Tensor) -> tf.Tensor:
        """A field whose mean is `mean`, which is first kept off the ends of its range so that the field is finite."""

    @abc.abstractmethod
    def sample(self, field: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """v given its field, as a function of uniforms in [0, 1) of the same shape."""


@dataclasses.dataclass(frozen=True)
class Bernoulli(Units):
    """v in {0, 1}: A(field) = sum log(1 + exp(field))."""

    def log_base(self, v: tf.Tensor) -> tf.Tensor:
        """Zero."""
        return tf.zeros(tf.shape(v)[:-1], v.dtype)

    def log_partition(self, field: tf.Tensor) -> tf.Tensor:
        """Sum of softplus(field)."""
        return tf.reduce_sum(tf.nn.softplus(field), axis=-1)

    def mean(self, field: tf.Tensor) -> tf.Tensor:
        """sigmoid(field)."""
        return tf.sigmoid(field)

    def inverse_mean(self, mean: tf.Tensor) -> tf.Tensor:
        """The logit of the mean, which is first kept within [0.005, 0.995]."""
        mean = tf.clip_by_value(mean, 0.005, 0.995)
        return tf.math.log(mean) - tf.math.log1p(-mean)

    def sample(self, field: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """1 where the noise is below sigmoid(field)."""
        return tf.cast(noise < tf.sigmoid(field), field.dtype)


BERNOULLI = Bernoulli()


@dataclasses.dataclass(frozen=True)
class Gaussian(Units):
    """v real with unit variance: h(v) = N(v; 0, 1), A(field) = sum field^2 / 2, v | field ~ N(field, 1)."""

    def log_base(self, v: tf.Tensor) -> tf.Tensor:
        """Standard normal log density."""
        return -0.5 * tf.reduce_sum(tf.square(v) + math.log(2.0 * math.pi), axis=-1)

    def log_partition(self, field: tf.Tensor) -> tf.Tensor:
        """Sum of field^2 / 2."""
        return 0.5 * tf.reduce_sum(tf.square(field), axis=-1)

    def mean(self, field: tf.Tensor) -> tf.Tensor:
        """The field itself."""
        return field

    def inverse_mean(self, mean: tf.Tensor) -> tf.Tensor:
        """The mean itself."""
        return mean

    def sample(self, field: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """The field plus a standard normal."""
        # Halfway into its 2^-24 cell, a uniform is never 0 and its normal never infinite.
        return field + tf.math.ndtri(tf.clip_by_value(noise, 2.0**-25, 1.0 - 2.0**-24))


@dataclasses.dataclass(frozen=True)
class Softmax(Units):
    """Groups of `num_categories` units of which exactly one is 1: A(field) = sum over groups of logsumexp(field)."""

    num_categories: int

    def log_base(self, v: tf.Tensor) -> tf.Tensor:
        """Zero."""
        return tf.zeros(tf.shape(v)[:-1], v.dtype)

    def log_partition(self, field: tf.Tensor) -> tf.Tensor:
        """Sum over the groups of logsumexp(field)."""
        return tf.reduce_sum(tf.reduce_logsumexp(self._grouped(field), axis=-1), axis=-1)

    def mean(self, field: tf.Tensor) -> tf.Tensor:
        """softmax(field) in each group."""
        return tf.reshape(tf.nn.softmax(self._grouped(field)), tf.shape(field))

    def inverse_mean(self, mean: tf.Tensor) -> tf.Tensor:
        """The mean's logarithm; frequencies are first kept above 0.005 / num_categories."""
        return tf.math.log(tf.maximum(mean, 0.005 / self.num_categories))

    def sample(self, field: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """One-hot groups, by the Gumbel-max trick."""
        gumbel = -tf.math.log(-tf.math.log(tf.clip_by_value(noise, 2.0**-25, 1.0 - 2.0**-24)))
        winner = tf.argmax(self._grouped(field + gumbel), axis=-1)
        return tf.reshape(tf.one_hot(winner, self.num_categories, dtype=field.dtype), tf.shape(field))

    def _grouped(self, field: tf.Tensor) -> tf.Tensor:
        return tf.reshape(field, tf.concat([tf.shape(field)[:-1], [-1, self.num_categories]], axis=0))


@dataclasses.dataclass(frozen=True)
class Joined(Units):
    """Units of several kinds side by side, such as a hidden layer and a label.

    Attributes:
      parts: (units, how many) from left to right.
    """

    parts: tuple[tuple[Units, int], ...]

    def log_base(self, v: tf.Tensor) -> tf.Tensor:
        """Sum over the parts."""
        return tf.add_n([units.log_base(part) for units, part in self._split(v)])

    def log_partition(self, field: tf.Tensor) -> tf.Tensor:
        """Sum over the parts."""
        return tf.add_n([units.log_partition(part) for units, part in self._split(field)])

    def mean(self, field: tf.Tensor) -> tf.Tensor:
        """Part by part."""
        return self._joined(field, lambda units, part: units.mean(part))

    def inverse_mean(self, mean: tf.Tensor) -> tf.Tensor:
        """Part by part."""
        return self._joined(mean, lambda units, part: units.inverse_mean(part))

    def sample(self, field: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """Part by part."""
        pairs = zip(self._split(field), self._split(noise), strict=True)
        return tf.concat([units.sample(part, uniform) for (units, part), (_, uniform) in pairs], axis=-1)

    def _split(self, value: tf.Tensor) -> list[tuple[Units, tf.Tensor]]:
        values = tf.split(value, [size for _, size in self.parts], axis=-1)
        return [(units, part) for (units, _), part in zip(self.parts, values, strict=True)]

    def _joined(self, value: tf.Tensor, function: Callable[[Units, tf.Tensor], tf.Tensor]) -> tf.Tensor:
        return tf.concat([function(units, part) for units, part in self._split(value)], axis=-1)
