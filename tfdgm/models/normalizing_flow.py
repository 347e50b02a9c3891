"""What normalizing flows share: one bijector f between noise and data, and all that follows from it.

Generative story:  z ~ N(0, I),  x = f(z)
Exact density:     log p(x) = log N(f^-1(x); 0, I) + log |det d f^-1(x) / dx|
"""

from typing import Any

import tensorflow as tf
import tensorflow_probability as tfp

from tfdgm.bijectors.layer import BijectorLayer
from tfdgm.core import philox
from tfdgm.core.types import DataSpec, Endpoint
from tfdgm.math import latents
from tfdgm.models.base import GenerativeModel

tfd = tfp.distributions


class NormalizingFlow(GenerativeModel):
    """Density, samples, codes and paths by one bijector; what is done to data before it is the subclass's.

    Attributes:
      bijector: between noise [D] and data.
      latent_dim: D.
    """

    bijector: BijectorLayer

    def __init__(self, spec: DataSpec, **kwargs: Any) -> None:
        """Args: as for `GenerativeModel`. The subclass gives `bijector`."""
        super().__init__(spec, **kwargs)
        self.latent_dim = spec.num_dims

    def groups(self) -> dict[str, list[Any]]:
        """One group: one likelihood."""
        return {"flow": self.trainable_variables}

    def distribution(self) -> tfd.TransformedDistribution:
        """p(x), for one step: weights are read when it is used."""
        base = tfd.MultivariateNormalDiag(loc=tf.zeros([self.latent_dim], self.variable_dtype))
        return tfd.TransformedDistribution(base, self.bijector.bijector())

    def log_prob(self, x: tf.Tensor) -> tf.Tensor:
        """log p(x) as a density, exact, nats: [B, *event_shape] to [B]."""
        return self.distribution().log_prob(self._event(x))

    def encode(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        """`z` = f^-1(x), [B, latent_dim], which `decode` undoes."""
        return {"z": self.bijector.inverse_and_log_det(self._event(x))[0]}

    def decode(self, z: tf.Tensor) -> tf.Tensor:
        """x = f(z): [B, latent_dim] to [B, *event_shape]."""
        x, _ = self.bijector.forward_and_log_det(tf.cast(z, self.variable_dtype))
        return tf.reshape(x, [-1, *self.event_shape])

    def sample(self, seeds: tf.Tensor, temperature: tf.Tensor | float = 1.0) -> tf.Tensor:
        """Draws x = f(temperature z), z ~ N(0, I): seeds int64 [N] to [N, *event_shape].

        Args:
          seeds: row i depends on `seeds[i]` (and `temperature[i]`) alone.
          temperature: of the noise, [N] or one for all; 1 draws from p(x), less is likelier and less varied (Kingma &
            Dhariwal 2018, section 5).
        """
        return self.decode(self.sample_latents(seeds, temperature))

    def sample_latents(self, seeds: tf.Tensor, temperature: tf.Tensor | float = 1.0) -> tf.Tensor:
        """The noise of `sample`, [N, latent_dim]."""
        scale = tf.reshape(tf.cast(temperature, self.variable_dtype), [-1, 1])
        return scale * philox.row_normal(seeds, (self.latent_dim,), dtype=self.variable_dtype)

    def interpolate(self, z_a: tf.Tensor, z_b: tf.Tensor, num_points: int) -> tf.Tensor:
        """x along the great circle from z_a to z_b [B, latent_dim]: [B, num_points, *event_shape]."""
        z = latents.great_circle(z_a, z_b, num_points)
        return tf.reshape(self.decode(tf.reshape(z, [-1, self.latent_dim])), [-1, num_points, *self.event_shape])

    def endpoints(self) -> dict[str, Endpoint]:
        """Samples at a temperature, density, codes and back, and points between two examples."""
        x = tf.TensorSpec([None, *self.event_shape], self.spec.dtype, name="x")
        seed, temperature = tf.TensorSpec([None], tf.int64, name="seed"), _scalars("temperature")
        z = tf.TensorSpec([None, self.latent_dim], tf.float32, name="z")
        ends = {name: tf.TensorSpec(x.shape, x.dtype, name=name) for name in ("x_a", "x_b")}
        found = {"sample": Endpoint(self._sample_endpoint, {"seed": seed, "temperature": temperature})}
        found |= {name: value for name, value in super().endpoints().items() if name == "sample_png"}
        return found | {
            "log_prob": Endpoint(lambda x: {"log_prob": self.log_prob(x)}, {"x": x}),
            "encode": Endpoint(self.encode, {"x": x}),
            "decode": Endpoint(lambda z: {"x": self._delivered(self.decode(z))}, {"z": z}),
            "interpolate": Endpoint(self._interpolate_endpoint, {**ends, "fraction": _scalars("fraction")}),
        }

    # ---- private ------------------------------------------------------------------------------------------------

    def _event(self, x: tf.Tensor) -> tf.Tensor:
        """x as the bijector has it: images may be vectors there."""
        return tf.reshape(tf.cast(x, self.variable_dtype), [-1, *self.bijector.event_shape])

    def _delivered(self, x: tf.Tensor) -> tf.Tensor:
        """What clients get for continuous x."""
        return tf.cast(x, tf.float32)

    def _sample_endpoint(self, seed: tf.Tensor, temperature: tf.Tensor) -> dict[str, tf.Tensor]:
        seed = philox.fresh_where_negative(seed)
        return {"samples": self._delivered(self.decode(self.sample_latents(seed, temperature))), "seed": seed}

    def _interpolate_endpoint(self, x_a: tf.Tensor, x_b: tf.Tensor, fraction: tf.Tensor) -> dict[str, tf.Tensor]:
        """The point a fraction of the way from x_a to x_b, along the great circle between their codes."""
        fraction = tf.cast(fraction, self.variable_dtype)[:, tf.newaxis]
        z = latents.point_on_great_circle(self.encode(x_a)["z"], self.encode(x_b)["z"], fraction)
        return {"x": self._delivered(self.decode(z))}


def _scalars(name: str) -> tf.TensorSpec:
    return tf.TensorSpec([None], tf.float32, name=name)
