"""Semi-supervised adversarial autoencoder (Makhzani et al. 2016, section 5): classes and styles, an adversary for each.

Generative story:  y ~ uniform,  z ~ N(0, I),  x ~ p(x | decoder(z, y))
Inference model:   q(z, y|x) = N(z; mean(x), diag exp(log_var(x))) softmax(logits(x))_y   one encoder for both
Reconstruction     encoder, decoder   max  E_q(z|x) log p(x | z, q(y|x))     the decoder sees probabilities
Regularisation     discriminators     max  E_p(z) log D(z) + E_q(z) log (1 - D(z)), and the same of the class
                   encoder            max  E_q(z) log D(z), and the same of the class
Classification     encoder            max  log q(y|x + noise)                where the label is known
in this order on each minibatch. The adversary of classes makes q(y|x) one-hot, and all classes as frequent as drawn.
"""

import dataclasses
from typing import Any, ClassVar

import keras
import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.types import DataSpec
from tfdgm.core.unified_form import UnifiedForm
from tfdgm.core.validation import require_at_least
from tfdgm.math import categorical
from tfdgm.models.aae import AAE, REGULARIZED
from tfdgm.models.base import Batch, Logs
from tfdgm.models.classed_vae import ClassedVAE
from tfdgm.models.flow_posterior import Encoded
from tfdgm.networks.mlp import mlp
from tfdgm.objectives.adversarial import logistic_discriminator, non_saturating_generator

_RECONSTRUCTED, _CLASSES, _NOISE = 0, 3, 4  # streams of a step's rows, beside those of the AAE


class SemiSupervisedAAE(AAE, ClassedVAE):
    """AAE with classes; the fields are those of `tfdgm.configs.aae.SemiSupervisedAAEConfig`."""

    unified: ClassVar[UnifiedForm] = dataclasses.replace(
        AAE.unified,
        x="latents, and the class by itself",
        p="q(z|x_real) and q(class|x_real) for 0; p(z) and p(class) for 1",
        discriminator="D(z) and D(class), learned",
        inference="p_theta(x|z, class), the decoder",
        minimizes="two GANs' of codes; besides -log p_theta(x|z, class) and, where it is known, -log q(class|x)",
    )

    def __init__(
        self,
        spec: DataSpec,
        *,
        discriminator_hidden_sizes: tuple[int, ...] = (200, 200),
        input_noise: float = 0.0,
        **kwargs: Any,
    ) -> None:
        """Builds encoder, decoder and both discriminators.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        require_at_least(0, input_noise=input_noise)
        super().__init__(spec, discriminator_hidden_sizes=discriminator_hidden_sizes, **kwargs)
        self.input_noise = input_noise
        self.class_discriminator = mlp(
            [self.num_labels], discriminator_hidden_sizes, [1], activation="relu", name="class_discriminator"
        )

    def groups(self) -> dict[str, list[keras.Variable]]:
        """A group a phase and player; the encoder is in three."""
        groups = super().groups()
        groups["discriminator"] = [*groups["discriminator"], *self.class_discriminator.trainable_variables]
        return {**groups, "classifier": self.encoder.trainable_variables}

    def train_step(self, batch: Batch) -> Logs:
        """The reconstruction and the regularisation phase, then classification (section 5)."""
        logs = super().train_step(batch)
        loss, is_right = self.minimize("classifier", self._classification_loss, batch["x"], batch["label"])
        return {**logs, "loss/classifier": loss, "accuracy": is_right}

    def predict_logits(self, x: tf.Tensor) -> tf.Tensor:
        """Logits of q(y|x), [B, Y]."""
        return self._heads(x)[1]

    # ---- private ------------------------------------------------------------------------------------------------

    def _seen_shape(self) -> tuple[int, ...]:
        return self.spec.shape  # q(z|x) knows no class

    def _num_encoder_outputs(self) -> int:
        return super()._num_encoder_outputs() + self.num_labels

    def _heads(self, x: tf.Tensor) -> tuple[Encoded, tf.Tensor]:
        """What the encoder says of z, and the logits of the class [B, Y]."""
        outputs = tf.cast(self.encoder(x), self.variable_dtype)
        return self.posterior.encoded(outputs[:, : -self.num_labels]), outputs[:, -self.num_labels :]

    def _encoded(self, x: tf.Tensor, label: tf.Tensor | None = None) -> Encoded:
        del label
        return self._heads(x)[0]

    def _codes(self, x: tf.Tensor, seeds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """z from q(z|x) [B, latent_dim] and the probabilities q(y|x) [B, Y], by one pass of the encoder."""
        encoded, logits = self._heads(x)
        return self._sampled_code(encoded, seeds), tf.nn.softmax(logits)

    def _reconstruction_loss(self, x: tf.Tensor) -> tf.Tensor:
        outputs = self.decoder(tf.concat(self._codes(x, self.row_seeds(_RECONSTRUCTED)), axis=-1))
        flat_outputs, flat_x = (
            tf.reshape(tf.cast(each, self.variable_dtype), [-1, self.spec.num_dims]) for each in (outputs, x)
        )
        return -self.likelihood.log_prob(flat_outputs, self.log_scale.value, flat_x)

    def _class_logits(self, probabilities: tf.Tensor) -> tf.Tensor:
        return tf.cast(self.class_discriminator(probabilities), self.variable_dtype)[:, 0]

    def _discriminator_loss(self, x: tf.Tensor) -> tuple[tf.Tensor, Logs]:
        loss, logs = super()._discriminator_loss(x)
        drawn = philox.row_integer(self.row_seeds(_CLASSES), self.num_labels)
        drawn = self._class_logits(tf.one_hot(drawn, self.num_labels, dtype=self.variable_dtype))
        found = self._class_logits(tf.stop_gradient(self.predict_probabilities(x)))
        return loss + logistic_discriminator(drawn, found), logs

    def _encoder_loss(self, x: tf.Tensor) -> tf.Tensor:
        z, probabilities = self._codes(x, self.row_seeds(REGULARIZED))
        return non_saturating_generator(self._logits(z)) + non_saturating_generator(self._class_logits(probabilities))

    def _classification_loss(self, x: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """-log q(y|x) where the label is known, else 0; and whether q(y|x) is right, of all known ones alike."""
        if self.input_noise:
            x += self.input_noise * philox.row_normal(self.row_seeds(_NOISE), self.spec.shape, dtype=x.dtype)
        is_known, known, logits = label >= 0, tf.maximum(label, 0), self.predict_logits(x)
        loss = tf.where(is_known, categorical.cross_entropy(logits, known), 0.0)
        share = tf.reduce_mean(tf.cast(is_known, loss.dtype))
        is_right = tf.where(is_known, categorical.is_most_probable(logits, known), 0.0)
        return loss, tf.math.divide_no_nan(is_right, share)
