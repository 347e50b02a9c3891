"""Affine coupling flow on points of the plane (Dinh et al. 2017), with ActNorm (Kingma & Dhariwal 2018).

Generative story:  z ~ N(0, I),  x = f(z), f invertible.
Exact density:     log p(x) = log N(f^-1(x); 0, I) + log |det d f^-1(x) / dx|          (Dinh et al. eq. 2)
f = actnorm . coupling_n . ... . coupling_1, each coupling moving one coordinate by a function of the other:
                   y_a = z_a,  y_b = z_b * exp(s(z_a)) + t(z_a)                        (Dinh et al. eq. 4, 5)
and actnorm(y) = y * exp(log_scale) + shift, set by `initialize` so that the inverse of the first batch has mean
zero and deviation one (Kingma & Dhariwal, section 3.1).
"""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from tfdgm.core import philox
from tfdgm.core.types import DataSpec
from tfdgm.models.base import Batch, GenerativeModel, Logs
from tfdgm.networks.mlp import mlp

tfb, tfd = tfp.bijectors, tfp.distributions


class Flow(GenerativeModel):
    """Exact likelihood and exact sampling, for events [2]."""

    def __init__(self, spec: DataSpec, *, num_couplings: int = 2, hidden_size: int = 16, **kwargs: Any) -> None:
        """Builds the conditioners and the ActNorm.

        Raises:
          ValueError: when an event is not [2].
        """
        super().__init__(spec, **kwargs)
        if spec.shape != (2,):
            raise ValueError(f"shape is {spec.shape}; this flow is for points of the plane, shape (2,)")
        self.conditioners = [
            mlp([1], (hidden_size,), [2], activation="tanh", name=f"conditioner_{index}")
            for index in range(num_couplings)
        ]
        self.shift = self.add_weight(shape=(2,), initializer="zeros", name="shift", aggregation="mean")
        self.log_scale = self.add_weight(shape=(2,), initializer="zeros", name="log_scale", aggregation="mean")

    def groups(self) -> dict[str, list[Any]]:
        """One group: one likelihood."""
        return {"flow": self.trainable_variables}

    def initialize(self, batch: Batch) -> None:
        """ActNorm's shift and scale from the first global batch's moments."""
        mean = self.global_mean(tf.reduce_mean(batch["x"], axis=0))
        variance = self.global_mean(tf.reduce_mean(tf.square(batch["x"] - mean), axis=0))
        self.shift.assign(mean)
        self.log_scale.assign(0.5 * tf.math.log(variance))

    def train_step(self, batch: Batch) -> Logs:
        """One step of maximum likelihood."""
        return {"nll": self.minimize("flow", self._negative_log_prob, batch["x"])}

    def test_step(self, batch: Batch) -> Logs:
        """The exact negative log-likelihood, nats."""
        return {"nll": self._negative_log_prob(batch["x"])}

    def sample(self, seeds: tf.Tensor) -> tf.Tensor:
        """Draws x = f(z): seeds int64 [N] to [N, 2]."""
        return self._bijector().forward(philox.row_normal(seeds, (2,), dtype=self.variable_dtype))

    def log_prob(self, x: tf.Tensor) -> tf.Tensor:
        """log p(x), exact, nats: [B, 2] to [B]."""
        base = tfd.MultivariateNormalDiag(loc=tf.zeros([2], self.variable_dtype))
        return tfd.TransformedDistribution(base, self._bijector()).log_prob(tf.cast(x, self.variable_dtype))

    def _negative_log_prob(self, x: tf.Tensor) -> tf.Tensor:
        return -self.log_prob(x)

    def _bijector(self) -> tfb.Bijector:
        # Anew in every step, from tensors: a bijector given variables would hold them frozen.
        shift, log_scale = tf.convert_to_tensor(self.shift), tf.convert_to_tensor(self.log_scale)
        parts = [tfb.Shift(shift), tfb.Scale(log_scale=log_scale)]
        for conditioner in self.conditioners:
            coupling = tfb.RealNVP(num_masked=1, shift_and_log_scale_fn=_shift_and_log_scale(conditioner))
            parts += [coupling, tfb.Permute([1, 0])]
        return tfb.Chain(parts)


def _shift_and_log_scale(conditioner: keras.Sequential) -> Callable[..., tuple[tf.Tensor, tf.Tensor]]:
    def shift_and_log_scale(passed: tf.Tensor, output_units: int, **condition: Any) -> tuple[tf.Tensor, tf.Tensor]:
        del output_units, condition
        shift, log_scale = tf.split(tf.cast(conditioner(passed), passed.dtype), 2, axis=-1)
        return shift, tf.tanh(log_scale)  # bounded, so that no layer blows up a sample

    return shift_and_log_scale
