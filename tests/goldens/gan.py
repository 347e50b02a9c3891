"""Generative adversarial network on points of the plane (Goodfellow et al. 2014).

Generative story:  z ~ N(0, I),  x = generator(z).
Discriminator      max  E log D(x) + E log (1 - D(generator(z)))       (eq. 1), k steps (algorithm 1)
Generator          max  E log D(generator(z))                          (section 3, the non-saturating form), one step
with D = sigmoid(logit).
"""

from typing import Any

import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.types import DataSpec
from tfdgm.models.base import Batch, GenerativeModel, Logs
from tfdgm.networks.mlp import mlp


class GAN(GenerativeModel):
    """Two groups with an optimizer each; the discriminator takes `num_discriminator_steps` steps for one."""

    def __init__(
        self,
        spec: DataSpec,
        *,
        latent_dim: int = 2,
        hidden_sizes: tuple[int, ...] = (16,),
        num_discriminator_steps: int = 2,
        **kwargs: Any,
    ) -> None:
        """Builds generator and discriminator for `spec`."""
        super().__init__(spec, **kwargs)
        self.latent_dim = latent_dim
        self.num_discriminator_steps = num_discriminator_steps
        self.generator = mlp([latent_dim], hidden_sizes, spec.shape, activation="tanh", name="generator")
        self.discriminator = mlp(spec.shape, hidden_sizes, [1], activation="tanh", name="discriminator")

    def groups(self) -> dict[str, list[Any]]:
        """The two players."""
        return {
            "discriminator": self.discriminator.trainable_variables,
            "generator": self.generator.trainable_variables,
        }

    def train_step(self, batch: Batch) -> Logs:
        """k discriminator steps, each on fresh latents, then a generator step."""
        for k in range(self.num_discriminator_steps):
            discriminator_loss = self.minimize("discriminator", self._discriminator_loss, batch["x"], self.row_seeds(k))
        seeds = self.row_seeds(self.num_discriminator_steps)
        generator_loss = self.minimize("generator", self._generator_loss, seeds)
        return {"loss/discriminator": discriminator_loss, "loss/generator": generator_loss}

    def test_step(self, batch: Batch) -> Logs:
        """Both losses; neither is a likelihood."""
        seeds = self.row_seeds()
        return {
            "loss/discriminator": self._discriminator_loss(batch["x"], seeds),
            "loss/generator": self._generator_loss(seeds),
        }

    def sample(self, seeds: tf.Tensor) -> tf.Tensor:
        """Draws x = generator(z): seeds int64 [N] to [N, *event_shape]."""
        z = philox.row_normal(seeds, (self.latent_dim,), dtype=self.compute_dtype)
        return tf.cast(self.generator(z), self.variable_dtype)

    def _discriminator_loss(self, x: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
        # -log D(x) = softplus(-logit), -log(1 - D) = softplus(logit)
        return tf.nn.softplus(-self._logits(x)) + tf.nn.softplus(self._logits(self.sample(seeds)))

    def _generator_loss(self, seeds: tf.Tensor) -> tf.Tensor:
        return tf.nn.softplus(-self._logits(self.sample(seeds)))

    def _logits(self, x: tf.Tensor) -> tf.Tensor:
        return tf.cast(self.discriminator(x)[:, 0], self.variable_dtype)
