"""Semi-supervised adversarial autoencoder (Makhzani et al. 2016, section 5): classes and styles, an adversary for each.

Generative story:  y ~ uniform,  z ~ N(0, I),  x ~ p(x | decoder(z, y))
Inference model:   q(y|x) = softmax(classifier(x)),  q(z|x) = N(mean(x), diag exp(log_var(x)))
Reconstruction     encoder, classifier, decoder  max  E_q(z|x) log p(x | z, q(y|x))     all examples, the class as it is
Regularisation     discriminators                max  E_p(z) log D(z) + E_q(z) log (1 - D(z)), and the same of the class
                   encoder, classifier           max  E_q(z) log D(z), and the same of the class
Classification     classifier                    max  log q(y|x)                        where the label is known
in this order on each minibatch. The adversary of classes makes q(y|x) one-hot, and all classes as frequent as drawn.
"""

import dataclasses
from typing import Any, ClassVar

import keras
import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.types import DataSpec
from tfdgm.core.unified_form import UnifiedForm
from tfdgm.math import categorical
from tfdgm.models.aae import AAE
from tfdgm.models.base import Batch, Logs
from tfdgm.models.flow_posterior import Encoded
from tfdgm.models.semi_supervised_vae import SemiSupervisedVAE
from tfdgm.networks.mlp import mlp
from tfdgm.objectives.adversarial import logistic_discriminator, non_saturating_generator

_RECONSTRUCTED, _CLASSES = 0, 3  # streams of a step's rows, beside those of the AAE


class SemiSupervisedAAE(AAE, SemiSupervisedVAE):
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
        self, spec: DataSpec, *, discriminator_hidden_sizes: tuple[int, ...] = (200, 200), **kwargs: Any
    ) -> None:
        """Builds encoder, classifier, decoder and both discriminators.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        super().__init__(spec, discriminator_hidden_sizes=discriminator_hidden_sizes, **kwargs)
        self.class_discriminator = mlp(
            [self.num_labels], discriminator_hidden_sizes, [1], activation="relu", name="class_discriminator"
        )

    def groups(self) -> dict[str, list[keras.Variable]]:
        """A group a phase and player; the classifier is in three."""
        groups, classifier = super().groups(), self.classifier.trainable_variables
        return {
            "autoencoder": [*groups["autoencoder"], *classifier],
            "discriminator": [*groups["discriminator"], *self.class_discriminator.trainable_variables],
            "encoder": [*groups["encoder"], *classifier],
            "classifier": classifier,
        }

    def train_step(self, batch: Batch) -> Logs:
        """The reconstruction and the regularisation phase, then classification (section 5)."""
        logs = super().train_step(batch)
        loss, is_right = self.minimize("classifier", self._classification_loss, batch["x"], batch["label"])
        return {**logs, "loss/classifier": loss, "accuracy": is_right}

    # ---- private ------------------------------------------------------------------------------------------------

    def _seen_shape(self) -> tuple[int, ...]:
        return self.spec.shape  # q(z|x) knows no class

    def _encoded(self, x: tf.Tensor, label: tf.Tensor | None = None) -> Encoded:
        del label
        return self.posterior.encoded(tf.cast(self.encoder(x), self.variable_dtype))

    def _reconstruction_loss(self, x: tf.Tensor) -> tf.Tensor:
        z = self.sample_posterior(x, self.row_seeds(_RECONSTRUCTED))
        outputs = self.decoder(tf.concat([z, self.predict_probabilities(x)], axis=-1))
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
        of_class = non_saturating_generator(self._class_logits(self.predict_probabilities(x)))
        return super()._encoder_loss(x) + of_class

    def _classification_loss(self, x: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """-log q(y|x) where the label is known, else 0; and whether q(y|x) is right, of all known ones alike."""
        is_known, known, logits = label >= 0, tf.maximum(label, 0), self.predict_logits(x)
        loss = tf.where(is_known, categorical.cross_entropy(logits, known), 0.0)
        share = tf.reduce_mean(tf.cast(is_known, loss.dtype))
        is_right = tf.where(is_known, categorical.is_most_probable(logits, known), 0.0)
        return loss, tf.math.divide_no_nan(is_right, share)
