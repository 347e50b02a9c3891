"""Observation models p(x|z): what a decoder's outputs mean. One table, `LIKELIHOODS`."""

import abc
import math
from collections.abc import Callable
from typing import ClassVar, cast

import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.validation import require_choice

_LOG_2PI = math.log(2.0 * math.pi)


class Likelihood(abc.ABC):
    """p(x | outputs, log_scale), independent over the event's dimensions.

    Attributes:
      has_scale: whether one learned scale, shared by all dimensions, belongs to it.
      domains: the data domains that it is a distribution over.
    """

    has_scale: ClassVar[bool]
    domains: ClassVar[tuple[str, ...]]

    @abc.abstractmethod
    def log_prob(self, outputs: tf.Tensor, log_scale: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        """log p(x) in nats, summed over the last axis: flat events [..., D] to [...]."""

    @abc.abstractmethod
    def mean(self, outputs: tf.Tensor) -> tf.Tensor:
        """E[x], of the shape of `outputs`."""

    @abc.abstractmethod
    def inverse_mean(self, mean: tf.Tensor) -> tf.Tensor:
        """Outputs whose mean is `mean`, kept finite: where a decoder without knowledge of x should start."""

    @abc.abstractmethod
    def sample(self, outputs: tf.Tensor, log_scale: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
        """Draws [N, *event] from `outputs` [N, *event] and seeds int64 [N]."""


def feature_log_likelihood(features: tf.Tensor, mean: tf.Tensor) -> tf.Tensor:
    """log N(features; mean, I) but for its constant, -|features - mean|^2 / 2: [B, D] twice to [B], nats.

    References:
      Larsen, Sonderby, Larochelle & Winther (2016), Autoencoding beyond pixels, eq. 7 and 8.
    """
    return -0.5 * tf.reduce_sum(tf.math.squared_difference(features, mean), axis=1)


class Bernoulli(Likelihood):
    """x in {0, 1} with logits `outputs`; values between count as grey levels' expected bits."""

    has_scale = False
    domains = ("binary", "unit")

    def log_prob(self, outputs: tf.Tensor, log_scale: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        """sum_d x_d l_d - log(1 + exp(l_d)), nats, [...]."""
        del log_scale
        return tf.reduce_sum(x * outputs - tf.nn.softplus(outputs), axis=-1)

    def mean(self, outputs: tf.Tensor) -> tf.Tensor:
        """sigmoid(outputs)."""
        return tf.sigmoid(outputs)

    def inverse_mean(self, mean: tf.Tensor) -> tf.Tensor:
        """The logit of the mean, which is first kept within [0.005, 0.995]."""
        mean = tf.clip_by_value(mean, 0.005, 0.995)
        return tf.math.log(mean) - tf.math.log1p(-mean)

    def sample(self, outputs: tf.Tensor, log_scale: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
        """0 or 1, of the dtype of `outputs`."""
        del log_scale
        uniform = philox.row_uniform(seeds, _event_shape(outputs), dtype=outputs.dtype)
        return tf.cast(uniform < tf.sigmoid(outputs), outputs.dtype)


class Gaussian(Likelihood):
    """x = outputs + exp(log_scale) * noise, a density: nats are relative to the data's unit."""

    has_scale = True
    domains = ("unit", "symmetric", "real")

    def log_prob(self, outputs: tf.Tensor, log_scale: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        """sum_d -((x_d - m_d) / s)^2 / 2 - log s - log(2 pi) / 2, nats, [...]."""
        residual = (x - outputs) * tf.exp(-log_scale)
        return tf.reduce_sum(-0.5 * (tf.square(residual) + _LOG_2PI) - log_scale, axis=-1)

    def mean(self, outputs: tf.Tensor) -> tf.Tensor:
        """The outputs."""
        return outputs

    def inverse_mean(self, mean: tf.Tensor) -> tf.Tensor:
        """The mean."""
        return mean

    def sample(self, outputs: tf.Tensor, log_scale: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
        """Real values of the dtype of `outputs`."""
        return outputs + tf.exp(log_scale) * philox.row_normal(seeds, _event_shape(outputs), dtype=outputs.dtype)


class DiscretizedLogistic(Likelihood):
    """A logistic cut into the data's equally spaced levels, the outer ones taking the tails.

    The levels span [low, low + (num_levels - 1) * width]; outputs are the means before clipping.

    References:
      Kingma et al. (2016), Improving variational inference with inverse autoregressive flow, section 5.1.
    """

    has_scale = True
    domains = ("unit", "symmetric")

    def __init__(self, num_levels: int, low: float = 0.0, high: float = 1.0) -> None:
        """Args: num_levels: at least 2. low, high: the domain's ends."""
        if num_levels < 2:
            raise ValueError(f"num_levels is {num_levels}; a discretized likelihood needs data of at least 2 levels")
        self.num_levels, self.low, self.high = num_levels, low, high
        self.width = (high - low) / (num_levels - 1)

    def log_prob(self, outputs: tf.Tensor, log_scale: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        """log P(level of x), nats, an exact probability mass, [...]."""
        inverse_scale = tf.exp(-log_scale)
        above = (x + self.width / 2 - outputs) * inverse_scale  # upper edge of the level's bin
        below = (x - self.width / 2 - outputs) * inverse_scale
        # log(F(above) - F(below)) for the logistic F(a) = 1 / (1 + exp(-a)). The bin's width stands by itself:
        # above - below would lose it beside a large residual, and log 0 make every gradient NaN.
        log_share = tf.math.log(-tf.math.expm1(-self.width * inverse_scale))
        inner = -tf.nn.softplus(-above) - tf.nn.softplus(below) + log_share
        lowest = -tf.nn.softplus(-above)  # log F(above)
        highest = -tf.nn.softplus(below)  # log (1 - F(below))
        log_mass = tf.where(
            x < self.low + self.width / 2, lowest, tf.where(x > self.high - self.width / 2, highest, inner)
        )
        return tf.reduce_sum(log_mass, axis=-1)

    def mean(self, outputs: tf.Tensor) -> tf.Tensor:
        """The logistic's centre, clipped to the domain."""
        return tf.clip_by_value(outputs, self.low, self.high)

    def inverse_mean(self, mean: tf.Tensor) -> tf.Tensor:
        """The mean."""
        return mean

    def sample(self, outputs: tf.Tensor, log_scale: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
        """Values on the levels, by the inverse of the distribution function."""
        uniform = philox.row_uniform(seeds, _event_shape(outputs), dtype=outputs.dtype)
        x = outputs + tf.exp(log_scale) * (tf.math.log(uniform) - tf.math.log1p(-uniform))
        level = tf.round((x - self.low) / self.width)
        return self.low + self.width * tf.clip_by_value(level, 0.0, self.num_levels - 1.0)


LIKELIHOODS: dict[str, Callable[[str, int], Likelihood]] = {
    "bernoulli": lambda domain, num_levels: Bernoulli(),
    "gaussian": lambda domain, num_levels: Gaussian(),
    "discretized_logistic": lambda domain, num_levels: DiscretizedLogistic(
        num_levels, low=-1.0 if domain == "symmetric" else 0.0
    ),
}


def likelihood(name: str, *, domain: str, num_levels: int) -> Likelihood:
    """The observation model `name` for data of a domain.

    Raises:
      ValueError: for an unknown name, or one that is no distribution over the domain.
    """
    require_choice("likelihood", name, LIKELIHOODS)
    found = LIKELIHOODS[name](domain, num_levels)
    if domain not in found.domains:
        raise ValueError(
            f"likelihood is {name!r} and data.domain {domain!r}; it needs one of {', '.join(found.domains)}"
        )
    return found


def _event_shape(outputs: tf.Tensor) -> list[int]:
    return cast("list[int]", outputs.shape[1:].as_list())  # a network's event shape is static
