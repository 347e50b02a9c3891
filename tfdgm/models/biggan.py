"""BigGAN and BigGAN-deep (Brock, Donahue & Simonyan 2019).

Generative story   z ~ N(0, I),  y a class,  x = G(z, y)
Discriminator      max  -E max(0, 1 - D(x, y)) - E max(0, 1 + D(G(z, y), y)),  several steps        (hinge, section 3)
Generator          max  E D(G(z, y), y) - beta sum |W W' * (1 - I)|_F^2,  one step                  (eq. 3)
Samples            by averaged weights, statistics of batches standing still, z within a truncation (section 3.1)
"""

from typing import Any

import keras
import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.types import DataSpec, Endpoint
from tfdgm.core.validation import require_at_least
from tfdgm.math import images
from tfdgm.models.base import Batch, Logs
from tfdgm.models.singular_values import NUM_LOGGED, logged
from tfdgm.models.two_players import Minibatch, TwoPlayers
from tfdgm.networks.biggan import BigGANDiscriminator, BigGANGenerator
from tfdgm.networks.conditional_batch_norm import MOMENTUM
from tfdgm.networks.spectral_norm import spectral_layers
from tfdgm.objectives.adversarial import hinge_discriminator, wasserstein_generator
from tfdgm.objectives.penalties import off_diagonal

_STANDING = 7  # stream of the seeds of standing statistics, beside those of `two_players`


class BigGAN(TwoPlayers):
    """Class-conditional images; the fields are those of `tfdgm.configs.biggan.BigGANConfig`."""

    def __init__(
        self,
        spec: DataSpec,
        *,
        width: int = 64,
        latent_dim: int = 120,
        embedding_size: int = 128,
        attention_size: int = 0,
        deep: bool = False,
        num_discriminator_steps: int = 2,
        num_accumulations: int = 1,
        orthogonal_weight: float = 1e-4,
        num_standing_batches: int = 16,
        standing_batch_size: int = 100,
        **kwargs: Any,
    ) -> None:
        """Builds both networks for `spec`; see `BigGANConfig` for the fields.

        Raises:
          ValueError: naming a field with a value that it cannot have, or for data without classes.
        """
        super().__init__(spec, num_labels=spec.num_classes, **kwargs)
        require_at_least(1, num_discriminator_steps=num_discriminator_steps, num_accumulations=num_accumulations)
        require_at_least(0, orthogonal_weight=orthogonal_weight, num_standing_batches=num_standing_batches)
        require_at_least(2, standing_batch_size=standing_batch_size)
        if spec.domain != "symmetric" or spec.num_classes < 2:
            raise ValueError(
                f"the data have domain {spec.domain!r} and {spec.num_classes} classes; BigGAN needs data.domain "
                "'symmetric' and two classes or more"
            )
        self.latent_dim = latent_dim
        self.num_discriminator_steps, self.num_accumulations = num_discriminator_steps, num_accumulations
        self.orthogonal_weight = orthogonal_weight
        self.num_standing_batches, self.standing_batch_size = num_standing_batches, standing_batch_size
        networks = {"width": width, "attention_size": attention_size, "deep": deep}
        self.generator = BigGANGenerator(
            spec.shape, spec.num_classes, latent_dim=latent_dim, embedding_size=embedding_size, **networks
        )
        self.discriminator = BigGANDiscriminator(spec.shape, spec.num_classes, **networks)

    def groups(self) -> dict[str, list[Any]]:
        """The two players."""
        return {
            "discriminator": self.discriminator.trainable_variables,
            "generator": self.generator.trainable_variables,
        }

    def train_step(self, batch: Batch) -> Logs:
        """Discriminator steps, then the generator's, each on the mean over `num_accumulations` minibatches."""
        num = self.num_accumulations
        field = "num_discriminator_steps * num_accumulations"
        rows = list(self.minibatches(batch, self.num_discriminator_steps * num, field))
        for step in range(self.num_discriminator_steps):
            shares = rows[step * num : (step + 1) * num]
            found = self.accumulate("discriminator", self._discriminator_loss, [(share,) for share in shares])
        losses = self.accumulate("generator", self._generator_loss, [(self.fresh(share, 0),) for share in shares])
        logs = {"loss/generator": tf.concat(losses, axis=0), **_joined(found)}
        return {**logs, **self.gradient_norms(), **self._spectral_logs()}

    def sample(
        self,
        seeds: tf.Tensor,
        label: tf.Tensor | None = None,
        truncation: tf.Tensor | float | None = None,
    ) -> tf.Tensor:
        """Draws x = G(z, y): seeds int64 [N] to [N, *event_shape].

        Args:
          seeds: row i depends on `seeds[i]`, `label[i]` and `truncation[i]` alone.
          label: int32 [N]; None, or a negative one, is drawn uniformly.
          truncation: [N] or one for all: |z| stays within it; None, or 0, is none. Less is truer and less varied.
        """
        drawn = self.drawn_label(seeds)
        label = drawn if label is None else tf.where(label < 0, drawn, tf.cast(label, tf.int32))
        return self._images(self._latents(seeds, truncation), self._one_hot(label))

    def sample_between(
        self, seeds: tf.Tensor, label_a: tf.Tensor, label_b: tf.Tensor, fraction: tf.Tensor
    ) -> tf.Tensor:
        """Samples whose class lies a fraction [N] of the way from one to another: labels int32 [N] each."""
        fraction = tf.cast(fraction, self.compute_dtype)[:, tf.newaxis]
        mixed = (1.0 - fraction) * self._one_hot(label_a) + fraction * self._one_hot(label_b)
        return self._images(self._latents(seeds), mixed)

    def logits(self, x: tf.Tensor, label: tf.Tensor | None = None, *, training: bool = False) -> tf.Tensor:
        """The discriminator's, [B]."""
        return tf.cast(self.discriminator(x, self._one_hot(label), training=training), self.variable_dtype)

    def both_logits(self, real: tf.Tensor, fake: tf.Tensor, label: tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
        """All in one call, so that an update moves the vectors of the power iterations once."""
        logits = self.logits(tf.concat([real, fake], axis=0), tf.concat([label, label], axis=0), training=True)
        return tuple(tf.split(logits, 2))

    def statistics(self) -> list[keras.Variable]:
        """Means and variances that normalise samples."""
        return [variable for norm in self.generator.norms for variable in norm.moments.non_trainable_variables]

    def interval_logs(self) -> dict[str, float]:
        """The three largest singular values of each kernel, by whose growth a collapse is known (section 4)."""
        layers = [*spectral_layers(self.generator), *spectral_layers(self.discriminator)]
        return logged({layer.name: layer.singular_values(NUM_LOGGED).numpy() for layer in layers})

    def settle(self) -> None:
        """Standing statistics: means over batches of samples by the present weights (section 3.1 and appendix E)."""
        size = self.standing_batch_size
        for index in range(self.num_standing_batches):
            rows = tf.range(index * size, (index + 1) * size, dtype=tf.int64)
            seeds = philox.fold_in(tf.fill([size], tf.constant(self.seed, tf.int64)), _STANDING, step=rows)
            self._set_momentum(index / (index + 1))
            self._images(self._latents(seeds), self._one_hot(self.drawn_label(seeds)), uses_batch=True)
        self._set_momentum(MOMENTUM)

    def endpoints(self) -> dict[str, Endpoint]:
        """Samples by class and truncation, as arrays and as PNG, and samples between two classes."""
        seed = {"seed": tf.TensorSpec([None], tf.int64, name="seed")}
        asked = {**seed, "label": _input("label", tf.int32), "truncation": _input("truncation", tf.float32)}
        between = {
            **seed,
            "label_a": _input("label_a", tf.int32),
            "label_b": _input("label_b", tf.int32),
            "fraction": _input("fraction", tf.float32),
        }
        return {
            "sample": Endpoint(self._sample_endpoint, asked),
            "sample_png": Endpoint(self._png_endpoint, asked),
            "sample_between": Endpoint(self._between_endpoint, between),
        }

    # ---- private ------------------------------------------------------------------------------------------------

    def _discriminator_loss(self, rows: Minibatch) -> tuple[tf.Tensor, Logs]:
        fake = tf.stop_gradient(self._fake(rows))
        real_logits, fake_logits = self.logit_pair(rows, fake)
        penalty = self.penalty_of(rows, fake)
        logs = {**self.opponent_logs(real_logits, fake_logits), "penalty": penalty}
        return hinge_discriminator(real_logits, fake_logits) + penalty, logs

    def _generator_loss(self, rows: Minibatch) -> tf.Tensor:
        loss = wasserstein_generator(self.logit_pair(rows, self._fake(rows), needs_real=False)[1])
        if self.orthogonal_weight:
            kernels = [layer.kernel.value for layer in spectral_layers(self.generator)]
            loss += self.orthogonal_weight * tf.cast(off_diagonal(kernels), loss.dtype)
        return loss

    def _fake(self, rows: Minibatch) -> tf.Tensor:
        return self._images(self._latents(rows.seeds), self._one_hot(rows.label), training=True, uses_batch=True)

    def _latents(self, seeds: tf.Tensor, truncation: tf.Tensor | float | None = None) -> tf.Tensor:
        if truncation is not None:
            truncation = tf.cast(truncation, tf.float32) + tf.zeros_like(seeds, tf.float32)
            truncation = tf.where(truncation > 0.0, truncation, float("inf"))
        return philox.row_normal(seeds, (self.latent_dim,), dtype=self.compute_dtype, truncation=truncation)

    def _images(
        self, z: tf.Tensor, one_hot: tf.Tensor, *, training: bool = False, uses_batch: bool = False
    ) -> tf.Tensor:
        return tf.cast(self.generator(z, one_hot, training=training, uses_batch=uses_batch), self.variable_dtype)

    def _one_hot(self, label: tf.Tensor) -> tf.Tensor:
        return tf.one_hot(label, self.num_labels, dtype=self.compute_dtype)

    def _set_momentum(self, momentum: float) -> None:
        for norm in self.generator.norms:
            norm.moments.momentum = momentum

    def _spectral_logs(self) -> Logs:
        """The largest first singular value of each player's kernels; both jump when training collapses (section 4)."""
        return {
            f"largest_singular_value/{name}": tf.reduce_max(
                tf.stack([layer.largest_singular_value() for layer in spectral_layers(network)])
            )
            for name, network in (("discriminator", self.discriminator), ("generator", self.generator))
        }

    def _sample_endpoint(self, seed: tf.Tensor, label: tf.Tensor, truncation: tf.Tensor) -> dict[str, tf.Tensor]:
        seed = philox.fresh_where_negative(seed)
        return {"samples": tf.cast(self.sample(seed, label, truncation), tf.float32), "seed": seed}

    def _png_endpoint(self, seed: tf.Tensor, label: tf.Tensor, truncation: tf.Tensor) -> dict[str, tf.Tensor]:
        answer = self._sample_endpoint(seed, label, truncation)
        pixels = images.to_uint8(answer["samples"], self.spec)
        return {"image_bytes": images.encode_png(pixels), "seed": answer["seed"]}

    def _between_endpoint(
        self, seed: tf.Tensor, label_a: tf.Tensor, label_b: tf.Tensor, fraction: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        seed = philox.fresh_where_negative(seed)
        return {"samples": tf.cast(self.sample_between(seed, label_a, label_b, fraction), tf.float32), "seed": seed}


def _joined(found: list[tuple[tf.Tensor, Logs]]) -> Logs:
    """The discriminator's losses and logs of all minibatches of a step."""
    losses, logs = zip(*found, strict=True)
    joined = {name: tf.concat([each[name] for each in logs], axis=0) for name in logs[0]}
    return {"loss/discriminator": tf.concat(losses, axis=0), **joined}


def _input(name: str, dtype: tf.DType) -> tf.TensorSpec:
    return tf.TensorSpec([None], dtype, name=name)
