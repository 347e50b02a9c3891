"""What adversarial models share: a generator x = G(z, y), a discriminator or critic of (x, y), a step's minibatches.

Their own files hold the algorithms. There is no likelihood; what can be watched is logged: what the discriminator tells
apart, the norms of both gradients, and how much samples vary, as a share of how much the data do.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any, ClassVar

import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.types import DataSpec, Endpoint
from tfdgm.core.validation import require_at_least, require_choice
from tfdgm.math.augmentation import AUGMENTATIONS, augment
from tfdgm.math.domains import INTO_DOMAIN
from tfdgm.models.base import Batch, GenerativeModel, Logs
from tfdgm.networks.dcgan import dcgan_generator
from tfdgm.networks.discriminator import Discriminator
from tfdgm.networks.mlp import mlp
from tfdgm.objectives.penalties import PENALTIES

# Streams of a row's seed; z has the seed itself, and the last stands before any number of others.
_LABEL, _AUGMENT_REAL, _AUGMENT_FAKE, _PENALTY, _PARTNER, _FRESH = range(1, 7)
_DOMAINS = ("unit", "symmetric", "real")


@dataclasses.dataclass(frozen=True)
class Minibatch:
    """One player's share of a step: x [B, *event_shape], label [B] or None, seeds int64 [B]."""

    x: tf.Tensor
    label: tf.Tensor | None
    seeds: tf.Tensor


class AdversarialModel(GenerativeModel):
    """Generator and discriminator; the fields are those of `tfdgm.configs.gan.GANConfig`.

    Attributes:
      opponent: what the generator's opponent is called, in groups and logs.
    """

    opponent: ClassVar[str] = "discriminator"

    def __init__(
        self,
        spec: DataSpec,
        *,
        latent_dim: int = 100,
        network: str = "dcgan",
        hidden_sizes: tuple[int, ...] = (128, 128, 128),
        num_filters: tuple[int, ...] = (32, 64),
        activation: str = "relu",
        generator_normalization: str = "batch",
        discriminator_normalization: str = "batch",
        conditioning: str = "none",
        penalty: str = "none",
        penalty_weight: float = 0.0,
        augmentations: tuple[str, ...] = (),
        has_origin: bool = True,
        **kwargs: Any,
    ) -> None:
        """Builds both networks for `spec`; `has_origin` says whether a constant added to all logits changes the loss.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        super().__init__(spec, **kwargs)
        require_choice("data.domain", spec.domain, _DOMAINS)
        require_choice("network", network, ("mlp", "dcgan"))
        require_at_least(1, latent_dim=latent_dim)
        require_at_least(0, penalty_weight=penalty_weight)
        _require_penalty(penalty, penalty_weight, discriminator_normalization)
        _require_augmentations(augmentations, spec)
        if conditioning != "none" and spec.num_classes < 2:
            raise ValueError(
                f"conditioning is {conditioning!r}, but the data has {spec.num_classes} classes; "
                "take data with two or more, or 'none'"
            )
        self.latent_dim, self.augmentations = latent_dim, augmentations
        self.num_labels = spec.num_classes if conditioning != "none" else 0
        self.penalty, self.penalty_weight = PENALTIES.get(penalty), penalty_weight
        size = latent_dim + self.num_labels
        if network == "dcgan":
            self.generator = dcgan_generator(
                size, spec.shape, num_filters, normalization=generator_normalization, name="generator"
            )
        else:
            self.generator = mlp([size], hidden_sizes, spec.shape, activation=activation, name="generator")
        self.discriminator = Discriminator(
            spec.shape,
            network=network,
            hidden_sizes=hidden_sizes,
            num_filters=num_filters,
            activation=activation,
            normalization=discriminator_normalization,
            conditioning=conditioning,
            num_classes=self.num_labels,
            use_bias=has_origin,
            name=self.opponent,
        )
        self.data_variance = self.add_weight(
            shape=(), initializer="ones", trainable=False, aggregation="mean", name="data_variance"
        )

    def groups(self) -> dict[str, list[Any]]:
        """The two players."""
        return {
            self.opponent: self.discriminator.trainable_variables,
            "generator": self.generator.trainable_variables,
        }

    def initialize(self, batch: Batch) -> None:
        """Takes down the data's variance, summed over the dimensions: the measure of how much samples vary."""
        centre = self.global_mean(tf.reduce_mean(batch["x"], axis=0))
        self.data_variance.assign(self.global_mean(_mean_square(batch["x"] - centre)))

    def test_step(self, batch: Batch) -> Logs:
        """The discriminator's view of held-out data and fresh samples, and how much samples vary."""
        rows = self._whole(batch)
        fake = self.sample(rows.seeds, rows.label)
        real_logits, fake_logits = self.logits(rows.x, rows.label), self.logits(fake, rows.label)
        partner = self.sample(philox.fold_in(rows.seeds, _PARTNER), rows.label)
        # E|x - x'|^2 / 2 is the variance, for independent x and x'.
        variance = 0.5 * _sum_squares(fake - partner) / self.data_variance
        return {**self.opponent_logs(real_logits, fake_logits), "sample_variance": variance}

    def sample(self, seeds: tf.Tensor, label: tf.Tensor | None = None) -> tf.Tensor:
        """Draws x = G(z, y), z ~ N(0, I): seeds int64 [N] to [N, *event_shape].

        Args:
          seeds: row i depends on `seeds[i]` (and `label[i]`) alone.
          label: int32 [N]; None draws it uniformly. Of conditional models only.

        Raises:
          ValueError: for a label where the model has none.
        """
        if label is not None and not self.num_labels:
            label = self._refused(label)
        return self.generate(seeds, label)

    def generate(self, seeds: tf.Tensor, label: tf.Tensor | None = None, *, training: bool = False) -> tf.Tensor:
        """`sample`, in training by the statistics of the batch itself where the generator is batch-normalised."""
        z = philox.row_normal(seeds, (self.latent_dim,), dtype=self.compute_dtype)
        if self.num_labels:
            label = self._drawn_label(seeds) if label is None else label
            z = tf.concat([z, tf.one_hot(label, self.num_labels, dtype=z.dtype)], axis=-1)
        outputs = tf.cast(self.generator(z, training=training), self.variable_dtype)
        return INTO_DOMAIN[self.spec.domain](outputs)

    def logits(self, x: tf.Tensor, label: tf.Tensor | None = None, *, training: bool = False) -> tf.Tensor:
        """The discriminator's logits, or the critic's values, [B]."""
        return tf.cast(self.discriminator(x, label=label, training=training), self.variable_dtype)

    def endpoints(self) -> dict[str, Endpoint]:
        """The default ones, and samples of a class where there are classes."""
        found = super().endpoints()
        if self.num_labels:
            inputs = {
                "seed": tf.TensorSpec([None], tf.int64, name="seed"),
                "label": tf.TensorSpec([None], tf.int32, name="label"),
            }
            found["sample_class"] = Endpoint(self._sample_class_endpoint, inputs)
        return found

    # ---- what the algorithms use --------------------------------------------------------------------------------

    def minibatches(self, batch: Batch, num: int, field: str) -> Iterator[Minibatch]:
        """The step's examples dealt out to `num` minibatches, each with noise of its own.

        Minibatch k takes the global rows k, k + num, k + 2 num, ..., so that any number of replicas deal alike.

        Raises:
          ValueError: naming `field`, unless the batch can be dealt out evenly.
        """
        size = batch["x"].shape[0]
        if size is not None and size % num:
            raise ValueError(
                f"{field} is {num}, and a replica has {size} rows of training.batch_size; it must divide them, "
                f"for each step takes a minibatch of its own"
            )
        for k in range(num):
            label = batch["label"][k::num] if self.num_labels else None
            yield Minibatch(batch["x"][k::num], label, self.row_seeds(k)[k::num])

    def fresh(self, rows: Minibatch, stream: int) -> Minibatch:
        """The same examples and labels with noise of their own, another by each `stream`."""
        return dataclasses.replace(rows, seeds=philox.fold_in(rows.seeds, _FRESH + stream))

    def logit_pair(self, rows: Minibatch, fake: tf.Tensor, *, needs_real: bool = True) -> tuple[tf.Tensor, tf.Tensor]:
        """The logits of real and of fake examples in training, augmented where the model augments."""
        real = rows.x
        if self.augmentations:
            span = 1.0 if self.spec.domain == "unit" else 2.0
            real = augment(real, philox.fold_in(rows.seeds, _AUGMENT_REAL), self.augmentations, span)
            fake = augment(fake, philox.fold_in(rows.seeds, _AUGMENT_FAKE), self.augmentations, span)
        fake_logits = self.logits(fake, rows.label, training=True)
        real_logits = self.logits(real, rows.label, training=True) if needs_real else tf.zeros_like(fake_logits)
        return real_logits, fake_logits

    def penalty_of(self, rows: Minibatch, fake: tf.Tensor) -> tf.Tensor:
        """The weighted penalty [B], 0 where there is none."""
        if self.penalty is None:
            return tf.zeros(tf.shape(fake)[:1], fake.dtype)
        seeds = philox.fold_in(rows.seeds, _PENALTY)

        def critic(x: tf.Tensor) -> tf.Tensor:
            return self.logits(x, rows.label, training=True)

        def noise(shape: tuple[int, ...]) -> tf.Tensor:
            return philox.row_uniform(seeds, shape, dtype=fake.dtype)

        spread = tf.sqrt(self.data_variance.value / self.spec.num_dims)
        return self.penalty_weight * self.penalty(critic, rows.x, fake, spread, noise)

    def batch_mean(self, logits: tf.Tensor) -> tf.Tensor:
        """The mean of logits [B] over the global batch, a scalar."""
        return self.global_mean(tf.reduce_mean(logits))

    def opponent_logs(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> Logs:
        """How often the discriminator is right about real and about generated examples."""
        return {
            "accuracy/real": tf.cast(real_logits > 0.0, real_logits.dtype),
            "accuracy/fake": tf.cast(fake_logits < 0.0, fake_logits.dtype),
        }

    def gradient_norms(self) -> Logs:
        """Of both players' last steps."""
        return {f"gradient_norm/{group}": self.gradient_norm(group) for group in self.groups()}

    # ---- private ------------------------------------------------------------------------------------------------

    def _whole(self, batch: Batch) -> Minibatch:
        return next(self.minibatches(batch, 1, ""))

    def _drawn_label(self, seeds: tf.Tensor) -> tf.Tensor:
        uniform = philox.row_uniform(philox.fold_in(seeds, _LABEL), (), dtype=tf.float32)
        return tf.minimum(tf.cast(uniform * self.num_labels, tf.int32), self.num_labels - 1)

    def _refused(self, label: tf.Tensor) -> tf.Tensor:
        raise ValueError(f"label is {label}, but {self.name} has none; it was built with conditioning='none'")

    def _sample_class_endpoint(self, seed: tf.Tensor, label: tf.Tensor) -> dict[str, tf.Tensor]:
        seed = philox.fresh_where_negative(seed)
        return {"samples": tf.cast(self.sample(seed, label), tf.float32), "seed": seed}


def _require_penalty(penalty: str, weight: float, normalization: str) -> None:
    require_choice("penalty", penalty, ("none", *PENALTIES))
    if (penalty != "none") != (weight > 0.0):
        raise ValueError(f"penalty is {penalty!r} and penalty_weight {weight}; give both or neither ('none' and 0)")
    if penalty != "none" and normalization == "batch":
        raise ValueError(
            f"penalty is {penalty!r} and discriminator_normalization 'batch'; a penalty needs each row's own gradient: "
            "take 'none', 'layer' or 'spectral'"
        )


def _require_augmentations(names: tuple[str, ...], spec: DataSpec) -> None:
    for name in names:
        require_choice("augmentations", name, AUGMENTATIONS)
    if names and not spec.is_image:
        raise ValueError(f"augmentations is {names}, but the data's shape is {spec.shape}; they are for images alone")


def _sum_squares(x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.square(x), axis=list(range(1, x.shape.rank)))


def _mean_square(x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(_sum_squares(x))
