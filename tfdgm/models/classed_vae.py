"""Variational autoencoder with classes: what holds however q(y|x) and the rest are learned.

Generative story:  y ~ uniform,  z ~ N(0, I),  x ~ p(x | decoder(z, y))
Inference model:   q(y|x),  q(z|x, y) = N(mean(x, y), diag exp(log_var(x, y)))
With  L(x, y) = log p(y) + E_q(z|x,y) log p(x|z, y) - KL(q(z|x, y) || p(z))     (Kingma et al. 2014, eq. 6)
it bounds  log p(x)  by  sum_y q(y|x) L(x, y) + H(q(y|x))                       (eq. 7)
The sums over classes are worked out, never sampled.
"""

import abc
import math
from typing import Any, ClassVar

import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.types import DataSpec, Endpoint
from tfdgm.math import categorical
from tfdgm.models.base import Batch, Logs
from tfdgm.models.endpoints import sample_class_endpoint
from tfdgm.models.vae import OBSERVATION_STREAM, VAE
from tfdgm.objectives import elbo as elbo_bounds
from tfdgm.objectives.semi_supervised import unlabeled_bound

_LABEL_STREAM = OBSERVATION_STREAM + 1  # seeds of y


class ClassedVAE(VAE):
    """VAE whose networks see a class; a subclass says what q(y|x) is, by `predict_logits`, and what is learned."""

    takes_unlabeled: ClassVar[bool] = True
    interpolate: ClassVar[None] = None  # the way from one z to another is of one class

    def __init__(self, spec: DataSpec, **kwargs: Any) -> None:
        """Builds encoder and decoder for `spec` and its classes.

        Raises:
          ValueError: for data without classes, or naming a field with a value that it cannot have.
        """
        if spec.num_classes < 2:
            raise ValueError(
                f"the data has {spec.num_classes} classes; a VAE with classes needs data with two or more labels"
            )
        super().__init__(spec, num_labels=spec.num_classes, **kwargs)
        self.log_prior = -math.log(spec.num_classes)

    def test_step(self, batch: Batch) -> Logs:
        """Bounds on log p(x) and on log p(x|y) with one sample, and how often q(y|x) is right."""
        x, label = batch["x"], batch["label"]
        _, kl, log_likelihood = self._class_terms(x, self.row_seeds(), 1)
        bounds, log_q = self._class_elbos(log_likelihood, kl), self._log_q(x)
        of_label = tf.gather(bounds, label, axis=1, batch_dims=1) - self.log_prior
        return {
            "elbo": unlabeled_bound(bounds, log_q),
            "conditional_elbo": of_label,
            "accuracy": categorical.is_most_probable(log_q, label),
        }

    def sample(self, seeds: tf.Tensor, label: tf.Tensor | None = None) -> tf.Tensor:
        """Draws x from p(x|z, y) p(z), of the class `label` int32 [N] or of classes drawn too, to [N, *event_shape]."""
        outputs = self._decoded(self.sample_latents(seeds), self._drawn(seeds, label))
        return self.likelihood.sample(outputs, self.log_scale.value, philox.fold_in(seeds, OBSERVATION_STREAM))

    def sample_mean(self, seeds: tf.Tensor, label: tf.Tensor | None = None) -> tf.Tensor:
        """E[x|z, y] at the z and y of `sample`, [N, *event_shape]."""
        return self.decode(self.sample_latents(seeds), self._drawn(seeds, label))

    @abc.abstractmethod
    def predict_logits(self, x: tf.Tensor) -> tf.Tensor:
        """Logits of q(y|x), [B, Y]."""

    def predict_probabilities(self, x: tf.Tensor) -> tf.Tensor:
        """q(y|x), [B, Y]."""
        return tf.nn.softmax(self.predict_logits(x))

    def encode(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        """q(y|x) as `probabilities` [B, Y], and q(z|x, y) at the most probable y: `z_mean`, `z_log_var`."""
        probabilities = self.predict_probabilities(x)
        encoded = self._encoded(x, tf.argmax(probabilities, axis=1, output_type=tf.int32))
        return {"probabilities": probabilities, "z_mean": encoded.mean, "z_log_var": encoded.log_var}

    def posterior_mean(self, x: tf.Tensor) -> tf.Tensor:
        """E[z|x, y] under q at the most probable y, [B, latent_dim]."""
        return self.posterior.mean(self._encoded(x, self._most_probable(x)))

    def decode(self, z: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
        """E[x|z, y]: z [B, latent_dim] and label int32 [B] to [B, *event_shape]."""
        return self.likelihood.mean(self._decoded(z, label))

    def reconstruct(self, x: tf.Tensor) -> tf.Tensor:
        """E[x|z, y] at the most probable y and the posterior mean, [B, *event_shape]."""
        return self.decode(self.posterior_mean(x), self._most_probable(x))

    def elbo(self, x: tf.Tensor, seeds: tf.Tensor, num_samples: int = 1) -> tf.Tensor:
        """sum_y q(y|x) L(x, y) + H(q(y|x)), a bound on log p(x), [B] in nats; never weighted."""
        _, kl, log_likelihood = self._class_terms(x, seeds, num_samples)
        return unlabeled_bound(self._class_elbos(log_likelihood, kl), self._log_q(x))

    def conditional_elbo(self, x: tf.Tensor, label: tf.Tensor, seeds: tf.Tensor, num_samples: int = 1) -> tf.Tensor:
        """The ELBO of log p(x|y), [B] in nats."""
        _, kl, log_likelihood, _ = self._terms(x, seeds, num_samples, label)
        return elbo_bounds.elbo(log_likelihood, kl)

    def iwae_bound(self, x: tf.Tensor, seeds: tf.Tensor, num_samples: int) -> tf.Tensor:
        """log sum_y p(y) (1/K) sum_k p(x, z_k|y) / q(z_k|x, y), a bound on log p(x), [B] in nats."""

        def of_class(label: int) -> tf.Tensor:
            labels = tf.fill([tf.shape(x)[0]], label)
            return self._sampled_bound(x, philox.fold_in(seeds, label), num_samples, labels)

        bounds = tf.stack([of_class(label) for label in range(self.num_labels)], axis=1)
        return self.log_prior + tf.reduce_logsumexp(bounds, axis=1)

    def endpoints(self) -> dict[str, Endpoint]:
        """The default ones; `decode` takes a label, and there are samples of a class."""
        found = super().endpoints()
        label = {"label": tf.TensorSpec([None], tf.int32, name="label")}
        found["decode"] = Endpoint(
            lambda z, label: {"means": self.decode(z, label)}, {**found["decode"].inputs, **label}
        )
        found["sample_class"] = sample_class_endpoint(self)
        return found

    # ---- private ------------------------------------------------------------------------------------------------

    def _class_terms(self, x: tf.Tensor, seeds: tf.Tensor, num_samples: int) -> tuple[tf.Tensor, ...]:
        """log w_k [B, Y, K], KL [B, Y] and log p(x|z_k, y) [B, Y, K], each class with noise of its own."""
        shape = (self.num_labels, num_samples, self.latent_dim)
        noise = philox.row_normal(seeds, shape, dtype=self.variable_dtype)
        labels = tf.tile(tf.range(self.num_labels), tf.shape(x)[:1])
        repeated, noise = tf.repeat(x, self.num_labels, axis=0), tf.reshape(noise, [-1, *shape[1:]])
        log_weights, kl, log_likelihood, _ = self._terms_of(repeated, noise, labels)
        by_class = [-1, self.num_labels]
        return (
            tf.reshape(log_weights, [*by_class, num_samples]),
            tf.reshape(kl, by_class),
            tf.reshape(log_likelihood, [*by_class, num_samples]),
        )

    def _class_elbos(self, log_likelihood: tf.Tensor, kl: tf.Tensor) -> tf.Tensor:
        """L(x, y) of each class, [B, Y]."""
        return self.log_prior + tf.reduce_mean(log_likelihood, axis=2) - kl

    def _log_q(self, x: tf.Tensor) -> tf.Tensor:
        return tf.nn.log_softmax(self.predict_logits(x))

    def _most_probable(self, x: tf.Tensor) -> tf.Tensor:
        return tf.argmax(self.predict_logits(x), axis=1, output_type=tf.int32)

    def _drawn(self, seeds: tf.Tensor, label: tf.Tensor | None) -> tf.Tensor:
        drawn = philox.row_integer(philox.fold_in(seeds, _LABEL_STREAM), self.num_labels)
        return drawn if label is None else label
