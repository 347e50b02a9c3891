"""Gaussian of full covariance by maximum likelihood, in closed form: the anchor that densities are held against.

Generative story:  x ~ N(mean, C), as x = mean + L z, z ~ N(0, I), L L^T = C.
Exact density:     log p(x) = -1/2 |L^-1 (x - mean)|^2 - sum log diag L - D/2 log(2 pi)
The likelihood is largest at the moments of the data (Anderson 2003, theorem 3.2.1):
                   mean = E[x],   C = E[(x - mean)(x - mean)^T]
Both come of running means about a point o near the data, the first batch's mean, so that nothing cancels:
                   mean = o + E[x - o],   C = E[(x - o)(x - o)^T] - E[x - o] E[x - o]^T
"""

import math
from typing import Any

import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.assertions import checked
from tfdgm.core.types import DataSpec
from tfdgm.models.base import Batch, GenerativeModel, Logs

_LEAST_VARIANCE = 1e-14  # of a dimension, as a share of the largest: below it float64 sees a constant


class Gaussian(GenerativeModel):
    """Exact likelihood and exact sampling; an event of any shape is taken as a vector [D].

    Each step is one term of the running means, so that an epoch of batches of equal size ends at the maximum. There are
    no gradients, no optimizers and no groups.
    """

    def __init__(self, spec: DataSpec, **kwargs: Any) -> None:
        """A standard normal until the first step.

        Raises:
          ValueError: for data that have levels.
        """
        super().__init__(spec, **kwargs)
        if spec.num_levels:
            raise ValueError(
                f"the data have {spec.num_levels} levels; a Gaussian is a density of continuous data"
                " (data.domain 'real', or 'logit' for images)"
            )
        num_dims = spec.num_dims
        self.origin = self._moment((num_dims,), "zeros", "origin")
        self.first_moment = self._moment((num_dims,), "zeros", "first_moment")
        self.second_moment = self._moment((num_dims, num_dims), "identity", "second_moment")

    def initialize(self, batch: Batch) -> None:
        """The point that moments are about: the first global batch's mean."""
        self.origin.assign(self.global_mean(tf.reduce_mean(self._flat(batch["x"]), axis=0)))

    def train_step(self, batch: Batch) -> Logs:
        """Moves both moments to the mean over the steps so far, this one included."""
        x = self._flat(batch["x"]) - tf.convert_to_tensor(self.origin)
        num_rows = tf.cast(tf.shape(x)[0], x.dtype)
        first = self.global_mean(tf.reduce_mean(x, axis=0))
        second = self.global_mean(tf.matmul(x, x, transpose_a=True) / num_rows)
        rate = 1.0 / tf.cast(tf.convert_to_tensor(self.phase_step) + 1, x.dtype)
        old_first, old_second = tf.convert_to_tensor(self.first_moment), tf.convert_to_tensor(self.second_moment)
        first = old_first + rate * (first - old_first)
        self.first_moment.assign(first)
        self.second_moment.assign(old_second + rate * (second - old_second))
        variance = tf.reduce_mean(tf.square(x - first), axis=1)
        self.note_statistic(variance)
        return {"variance": variance}

    def test_step(self, batch: Batch) -> Logs:
        """log p(x), exact."""
        return {"log_prob": self.log_prob(batch["x"])}

    def groups(self) -> dict[str, list[Any]]:
        """None: nothing here has a gradient."""
        return {}

    def log_prob(self, x: tf.Tensor) -> tf.Tensor:
        """log p(x), exact, nats: [B, *event_shape] to [B].

        Raises:
          ValueError: where a dimension never varied, so that the likelihood has no maximum.
        """
        mean, factor = self._mean_and_factor()
        z = tf.linalg.triangular_solve(factor, tf.transpose(self._flat(x) - mean))
        log_det = tf.reduce_sum(tf.math.log(tf.linalg.diag_part(factor)))
        log_prob = -0.5 * tf.reduce_sum(tf.square(z), axis=0) - log_det
        return tf.cast(log_prob - 0.5 * self.spec.num_dims * math.log(2.0 * math.pi), self.variable_dtype)

    def sample(self, seeds: tf.Tensor, temperature: tf.Tensor | float = 1.0) -> tf.Tensor:
        """Draws x = mean + temperature L z, z ~ N(0, I): seeds int64 [N] to [N, *event_shape].

        Args:
          seeds: row i depends on `seeds[i]` (and `temperature[i]`) alone.
          temperature: of the noise, [N] or one for all; 1 draws from p(x), less is likelier and less varied.
        """
        mean, factor = self._mean_and_factor()
        z = philox.row_normal(seeds, (self.spec.num_dims,), dtype=tf.float64)
        z = tf.reshape(tf.cast(temperature, tf.float64), [-1, 1]) * z
        x = mean + tf.matmul(z, factor, transpose_b=True)
        return tf.reshape(tf.cast(x, self.variable_dtype), [-1, *self.event_shape])

    # ---- private ------------------------------------------------------------------------------------------------

    def _moment(self, shape: tuple[int, ...], initializer: str, name: str) -> Any:
        # Float64 under every policy: variances of natural images differ by a factor of a million.
        return self.add_weight(
            shape=shape, initializer=initializer, dtype="float64", trainable=False, aggregation="mean", name=name
        )

    def _flat(self, x: tf.Tensor) -> tf.Tensor:
        return tf.cast(tf.reshape(x, [-1, self.spec.num_dims]), tf.float64)

    def _mean_and_factor(self) -> tuple[tf.Tensor, tf.Tensor]:
        """The mean [D] and the lower triangular L [D, D] of the covariance."""
        first = tf.convert_to_tensor(self.first_moment)
        covariance = tf.convert_to_tensor(self.second_moment) - first[:, tf.newaxis] * first
        variance = tf.linalg.diag_part(covariance)
        is_constant = variance <= _LEAST_VARIANCE * tf.reduce_max(variance)
        covariance = checked(
            covariance,
            ~tf.reduce_any(is_constant),
            tf.reduce_sum(tf.cast(is_constant, tf.int32)),
            f"of {self.spec.num_dims} dimensions never vary, and a Gaussian's likelihood has no maximum there;"
            " data.domain 'logit' spreads grey levels",
        )
        return tf.convert_to_tensor(self.origin) + first, tf.linalg.cholesky(covariance)
