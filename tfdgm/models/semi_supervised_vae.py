"""Variational autoencoder with classes, of which the data show few or all (Kingma, Rezende, Mohamed & Welling 2014).

Generative story:  y ~ uniform,  z ~ N(0, I),  x ~ p(x | decoder(z, y))
Inference model:   q(y|x) = softmax(classifier(x)),  q(z|x, y) = N(mean(x, y), diag exp(log_var(x, y)))
With  L(x, y) = log p(y) + E_q(z|x,y) log p(x|z, y) - KL(q(z|x, y) || p(z))                      (eq. 6)
maximises  L(x, y) + alpha log q(y|x)               where the label is known                     (eq. 9)
           sum_y q(y|x) L(x, y) + H(q(y|x))         where it is not                              (eq. 7)
With all labels it is a conditional VAE.
"""

import dataclasses
from typing import Any, ClassVar

import tensorflow as tf

from tfdgm.core.types import DataSpec
from tfdgm.core.unified_form import UnifiedForm
from tfdgm.core.validation import require_at_least
from tfdgm.models.base import Batch, Logs
from tfdgm.models.classed_vae import ClassedVAE
from tfdgm.networks.mlp import mlp
from tfdgm.objectives.semi_supervised import semi_supervised_loss, unlabeled_bound


class SemiSupervisedVAE(ClassedVAE):
    """M2 of Kingma et al.; the fields are those of `tfdgm.configs.semi_supervised.SemiSupervisedVAEConfig`."""

    unified: ClassVar[UnifiedForm] = dataclasses.replace(
        ClassedVAE.unified,
        z="latents and the class, seen for some",
        inference="q(z|x, class) q(class|x)",
        source="Kingma et al. 2014",
    )

    def __init__(
        self,
        spec: DataSpec,
        *,
        classification_weight: float = 50.0,
        classifier_hidden_sizes: tuple[int, ...] = (200,),
        **kwargs: Any,
    ) -> None:
        """Builds encoder, decoder and classifier for `spec`.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        require_at_least(0, classification_weight=classification_weight)
        super().__init__(spec, **kwargs)
        self.classification_weight = classification_weight
        self.classifier = mlp(
            spec.shape, classifier_hidden_sizes, [spec.num_classes], activation="relu", name="classifier"
        )

    def example_loss(self, batch: Batch, seeds: tf.Tensor) -> tuple[tf.Tensor, Logs]:
        """The loss of each example [B] in nats, and the bound on log p(x); `label` is -1 where it is not known."""
        if "label" not in batch:
            raise ValueError(f"a batch has {', '.join(sorted(batch))}, but classes need its 'label', int32 [B]")
        log_weights, kl, log_likelihood = self._class_terms(batch["x"], seeds, self.num_importance_samples)
        flat = [tf.reshape(value, [-1, *value.shape[2:]]) for value in (log_likelihood, kl, log_weights)]
        losses = self.bound_loss(*flat, self._kl_weight())
        bounds = self.log_prior - tf.reshape(losses, [-1, self.num_labels])
        log_q = self._log_q(batch["x"])
        loss = semi_supervised_loss(bounds, log_q, batch["label"], self.classification_weight)
        return loss, {"elbo": unlabeled_bound(self._class_elbos(log_likelihood, kl), log_q)}

    def predict_logits(self, x: tf.Tensor) -> tf.Tensor:
        """Logits of q(y|x), [B, Y]."""
        return tf.cast(self.classifier(x), self.variable_dtype)
