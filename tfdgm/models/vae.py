"""Variational autoencoder (Kingma & Welling 2014) and importance-weighted autoencoder (Burda et al. 2016).

Generative story:  z ~ N(0, I),  x ~ p(x | decoder(z)).
Inference model:   q(z|x) = N(mean(x), diag exp(log_var(x))).
VAE maximises      E_q log p(x|z) - KL(q(z|x) || p(z))              (Kingma & Welling eq. 7)
IWAE maximises     E_q log (1/K) sum_k p(x, z_k) / q(z_k|x)         (Burda et al. eq. 8)
with z = mean(x) + exp(log_var(x) / 2) * noise                      (the reparameterisation trick, eq. 10)
With a flow posterior that z is only where q starts: see tfdgm.models.flow_posterior.
"""

from typing import Any, ClassVar

import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.types import DataSpec
from tfdgm.core.unified_form import UnifiedForm
from tfdgm.core.validation import require_at_least, require_choice
from tfdgm.math import latents
from tfdgm.math.sample_blocks import over_blocks
from tfdgm.models.base import Batch, GenerativeModel, Logs
from tfdgm.models.flow_posterior import Encoded, posterior
from tfdgm.networks.conv import conv_decoder, conv_encoder
from tfdgm.networks.labels import with_label
from tfdgm.networks.mlp import mlp
from tfdgm.objectives import elbo as bounds
from tfdgm.objectives import likelihood as likelihoods

_BLOCK = 100  # posterior samples that a bound holds at once for an example
OBSERVATION_STREAM = 1  # seeds of x given z; z itself uses the rows' own seeds


class VAE(GenerativeModel):
    """VAE, beta-VAE and IWAE; the fields are those of `tfdgm.configs.vae.VAEConfig`."""

    unified: ClassVar[UnifiedForm] = UnifiedForm(
        x="an example",
        z="latents",
        y="1 real, 0 generated; never seen, for q* knows it",
        p="p_theta(x|z), z ~ N(0, I), for 0; p_data(x) for 1",
        discriminator="q*(y|x), perfect",
        inference="q(z|x)",
        minimizes="theta, eta: KL(q(z|x, y) q*^r(y|x) || p_theta(z, y|x))",
        source="Kingma & Welling 2014",
    )

    def __init__(
        self,
        spec: DataSpec,
        *,
        latent_dim: int = 50,
        network: str = "mlp",
        hidden_sizes: tuple[int, ...] = (200, 200),
        num_filters: tuple[int, ...] = (32, 64),
        activation: str = "tanh",
        likelihood: str = "bernoulli",
        posterior_flow: str = "none",
        num_flow_steps: int = 10,
        flow_hidden_sizes: tuple[int, ...] = (200,),
        flow_context_size: int = 50,
        objective: str = "elbo",
        num_importance_samples: int = 1,
        kl_weight: float = 1.0,
        kl_warmup_steps: int = 0,
        num_labels: int = 0,
        **kwargs: Any,
    ) -> None:
        """Builds encoder and decoder for `spec`; see `VAEConfig` for the fields.

        `num_labels` classes, where a subclass has them, are seen by both networks besides what they are given.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        super().__init__(spec, **kwargs)
        require_choice("network", network, ("mlp", "conv"))
        require_choice("objective", objective, bounds.BOUNDS)
        require_at_least(1, latent_dim=latent_dim, num_importance_samples=num_importance_samples)
        require_at_least(1, hidden_sizes=min(hidden_sizes, default=1), num_filters=min(num_filters, default=1))
        require_at_least(0, kl_weight=kl_weight, kl_warmup_steps=kl_warmup_steps)
        self.network = network
        self.latent_dim, self.num_labels = latent_dim, num_labels
        self.posterior = posterior(
            posterior_flow,
            latent_dim,
            num_steps=num_flow_steps,
            hidden_sizes=flow_hidden_sizes,
            context_size=flow_context_size,
            activation=activation,
        )
        self.likelihood = likelihoods.likelihood(likelihood, domain=spec.domain, num_levels=spec.num_levels)
        self.bound_loss = bounds.BOUNDS[objective]
        self.num_importance_samples = num_importance_samples
        self.kl_weight, self.kl_warmup_steps = kl_weight, kl_warmup_steps
        self._add_networks(hidden_sizes if network == "mlp" else num_filters, activation)
        self.log_scale = self.add_weight(
            shape=(), initializer="zeros", trainable=self.likelihood.has_scale, name="log_scale"
        )

    def groups(self) -> dict[str, list[Any]]:
        """One group: encoder and decoder share a loss."""
        return {"vae": self.trainable_variables}

    def initialize(self, batch: Batch) -> None:
        """Sets the decoder's last bias so that it starts at the data's mean (Burda et al. 2016, section 5)."""
        if self.network != "mlp":
            return  # a convolution's bias is shared by all pixels
        mean = self.global_mean(tf.reduce_mean(batch["x"], axis=0))
        bias = self.decoder.get_layer("outputs").bias
        bias.assign(tf.reshape(self.likelihood.inverse_mean(mean), bias.shape))

    def train_step(self, batch: Batch) -> Logs:
        """One step on the bound, with `num_importance_samples` posterior samples an example."""
        loss, terms = self.minimize("vae", self.example_loss, batch, self.row_seeds())
        return {"loss/vae": loss, **terms}

    def example_loss(self, batch: Batch, seeds: tf.Tensor) -> tuple[tf.Tensor, Logs]:
        """The loss of each example, minus its bound, [B] in nats, and logs."""
        log_weights, kl, log_likelihood, _ = self._terms(batch["x"], seeds, self.num_importance_samples)
        loss = self.bound_loss(log_likelihood, kl, log_weights, self._kl_weight())
        return loss, {"elbo": bounds.elbo(log_likelihood, kl), "kl": kl}

    def test_step(self, batch: Batch) -> Logs:
        """The ELBO with one sample, and its two terms."""
        _, kl, log_likelihood, _ = self._terms(batch["x"], self.row_seeds(), 1)
        return {"elbo": bounds.elbo(log_likelihood, kl), "kl": kl, "log_likelihood": log_likelihood}

    def sample(self, seeds: tf.Tensor) -> tf.Tensor:
        """Draws x from p(x|z) p(z): seeds int64 [N] to [N, *event_shape]; row i depends on `seeds[i]` alone."""
        outputs = self._decoded(self.sample_latents(seeds))
        return self.likelihood.sample(outputs, self.log_scale.value, philox.fold_in(seeds, OBSERVATION_STREAM))

    def sample_mean(self, seeds: tf.Tensor) -> tf.Tensor:
        """E[x|z] at the z of `sample`: what pictures of VAEs usually show; [N, *event_shape]."""
        return self.decode(self.sample_latents(seeds))

    def sample_latents(self, seeds: tf.Tensor) -> tf.Tensor:
        """z from the prior N(0, I), [N, latent_dim]."""
        return philox.row_normal(seeds, (self.latent_dim,), dtype=self.compute_dtype)

    def encode(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        """q(z|x): `z_mean` and `z_log_var`, each [B, latent_dim]; with a flow those of z_0, which it starts from."""
        encoded = self._encoded(x)
        return {"z_mean": encoded.mean, "z_log_var": encoded.log_var}

    def posterior_mean(self, x: tf.Tensor) -> tf.Tensor:
        """E[z|x] under q, [B, latent_dim]; with a flow an estimate, see `FlowPosterior.mean`."""
        return self.posterior.mean(self._encoded(x))

    def decode(self, z: tf.Tensor) -> tf.Tensor:
        """E[x|z]: [B, latent_dim] to [B, *event_shape]."""
        return self.likelihood.mean(self._decoded(z))

    def reconstruct(self, x: tf.Tensor) -> tf.Tensor:
        """E[x|z] at the posterior mean, [B, *event_shape]."""
        return self.decode(self.posterior_mean(x))

    def interpolate(self, z_a: tf.Tensor, z_b: tf.Tensor, num_points: int) -> tf.Tensor:
        """E[x|z] along the great circle from z_a to z_b [B, latent_dim]: [B, num_points, *event_shape].

        Norms are interpolated linearly, so every point is as likely under the prior as its ends.
        """
        return latents.decoded_path(self.decode, z_a, z_b, num_points)

    def elbo(self, x: tf.Tensor, seeds: tf.Tensor, num_samples: int = 1) -> tf.Tensor:
        """ELBO [B] in nats, `num_samples` posterior samples, without a flow the KL in closed form; never weighted."""
        _, kl, log_likelihood, _ = self._terms(x, seeds, num_samples)
        return bounds.elbo(log_likelihood, kl)

    def iwae_bound(self, x: tf.Tensor, seeds: tf.Tensor, num_samples: int) -> tf.Tensor:
        """IWAE bound [B] in nats with `num_samples` samples, drawn in blocks so that memory stays bounded."""
        return self._sampled_bound(x, seeds, num_samples)

    def _add_networks(self, sizes: tuple[int, ...], activation: str) -> None:
        shape, seen, size = self.spec.shape, self._seen_shape(), self.latent_dim + self.num_labels
        num_outputs = self._num_encoder_outputs()
        if self.network == "mlp":
            self.encoder = mlp(seen, sizes, [num_outputs], activation=activation, name="encoder")
            self.decoder = mlp([size], sizes[::-1], shape, activation=activation, name="decoder")
        else:
            self.encoder = conv_encoder(seen, sizes, num_outputs, activation=activation, name="encoder")
            self.decoder = conv_decoder(size, sizes, shape, activation=activation, name="decoder")

    def _num_encoder_outputs(self) -> int:
        return self.posterior.num_outputs

    def _seen_shape(self) -> tuple[int, ...]:
        """What the encoder sees of an example: all of it, and where there are labels the one-hot label."""
        if not self.num_labels:
            return self.spec.shape
        shape = (self.spec.num_dims,) if self.network == "mlp" else self.spec.shape
        return (*shape[:-1], shape[-1] + self.num_labels)

    def _encoded(self, x: tf.Tensor, label: tf.Tensor | None = None) -> Encoded:
        if self.num_labels:
            flat = tf.reshape(x, [-1, self.spec.num_dims]) if self.network == "mlp" else x
            x = with_label(flat, label, self.num_labels)
        # The KL and the densities stay in float32 under mixed precision.
        return self.posterior.encoded(tf.cast(self.encoder(x), self.variable_dtype))

    def _decoded(self, z: tf.Tensor, label: tf.Tensor | None = None) -> tf.Tensor:
        """What p(x|z) is made of, [N, *event_shape]: z [N, latent_dim], label [N] where there are labels."""
        z = with_label(z, label, self.num_labels) if self.num_labels else z
        return tf.cast(self.decoder(z), self.variable_dtype)

    def _terms(
        self, x: tf.Tensor, seeds: tf.Tensor, num_samples: int, label: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, ...]:
        """`_terms_of` noise that is drawn by row."""
        noise = philox.row_normal(seeds, (num_samples, self.latent_dim), dtype=self.variable_dtype)
        return self._terms_of(x, noise, label)

    def _terms_of(self, x: tf.Tensor, noise: tf.Tensor, label: tf.Tensor | None = None) -> tuple[tf.Tensor, ...]:
        """log w_k [B, K], KL [B], log p(x|z_k) [B, K] and z_k [B, K, D] for z_k from q(z|x) by noise [B, K, D]."""
        encoded = self._encoded(x, label)
        z, log_q = self.posterior.sample(encoded, noise)
        repeated = None if label is None else tf.repeat(label, noise.shape[1])
        outputs = self._decoded(tf.reshape(z, [-1, self.latent_dim]), repeated)
        outputs = tf.reshape(outputs, [-1, noise.shape[1], self.spec.num_dims])
        flat_x = tf.reshape(tf.cast(x, self.variable_dtype), [-1, 1, self.spec.num_dims])
        log_likelihood = self.likelihood.log_prob(outputs, self.log_scale.value, flat_x)
        log_p = bounds.diagonal_normal_log_prob(z, 0.0, 0.0)
        return log_likelihood + log_p - log_q, self.posterior.kl(encoded, log_q, log_p), log_likelihood, z

    def _sampled_bound(
        self, x: tf.Tensor, seeds: tf.Tensor, num_samples: int, label: tf.Tensor | None = None
    ) -> tf.Tensor:
        def block_bound(seeds: tf.Tensor, size: int) -> tf.Tensor:
            return bounds.iwae_bound(self._terms(x, seeds, size, label)[0])

        blocks = over_blocks(block_bound, seeds, num_samples, _BLOCK, self.variable_dtype)
        return bounds.iwae_bound(tf.transpose(blocks))

    def _kl_weight(self) -> tf.Tensor:
        progress = tf.cast(self.phase_step, self.variable_dtype) / max(self.kl_warmup_steps, 1)
        return self.kl_weight * (tf.minimum(progress, 1.0) if self.kl_warmup_steps else 1.0)
