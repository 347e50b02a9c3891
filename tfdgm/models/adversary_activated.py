"""Adversary-activated VAEs (Hu et al. 2018): a learned discriminator takes the place of the perfect one of a VAE.

A VAE weighs every example by the perfect discriminator, 1 for real and 0 for generated ones (lemma 2). Instead

phi step           max  E_data log D(x) + E_g log (1 - D(x))                       the discriminator's, as in a GAN
theta, eta step    max  E_data D(x) bound(x) + E_g D(x) bound(x)                   D and the generated x held fixed

so that generated examples that pass for real join the data. D = 1 on real and 0 on generated ones is the VAE again.
"""

import dataclasses
from typing import Any, ClassVar

import keras
import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.types import DataSpec
from tfdgm.core.unified_form import UnifiedForm
from tfdgm.models.base import Batch, Logs
from tfdgm.models.semi_supervised_vae import SemiSupervisedVAE
from tfdgm.models.vae import VAE
from tfdgm.networks.discriminator import Discriminator
from tfdgm.objectives import unified

_REAL, _GENERATED, _GENERATED_BOUND, _GENERATED_LABEL = range(4)  # streams of a step's rows


class AAVAE(VAE):
    """Adversary-activated VAE; the fields are those of `tfdgm.configs.aavae.AAVAEConfig`."""

    unified: ClassVar[UnifiedForm] = dataclasses.replace(
        VAE.unified,
        y="1 real, 0 generated",
        discriminator="D(x), learned",
        minimizes="phi: as a GAN; theta, eta: KL(q(z|x, y) q^r(y|x) || p_theta(z, y|x))",
        source="Hu et al. 2018",
    )

    def __init__(
        self,
        spec: DataSpec,
        *,
        network: str = "mlp",
        discriminator_hidden_sizes: tuple[int, ...] = (200, 200),
        discriminator_num_filters: tuple[int, ...] = (32, 64),
        discriminator_normalization: str = "none",
        **kwargs: Any,
    ) -> None:
        """Builds the VAE and the discriminator, of the same kind of network.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        super().__init__(spec, network=network, **kwargs)
        self.discriminator = Discriminator(
            spec.shape,
            network={"conv": "dcgan"}.get(network, network),
            hidden_sizes=discriminator_hidden_sizes,
            num_filters=discriminator_num_filters,
            activation="leaky_relu",
            normalization=discriminator_normalization,
            name="discriminator",
        )

    def groups(self) -> dict[str, list[keras.Variable]]:
        """The discriminator, and encoder and decoder, which share a loss."""
        judging = self.discriminator.trainable_variables
        judges = {id(variable) for variable in judging}
        return {
            "discriminator": judging,
            "vae": [variable for variable in self.trainable_variables if id(variable) not in judges],
        }

    def train_step(self, batch: Batch) -> Logs:
        """The phi step on real and as many generated examples, then the step of encoder and decoder on both."""
        generated = self.generated(self.row_seeds(_GENERATED))
        phi_loss, logs = self.minimize("discriminator", self._phi_loss, batch["x"], generated["x"])
        loss, terms = self.minimize("vae", self._activated_loss, batch, generated)
        return {"loss/discriminator": phi_loss, "loss/vae": loss, **logs, **terms}

    def generated(self, seeds: tf.Tensor) -> Batch:
        """Samples of its own as a batch, seeds int64 [B]; no gradient goes through them."""
        return {"x": tf.stop_gradient(self.sample(seeds))}

    def logits(self, x: tf.Tensor) -> tf.Tensor:
        """The discriminator's logits [B]; D is their sigmoid."""
        return tf.cast(self.discriminator(x, training=True), self.variable_dtype)

    # ---- private ------------------------------------------------------------------------------------------------

    def _phi_loss(self, real: tf.Tensor, fake: tf.Tensor) -> tuple[tf.Tensor, Logs]:
        real_logits, fake_logits = self.logits(real), self.logits(fake)
        logs = {
            "accuracy/real": tf.cast(real_logits > 0.0, real_logits.dtype),
            "accuracy/fake": tf.cast(fake_logits < 0.0, fake_logits.dtype),
        }
        return unified.phi_loss(real_logits, 1) + unified.phi_loss(fake_logits, 0), logs

    def _activated_loss(self, batch: Batch, generated: Batch) -> tuple[tf.Tensor, Logs]:
        real_loss, terms = self.example_loss(batch, self.row_seeds(_REAL))
        fake_loss, _ = self.example_loss(generated, self.row_seeds(_GENERATED_BOUND))
        real_logits, fake_logits = self.logits(batch["x"]), self.logits(generated["x"])
        loss = unified.adversary_activated(real_loss, real_logits) + unified.adversary_activated(fake_loss, fake_logits)
        return loss, {**terms, "weight/real": tf.sigmoid(real_logits), "weight/fake": tf.sigmoid(fake_logits)}


class AASVAE(AAVAE, SemiSupervisedVAE):
    """Adversary-activated VAE with classes: what it generates comes with the class it was drawn from, as its label."""

    def generated(self, seeds: tf.Tensor) -> Batch:
        """Samples of classes drawn uniformly, `x` and `label`."""
        label = philox.row_integer(philox.fold_in(seeds, _GENERATED_LABEL), self.num_labels)
        return {"x": tf.stop_gradient(self.sample(seeds, label)), "label": label}
