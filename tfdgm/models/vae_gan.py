"""VAE/GAN (Larsen, Sonderby, Larochelle & Winther 2016): a VAE whose decoder is a generator, likelihoods of features.

Generative story:  z ~ N(0, I),  x = G(z)
Inference model:   q(z|x) = N(mean(x), diag exp(log_var(x)))
With x~ = G(z), z from q(z|x), a reconstruction; x_p = G(z_p), z_p from the prior; f(x) features of the discriminator:
L_prior  = KL(q(z|x) || p(z))
L_llike  = -log N(f(x); f(x~), I)                                                   (eq. 7 and 8)
L_GAN    = log D(x) + log (1 - D(x~)) + log (1 - D(x_p))
and, as in algorithm 1,
Encoder        min  L_prior + L_llike
Generator      min  gamma L_llike - L_GAN           or with -log D(x~) - log D(x_p) for L_GAN  (non-saturating)
Discriminator  max  L_GAN
It has no likelihood of x: what L_llike is one of, the discriminator's features, changes as it learns.
"""

from typing import Any, ClassVar

import keras
import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.types import DataSpec
from tfdgm.core.unified_form import UnifiedForm
from tfdgm.core.validation import require_at_least, require_choice
from tfdgm.math import latents
from tfdgm.models.adversarial import AdversarialModel
from tfdgm.models.base import Batch, Logs
from tfdgm.models.flow_posterior import Encoded, GaussianPosterior
from tfdgm.models.two_players import Minibatch
from tfdgm.networks.conv import conv_encoder
from tfdgm.networks.mlp import mlp
from tfdgm.objectives.adversarial import LOSSES, logistic_discriminator
from tfdgm.objectives.elbo import kl_from_standard_normal
from tfdgm.objectives.likelihood import feature_log_likelihood

_POSTERIOR, _FRESH = 0, 1  # streams of `fresh`: one noise an example, for all players


class VAEGAN(AdversarialModel):
    """VAE/GAN; the fields are those of `tfdgm.configs.vae_gan.VAEGANConfig`."""

    unified: ClassVar[UnifiedForm] = UnifiedForm(
        x="an example, and for the VAE's half its features f(x)",
        z="latents",
        y="1 real, 0 generated or reconstructed",
        p="x = G(z), z ~ N(0, I) or q(z|x_real), for 0; p_data(x) for 1",
        discriminator="D(x), learned; q*(y|x) for the VAE's half",
        inference="q(z|x)",
        minimizes="a GAN's for phi and theta, and gamma times a VAE's for theta, a VAE's for eta",
        source="Larsen et al. 2016",
    )

    def __init__(
        self,
        spec: DataSpec,
        *,
        latent_dim: int = 64,
        network: str = "dcgan",
        hidden_sizes: tuple[int, ...] = (128, 128),
        num_filters: tuple[int, ...] = (32, 64),
        loss: str = "non_saturating",
        reconstruction_weight: float = 1e-2,
        conditioning: str = "none",
        **kwargs: Any,
    ) -> None:
        """Builds the three networks; see `AdversarialModel` for the rest.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        require_choice("loss", loss, ("minimax", "non_saturating"))
        require_at_least(0, reconstruction_weight=reconstruction_weight)
        if conditioning != "none":
            raise ValueError(f"conditioning is {conditioning!r}; the encoder of a VAE/GAN sees no label: take 'none'")
        sizes = {"hidden_sizes": hidden_sizes, "num_filters": num_filters}
        super().__init__(spec, latent_dim=latent_dim, network=network, **sizes, **kwargs)
        self.adversarial_loss, self.reconstruction_weight = LOSSES[loss], reconstruction_weight
        self.posterior = GaussianPosterior(latent_dim)
        num_outputs = self.posterior.num_outputs
        if network == "dcgan":
            self.encoder = conv_encoder(spec.shape, num_filters, num_outputs, activation="relu", name="encoder")
        else:
            self.encoder = mlp(spec.shape, hidden_sizes, [num_outputs], activation="relu", name="encoder")

    def groups(self) -> dict[str, list[keras.Variable]]:
        """The encoder and the two players."""
        return {"encoder": self.encoder.trainable_variables, **super().groups()}

    def train_step(self, batch: Batch) -> Logs:
        """The encoder's step, the generator's and the discriminator's, on the same noise (algorithm 1)."""
        rows = next(self.minibatches(batch, 1, ""))
        encoder_loss, terms = self.minimize("encoder", self._encoder_loss, rows)
        generator_loss = self.minimize("generator", self._generator_loss, rows)
        loss, logs = self.minimize("discriminator", self._discriminator_loss, rows)
        losses = {"loss/encoder": encoder_loss, "loss/generator": generator_loss, "loss/discriminator": loss}
        return {**losses, **terms, **logs, **self.gradient_norms()}

    def test_step(self, batch: Batch) -> Logs:
        """The discriminator's view, how much samples vary, and the encoder's two terms."""
        encoded = self._encoded(batch["x"])
        similarity = feature_log_likelihood(self._features(batch["x"]), self._features(self.decode(encoded.mean)))
        kl = kl_from_standard_normal(encoded.mean, encoded.log_var)
        return {**super().test_step(batch), "kl": kl, "feature_log_likelihood": similarity}

    def encode(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        """q(z|x): `z_mean` and `z_log_var`, each [B, latent_dim]."""
        encoded = self._encoded(x)
        return {"z_mean": encoded.mean, "z_log_var": encoded.log_var}

    def posterior_mean(self, x: tf.Tensor) -> tf.Tensor:
        """E[z|x] under q, [B, latent_dim]."""
        return self._encoded(x).mean

    def decode(self, z: tf.Tensor) -> tf.Tensor:
        """G(z): [B, latent_dim] to [B, *event_shape]."""
        return self.generate_from(z)

    def reconstruct(self, x: tf.Tensor) -> tf.Tensor:
        """G at the posterior mean, [B, *event_shape]."""
        return self.decode(self.posterior_mean(x))

    def interpolate(self, z_a: tf.Tensor, z_b: tf.Tensor, num_points: int) -> tf.Tensor:
        """G along the great circle from z_a to z_b [B, latent_dim]: [B, num_points, *event_shape]."""
        return latents.decoded_path(self.decode, z_a, z_b, num_points)

    # ---- private ------------------------------------------------------------------------------------------------

    def _encoded(self, x: tf.Tensor) -> Encoded:
        return self.posterior.encoded(tf.cast(self.encoder(x), self.variable_dtype))

    def _features(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        return tf.cast(self.discriminator.features(x, training=training), self.variable_dtype)

    def _reconstruction(self, rows: Minibatch) -> tuple[tf.Tensor, Encoded]:
        encoded = self._encoded(rows.x)
        seeds = self.fresh(rows, _POSTERIOR).seeds
        noise = philox.row_normal(seeds, (1, self.latent_dim), dtype=self.variable_dtype)
        z, _ = self.posterior.sample(encoded, noise)
        return self.generate_from(z[:, 0], training=True), encoded

    def _prior_sample(self, rows: Minibatch) -> tf.Tensor:
        return self.generate(self.fresh(rows, _FRESH).seeds, training=True)

    def _similarity(self, rows: Minibatch, reconstruction: tf.Tensor) -> tf.Tensor:
        features = tf.stop_gradient(self._features(rows.x, training=True))
        return feature_log_likelihood(features, self._features(reconstruction, training=True))

    def _encoder_loss(self, rows: Minibatch) -> tuple[tf.Tensor, Logs]:
        reconstruction, encoded = self._reconstruction(rows)
        kl, similarity = kl_from_standard_normal(encoded.mean, encoded.log_var), self._similarity(rows, reconstruction)
        return kl - similarity, {"kl": kl, "feature_log_likelihood": similarity}

    def _generator_loss(self, rows: Minibatch) -> tf.Tensor:
        reconstruction, _ = self._reconstruction(rows)
        loss = -self.reconstruction_weight * self._similarity(rows, reconstruction)
        for fake in (reconstruction, self._prior_sample(rows)):
            _, fake_logits = self.logit_pair(rows, fake, needs_real=False)
            loss += self.adversarial_loss.generator(tf.zeros_like(fake_logits), fake_logits, self.batch_mean)
        return loss

    def _discriminator_loss(self, rows: Minibatch) -> tuple[tf.Tensor, Logs]:
        reconstruction = tf.stop_gradient(self._reconstruction(rows)[0])
        fake = tf.stop_gradient(self._prior_sample(rows))
        _, reconstruction_logits = self.logit_pair(rows, reconstruction, needs_real=False)
        real_logits, fake_logits = self.logit_pair(rows, fake)
        penalty = self.penalty_of(rows, fake)
        loss = logistic_discriminator(real_logits, fake_logits) + tf.nn.softplus(reconstruction_logits) + penalty
        return loss, {**self.opponent_logs(real_logits, fake_logits), "penalty": penalty}
