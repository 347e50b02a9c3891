"""What models of two players share: how a step deals out its rows, logits of real and generated examples, the penalty.

Which networks the players are is not said here; `logits` is the opponent's view of an example.
"""

import abc
import dataclasses
from collections.abc import Iterator
from typing import Any, ClassVar

import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.types import DataSpec
from tfdgm.core.validation import require_at_least, require_choice
from tfdgm.math.augmentation import AUGMENTATIONS, augment
from tfdgm.models.base import Batch, GenerativeModel, Logs
from tfdgm.objectives.penalties import PENALTIES

# Streams of a row's seed, which is z's own; the last stands before any number of others.
_LABEL, _AUGMENT_REAL, _AUGMENT_FAKE, _PENALTY, _PARTNER, _FRESH = range(1, 7)


@dataclasses.dataclass(frozen=True)
class Minibatch:
    """One player's share of a step: x [B, *event_shape], label [B] or None, seeds int64 [B]."""

    x: tf.Tensor
    label: tf.Tensor | None
    seeds: tf.Tensor


class TwoPlayers(GenerativeModel, abc.ABC):
    """A generator and its opponent.

    Attributes:
      opponent: what the generator's opponent is called, in groups and logs.
      num_labels: classes that both players see; 0 where they see none.
      data_variance: of the data, summed over the dimensions; from the first batch.
    """

    opponent: ClassVar[str] = "discriminator"

    def __init__(
        self,
        spec: DataSpec,
        *,
        num_labels: int = 0,
        penalty: str = "none",
        penalty_weight: float = 0.0,
        augmentations: tuple[str, ...] = (),
        **kwargs: Any,
    ) -> None:
        """Builds no network; the fields are those of `tfdgm.configs.adversarial.AdversarialConfig`.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        super().__init__(spec, **kwargs)
        require_at_least(0, penalty_weight=penalty_weight)
        _require_penalty(penalty, penalty_weight)
        _require_augmentations(augmentations, spec)
        self.num_labels, self.augmentations = num_labels, augmentations
        self.penalty, self.penalty_weight = PENALTIES.get(penalty), penalty_weight
        self.data_variance = self.add_weight(
            shape=(), initializer="ones", trainable=False, aggregation="mean", name="data_variance"
        )

    @abc.abstractmethod
    def logits(self, x: tf.Tensor, label: tf.Tensor | None = None, *, training: bool = False) -> tf.Tensor:
        """The opponent's logits, or a critic's values: x [B, ...], as it sees examples, and label [B] to [B]."""

    @abc.abstractmethod
    def sample(self, seeds: tf.Tensor, label: tf.Tensor | None = None) -> tf.Tensor:
        """Draws x: seeds int64 [N], and label int32 [N] where there are labels, to [N, *event_shape]."""

    def initialize(self, batch: Batch) -> None:
        """Takes down the data's variance, summed over the dimensions: the measure of how much samples vary."""
        centre = self.global_mean(tf.reduce_mean(batch["x"], axis=0))
        self.data_variance.assign(self.global_mean(_mean_square(batch["x"] - centre)))

    def test_step(self, batch: Batch) -> Logs:
        """The discriminator's view of held-out data and fresh samples, and how much samples vary."""
        rows = next(self.minibatches(batch, 1, ""))
        fake = self.sample(rows.seeds, rows.label)
        logs = self.opponent_logs(self.logits(rows.x, rows.label), self.logits(fake, rows.label))
        return {**logs, "sample_variance": self.sample_variance(fake, rows)}

    def sample_variance(self, fake: tf.Tensor, rows: Minibatch) -> tf.Tensor:
        """How much samples vary, as a share of how much real examples do, [B]: of the samples `fake` of these rows."""
        partner = self.sample(philox.fold_in(rows.seeds, _PARTNER), rows.label)
        # E|x - x'|^2 / 2 is the variance, for independent x and x'.
        return 0.5 * sum_squares(fake - partner) / self.real_variance()

    def real_variance(self) -> tf.Tensor:
        """Of real examples, summed over the dimensions, a scalar."""
        return tf.convert_to_tensor(self.data_variance.value)

    def drawn_label(self, seeds: tf.Tensor) -> tf.Tensor:
        """Labels int32 [N], uniform; label i depends on `seeds[i]` alone."""
        return philox.row_integer(philox.fold_in(seeds, _LABEL), self.num_labels)

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
        if self.num_labels and "label" not in batch:
            raise ValueError(f"a batch has {', '.join(sorted(batch))}, but conditioning needs its 'label', int32 [B]")
        for k in range(num):
            label = batch["label"][k::num] if self.num_labels else None
            yield Minibatch(batch["x"][k::num], label, self.row_seeds(k)[k::num])

    def fresh(self, rows: Minibatch, stream: int) -> Minibatch:
        """The same examples and labels with noise of their own, another by each `stream`."""
        return dataclasses.replace(rows, seeds=philox.fold_in(rows.seeds, _FRESH + stream))

    def logit_pair(self, rows: Minibatch, fake: tf.Tensor, *, needs_real: bool = True) -> tuple[tf.Tensor, tf.Tensor]:
        """The logits of real and of fake examples in training, augmented where the model augments."""
        real, fake = self.views(rows, fake)
        if needs_real:
            return self.both_logits(real, fake, rows.label)
        fake_logits = self.logits(fake, rows.label, training=True)
        return tf.zeros_like(fake_logits), fake_logits

    def views(self, rows: Minibatch, fake: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Real and generated examples as the opponent sees them in training: augmented where the model augments."""
        real = rows.x
        if self.augmentations:
            span = 1.0 if self.spec.domain == "unit" else 2.0
            real = augment(real, philox.fold_in(rows.seeds, _AUGMENT_REAL), self.augmentations, span)
            fake = augment(fake, philox.fold_in(rows.seeds, _AUGMENT_FAKE), self.augmentations, span)
        return real, fake

    def both_logits(self, real: tf.Tensor, fake: tf.Tensor, label: tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
        """The logits of real and of fake examples [B, ...] in training, each batch by itself."""
        fake_logits = self.logits(fake, label, training=True)
        return self.logits(real, label, training=True), fake_logits

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


def _require_penalty(penalty: str, weight: float) -> None:
    require_choice("penalty", penalty, ("none", *PENALTIES))
    if (penalty != "none") != (weight > 0.0):
        raise ValueError(f"penalty is {penalty!r} and penalty_weight {weight}; give both or neither ('none' and 0)")


def _require_augmentations(names: tuple[str, ...], spec: DataSpec) -> None:
    for name in names:
        require_choice("augmentations", name, AUGMENTATIONS)
    if names and not spec.is_image:
        raise ValueError(f"augmentations is {names}, but the data's shape is {spec.shape}; they are for images alone")


def sum_squares(x: tf.Tensor) -> tf.Tensor:
    """|x|^2: [B, ...] to [B]."""
    return tf.reduce_sum(tf.square(x), axis=list(range(1, x.shape.rank)))


def _mean_square(x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(sum_squares(x))
