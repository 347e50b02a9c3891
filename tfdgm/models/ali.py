"""Adversarially learned inference: ALI (Dumoulin et al. 2017), and BiGAN (Donahue et al. 2017) by a certain encoder.

Generative story:  z ~ N(0, I),  x = G(z)
Inference model:   q(z|x) = N(mean(x), diag exp(log_var(x)));  BiGAN: z = E(x)
Value              V(D; G, E) = E_{p_data(x) q(z|x)} log D(x, z) + E_{p(z)} log (1 - D(G(z), z))      (ALI eq. 2)
Discriminator      max V: with D = sigmoid(logit), the best one has V = 2 JSD(q(x, z), p(x, z)) - log 4
Generator and E    together, min V  (minimax)   or   max E_p log D(G(z), z) + E_q log (1 - D(x, z))  (non-saturating)
The last is V with the sides exchanged: V gives hardly a gradient to either where D is sure of both. Where the joints
are equal, D is 1/2 and neither moves; then G(E(x)) = x, though no reconstruction is asked for.

In the unified view one JSD of the joints stands where a VAE has KL(q(x, z) || p(x, z)), its ELBO up to H(p_data).
"""

import dataclasses
from typing import Any, ClassVar

import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.types import DataSpec
from tfdgm.core.unified_form import UnifiedForm
from tfdgm.core.validation import require_at_least, require_choice
from tfdgm.math import latents
from tfdgm.math.domains import INTO_DOMAIN
from tfdgm.models.base import Batch, Logs
from tfdgm.models.two_players import Minibatch, TwoPlayers, sum_squares
from tfdgm.networks.dcgan import dcgan_encoder, dcgan_generator
from tfdgm.networks.joint_discriminator import JointDiscriminator
from tfdgm.networks.mlp import mlp
from tfdgm.objectives.adversarial import logistic_discriminator
from tfdgm.objectives.adversarial_inference import LOSSES

_DOMAINS = ("unit", "symmetric", "real")
_INFERENCE_STREAM = 1  # noise of q(z|x); z of the prior uses the rows' own seeds


class ALI(TwoPlayers):
    """ALI and BiGAN; the fields are those of `tfdgm.configs.ali.ALIConfig`.

    The discriminator's examples are pairs, as vectors [B, num_dims + latent_dim]: x, and z behind it.
    """

    unified: ClassVar[UnifiedForm] = UnifiedForm(
        x="a pair (x, z)",
        z="nothing else",
        y="1 encoded, 0 generated",
        p="p(z), x = G(z), for 0; p_data(x) q(z|x) for 1: both are learned",
        discriminator="D(x, z), learned",
        inference="",
        minimizes="phi: as a GAN, of pairs; theta: KL(p(x, z|y) || q^r(x, z|y)) - JSD, for both y",
        source="Dumoulin et al. 2017",
    )

    def __init__(
        self,
        spec: DataSpec,
        *,
        latent_dim: int = 16,
        network: str = "dcgan",
        hidden_sizes: tuple[int, ...] = (128, 128),
        num_filters: tuple[int, ...] = (32, 64),
        activation: str = "relu",
        normalization: str = "batch",
        discriminator_normalization: str = "none",
        joint_size: int = 256,
        has_noise: bool = True,
        loss: str = "non_saturating",
        penalty: str = "none",
        **kwargs: Any,
    ) -> None:
        """Builds all networks for `spec`; see `ALIConfig` for the fields.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        super().__init__(spec, penalty=penalty, **kwargs)
        require_choice("data.domain", spec.domain, _DOMAINS)
        require_choice("network", network, ("mlp", "dcgan"))
        require_choice("loss", loss, LOSSES)
        require_choice("normalization", normalization, ("none", "batch", "layer"))
        require_choice("penalty", penalty, ("none", "r1", "gradient", "one_sided_gradient"))
        require_choice("discriminator_normalization", discriminator_normalization, ("none", "layer", "spectral"))
        require_at_least(1, latent_dim=latent_dim)
        self.latent_dim, self.has_noise, self.players_loss = latent_dim, has_noise, LOSSES[loss]
        num_outputs = 2 * latent_dim if has_noise else latent_dim
        if network == "dcgan":
            options = {"normalization": normalization}
            self.generator = dcgan_generator(latent_dim, spec.shape, num_filters, name="generator", **options)
            self.encoder = dcgan_encoder(spec.shape, num_filters, num_outputs, name="encoder", **options)
        else:
            options = {"activation": activation}
            self.generator = mlp([latent_dim], hidden_sizes[::-1], spec.shape, name="generator", **options)
            self.encoder = mlp(spec.shape, hidden_sizes, [num_outputs], name="encoder", **options)
        self.discriminator = JointDiscriminator(
            spec.shape,
            latent_dim,
            network=network,
            hidden_sizes=hidden_sizes,
            num_filters=num_filters,
            activation=activation,
            normalization=discriminator_normalization,
            joint_size=joint_size,
            name="discriminator",
        )

    def groups(self) -> dict[str, list[Any]]:
        """D, and both who make pairs."""
        return {
            "discriminator": self.discriminator.trainable_variables,
            "generator": [*self.generator.trainable_variables, *self.encoder.trainable_variables],
        }

    def train_step(self, batch: Batch) -> Logs:
        """The discriminator's step, then that of generator and encoder on noise of its own."""
        rows = next(self.minibatches(batch, 1, ""))
        loss, logs = self.minimize("discriminator", self._discriminator_loss, rows)
        generator_loss = self.minimize("generator", self._generator_loss, self.fresh(rows, 0))
        return {"loss/discriminator": loss, "loss/generator": generator_loss, **logs, **self.gradient_norms()}

    def test_step(self, batch: Batch) -> Logs:
        """The discriminator's view of held-out pairs, how much samples vary, and what reconstruction loses."""
        rows = next(self.minibatches(batch, 1, ""))
        fake = self.sample(rows.seeds)
        logs = self.opponent_logs(*(self.logits(pair) for pair in self._pairs(rows)))
        return {
            **logs,
            "sample_variance": self.sample_variance(fake, rows),
            "reconstruction_error": self.reconstruction_error(rows.x),
        }

    def sample(self, seeds: tf.Tensor, label: tf.Tensor | None = None) -> tf.Tensor:
        """Draws x = G(z), z ~ N(0, I): seeds int64 [N] to [N, *event_shape]; row i depends on `seeds[i]` alone.

        Raises:
          ValueError: for a label; there is none.
        """
        if label is not None:
            raise ValueError(f"label is {label}, but {self.name} has none")
        return self.decode(self._prior(seeds))

    def logits(self, x: tf.Tensor, label: tf.Tensor | None = None, *, training: bool = False) -> tf.Tensor:
        """The discriminator's, [B], of pairs [B, num_dims + latent_dim]."""
        del label  # there is none
        x, z = tf.split(x, [self.spec.num_dims, self.latent_dim], axis=1)
        logits = self.discriminator(tf.reshape(x, [-1, *self.event_shape]), z, training=training)
        return tf.cast(logits, self.variable_dtype)

    def encode(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        """q(z|x): `z_mean` and `z_log_var`, each [B, latent_dim]; of BiGAN `z` alone."""
        mean, log_var = self._encoded(x)
        return {"z": mean} if log_var is None else {"z_mean": mean, "z_log_var": log_var}

    def posterior_mean(self, x: tf.Tensor) -> tf.Tensor:
        """E[z|x] under q, [B, latent_dim]; of BiGAN E(x)."""
        return self._encoded(x)[0]

    def representation(self, x: tf.Tensor) -> tf.Tensor:
        """What stands for x in the space of codes: the posterior mean."""
        return self.posterior_mean(x)

    def decode(self, z: tf.Tensor) -> tf.Tensor:
        """G(z): [B, latent_dim] to [B, *event_shape]."""
        return self._generated(z)

    def reconstruct(self, x: tf.Tensor) -> tf.Tensor:
        """G of the posterior mean, [B, *event_shape]."""
        return self.decode(self.posterior_mean(x))

    def interpolate(self, z_a: tf.Tensor, z_b: tf.Tensor, num_points: int) -> tf.Tensor:
        """G along the great circle from z_a to z_b [B, latent_dim]: [B, num_points, *event_shape]."""
        return latents.decoded_path(self.decode, z_a, z_b, num_points)

    def reconstruction_error(self, x: tf.Tensor) -> tf.Tensor:
        """|x - reconstruct(x)|^2, [B]; nothing in training asks for it to be small."""
        return sum_squares(x - self.reconstruct(x))

    # ---- private ------------------------------------------------------------------------------------------------

    def _discriminator_loss(self, rows: Minibatch) -> tuple[tf.Tensor, Logs]:
        encoded, generated = map(tf.stop_gradient, self._pairs(rows, training=True))
        real_logits, fake_logits = self.both_logits(encoded, generated, None)
        penalty = self.penalty_of(dataclasses.replace(rows, x=encoded), generated)
        logs = {**self.opponent_logs(real_logits, fake_logits), "penalty": penalty}
        return logistic_discriminator(real_logits, fake_logits) + penalty, logs

    def _generator_loss(self, rows: Minibatch) -> tf.Tensor:
        return self.players_loss(*self.both_logits(*self._pairs(rows, training=True), None))

    def _pairs(self, rows: Minibatch, *, training: bool = False) -> tuple[tf.Tensor, tf.Tensor]:
        """(x, z) by the encoder and by the generator, each [B, num_dims + latent_dim]."""
        z = self._prior(rows.seeds)
        return (
            self._joined(rows.x, self._inferred(rows.x, rows.seeds, training=training)),
            self._joined(self._generated(z, training=training), z),
        )

    def _joined(self, x: tf.Tensor, z: tf.Tensor) -> tf.Tensor:
        return tf.concat([tf.reshape(x, [-1, self.spec.num_dims]), tf.cast(z, x.dtype)], axis=1)

    def _prior(self, seeds: tf.Tensor) -> tf.Tensor:
        return philox.row_normal(seeds, (self.latent_dim,), dtype=self.variable_dtype)

    def _inferred(self, x: tf.Tensor, seeds: tf.Tensor, *, training: bool = False) -> tf.Tensor:
        mean, log_var = self._encoded(x, training=training)
        if log_var is None:
            return mean
        noise = philox.row_normal(seeds, (self.latent_dim,), stream=_INFERENCE_STREAM, dtype=self.variable_dtype)
        return mean + tf.exp(0.5 * log_var) * noise

    def _encoded(self, x: tf.Tensor, *, training: bool = False) -> tuple[tf.Tensor, tf.Tensor | None]:
        outputs = tf.cast(self.encoder(x, training=training), self.variable_dtype)
        return tuple(tf.split(outputs, 2, axis=1)) if self.has_noise else (outputs, None)

    def _generated(self, z: tf.Tensor, *, training: bool = False) -> tf.Tensor:
        outputs = tf.cast(self.generator(z, training=training), self.variable_dtype)
        return INTO_DOMAIN[self.spec.domain](outputs)
