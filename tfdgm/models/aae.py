"""Adversarial autoencoder (Makhzani, Shlens, Jaitly, Goodfellow & Frey 2016): an adversary in the place of a VAE's KL.

Generative story:  z ~ N(0, I),  x ~ p(x | decoder(z))
Inference model:   q(z|x) = N(mean(x), diag exp(log_var(x)));  q(z) = E_data q(z|x), the aggregated posterior
Reconstruction     encoder, decoder  max  E_q(z|x) log p(x|z)
Regularisation     discriminator     max  E_p(z) log D(z) + E_q(z) log (1 - D(z))
                   encoder           max  E_q(z) log D(z)
in this order on each minibatch (section 2). On request the discriminator's loss has gamma |grad_z logit|^2 / 2 at z of
the prior and of q (R_1 and R_2 of Mescheder et al. 2018), without which the two players may circle each other.

A GAN with the parts of x and z exchanged: the encoder is its generator, and makes q(z), never q(z|x), pass for the
prior.
"""

from typing import Any, ClassVar

import keras
import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.types import DataSpec
from tfdgm.core.unified_form import UnifiedForm
from tfdgm.core.validation import require_at_least
from tfdgm.models.base import Batch, Logs
from tfdgm.models.flow_posterior import Encoded
from tfdgm.models.vae import VAE
from tfdgm.networks.mlp import mlp
from tfdgm.objectives.adversarial import logistic_discriminator, non_saturating_generator
from tfdgm.objectives.penalties import zero_centered

_RECONSTRUCTED, REGULARIZED, _PRIOR = range(3)  # streams of a step's rows


class AAE(VAE):
    """Adversarial autoencoder; the fields are those of `tfdgm.configs.aae.AAEConfig`."""

    unified: ClassVar[UnifiedForm] = UnifiedForm(
        x="latents",
        z="an example, which lies behind them: the parts are exchanged",
        y="1 from the prior, 0 encoded",
        p="q(z|x_real), x_real from p_data, for 0; the prior p(z) for 1",
        discriminator="D(z), learned",
        inference="p_theta(x|z), the decoder",
        minimizes="a GAN's, of codes; besides -log p_theta(x|z), for the encoder and the decoder",
        source="Makhzani et al. 2016",
    )

    def __init__(
        self,
        spec: DataSpec,
        *,
        discriminator_hidden_sizes: tuple[int, ...] = (200, 200),
        penalty_weight: float = 0.0,
        **kwargs: Any,
    ) -> None:
        """Builds encoder, decoder and the discriminator of latents; see `VAE` for the rest.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        require_at_least(0, penalty_weight=penalty_weight)
        super().__init__(spec, **kwargs)
        self.penalty_weight = penalty_weight
        self.discriminator = mlp(
            [self.latent_dim], discriminator_hidden_sizes, [1], activation="relu", name="discriminator"
        )

    def groups(self) -> dict[str, list[keras.Variable]]:
        """Encoder and decoder; the discriminator; the encoder again, which has an optimizer for either phase."""
        scale = [self.log_scale] if self.log_scale.trainable else []
        return {
            "autoencoder": [*self.encoder.trainable_variables, *self.decoder.trainable_variables, *scale],
            "discriminator": self.discriminator.trainable_variables,
            "encoder": self.encoder.trainable_variables,
        }

    def train_step(self, batch: Batch) -> Logs:
        """The reconstruction phase, then the regularisation phase (section 2)."""
        x = batch["x"]
        reconstruction = self.minimize("autoencoder", self._reconstruction_loss, x)
        discriminator_loss, logs = self.minimize("discriminator", self._discriminator_loss, x)
        encoder_loss = self.minimize("encoder", self._encoder_loss, x)
        losses = {"autoencoder": reconstruction, "discriminator": discriminator_loss, "encoder": encoder_loss}
        return {**{f"loss/{name}": loss for name, loss in losses.items()}, **logs}

    def test_step(self, batch: Batch) -> Logs:
        """The VAE's bound, though it is not what is maximised, and the discriminator's view."""
        return {**super().test_step(batch), **self._discriminator_loss(batch["x"])[1]}

    def sample_posterior(self, x: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
        """z from q(z|x), one for each example: x [B, *event_shape] and seeds int64 [B] to [B, latent_dim]."""
        return self._sampled_code(self._encoded(x), seeds)

    # ---- private ------------------------------------------------------------------------------------------------

    def _sampled_code(self, encoded: Encoded, seeds: tf.Tensor) -> tf.Tensor:
        noise = philox.row_normal(seeds, (1, self.latent_dim), dtype=self.variable_dtype)
        return self.posterior.sample(encoded, noise)[0][:, 0]

    def _reconstruction_loss(self, x: tf.Tensor) -> tf.Tensor:
        return -self._terms(x, self.row_seeds(_RECONSTRUCTED), 1)[2][:, 0]

    def _logits(self, z: tf.Tensor) -> tf.Tensor:
        return tf.cast(self.discriminator(z), self.variable_dtype)[:, 0]

    def _discriminator_loss(self, x: tf.Tensor) -> tuple[tf.Tensor, Logs]:
        z = tf.stop_gradient(self.sample_posterior(x, self.row_seeds(REGULARIZED)))
        prior = self.sample_latents(self.row_seeds(_PRIOR))
        prior_logits, posterior_logits = self._logits(prior), self._logits(z)
        logs = {
            "accuracy/prior": tf.cast(prior_logits > 0.0, z.dtype),
            "accuracy/posterior": tf.cast(posterior_logits < 0.0, z.dtype),
        }
        loss = logistic_discriminator(prior_logits, posterior_logits)
        if self.penalty_weight:
            penalty = zero_centered(self._logits, prior) + zero_centered(self._logits, z)
            loss, logs["penalty"] = loss + self.penalty_weight * penalty, penalty
        return loss, logs

    def _encoder_loss(self, x: tf.Tensor) -> tf.Tensor:
        return non_saturating_generator(self._logits(self.sample_posterior(x, self.row_seeds(REGULARIZED))))
