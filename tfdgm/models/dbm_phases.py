"""The phases of a deep Boltzmann machine's training, each with its variable group and what it alone owns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from tfdgm.core.assertions import checked
from tfdgm.models.base import Batch, Logs
from tfdgm.networks.deep_boltzmann import DeepBoltzmannLayers
from tfdgm.networks.mean_field_classifier import MeanFieldClassifier
from tfdgm.objectives import energy, mean_field
from tfdgm.procedures.negative_phase import NegativePhase
from tfdgm.procedures.negative_phase import negative_phase as make_negative_phase

if TYPE_CHECKING:
    from tfdgm.models.dbm import DBM


class Procedure(keras.layers.Layer):
    """One phase; its name is the layer's.

    Attributes:
      group: the variable group that it trains.
      num_steps: training steps; None takes `training.num_steps`.
    """

    group: str

    def __init__(self, name: str, num_steps: int | None = None) -> None:
        """Args: see the class."""
        super().__init__(name=name)
        self.num_steps = num_steps
        self.built = True

    def group_variables(self, model: DBM) -> list[Any]:
        """The variables of `group`."""
        del model
        return self.trainable_variables

    def supported(self, x: tf.Tensor, batch: Batch) -> tf.Tensor:
        """x, where the first batch has what the phase needs besides."""
        del batch
        return x


class Pretraining(Procedure):
    """The RBM of one layer and that below it, by contrastive divergence with doubled inputs.

    References:
      Salakhutdinov & Hinton (2009), Deep Boltzmann machines, section 3.1.
    """

    def __init__(self, dbm: DeepBoltzmannLayers, layer: int, num_steps: int) -> None:
        """Args: layer: of the RBM's hidden units, 1 .. L."""
        super().__init__(f"rbm_{layer}", num_steps)
        self.layer, self.group = layer, self.name
        self.negative_phase = make_negative_phase("cd", *dbm.pretraining_harmonium(layer).kernel.shape, stream=layer)

    def group_variables(self, model: DBM) -> list[Any]:
        """The kernel and the biases of both layers."""
        return model.dbm.pretraining_variables(self.layer)

    def train_step(self, model: DBM, batch: Batch) -> Logs:
        """CD-1 from states of the layer below, drawn by the RBMs below it."""
        below, harmonium = self._below(model, batch), model.dbm.pretraining_harmonium(self.layer)
        v_data = model.dbm.pretraining_states(self.layer, below)
        v_model = tf.stop_gradient(self.negative_phase.draw(harmonium, v_data))

        def contrast() -> tuple[tf.Tensor, tf.Tensor]:
            moved = model.dbm.pretraining_harmonium(self.layer)
            return energy.contrastive_divergence(moved, v_data, v_model), moved.free_energy(v_data)

        loss, free_energy = model.minimize(self.group, contrast)
        h = tf.sigmoid(harmonium.hidden_field(v_data))[:, : model.dbm.sizes[self.layer]]
        model.dbm.follow_pretraining_means(self.layer, below, h, model.mean_rate)
        return {f"loss/{self.group}": loss, "free_energy": free_energy}

    def test_step(self, model: DBM, batch: Batch) -> Logs:
        """Free energy, and what one sweep changes."""
        v = model.dbm.pretraining_states(self.layer, self._below(model, batch))
        harmonium = model.dbm.pretraining_harmonium(self.layer)
        changed = tf.abs(v - tf.sigmoid(harmonium.visible_field(tf.sigmoid(harmonium.hidden_field(v)))))
        return {"free_energy": harmonium.free_energy(v), "reconstruction_error": tf.reduce_mean(changed, axis=-1)}

    def _below(self, model: DBM, batch: Batch) -> tf.Tensor:
        v = model.visibles.states(batch["x"])
        if self.layer == 1:
            return v
        means = mean_field.bottom_up(model.dbm.parameters(), v)[self.layer - 2]
        drawn = tf.cast(model.row_noise((model.dbm.sizes[self.layer - 1],)) < means, means.dtype)
        return tf.where(tf.math.is_nan(means), means, drawn)  # a NaN is no 0: the loss shall show it


class Joint(Procedure):
    """All layers together: mean field for the data, persistent chains for the model.

    Attributes:
      negative_phase: the chains, of odd layers.

    References:
      Salakhutdinov & Hinton (2009), Deep Boltzmann machines, algorithm 1.
    """

    group = "dbm"

    def __init__(self, negative_phase: NegativePhase) -> None:
        """Args: negative_phase: of the harmonium between odd and even layers."""
        super().__init__("joint")
        self.negative_phase = negative_phase

    def group_variables(self, model: DBM) -> list[Any]:
        """The machine's."""
        return model.dbm.trainable_variables

    def train_step(self, model: DBM, batch: Batch) -> Logs:
        """Mean field, chains, gradient step, running means."""
        v, dbm = model.visibles.states(batch["x"]), model.dbm.parameters()
        means = mean_field.infer(dbm, v, model.num_mean_field_steps)
        odd_means = dbm.side([v, *means], "odd")
        odd_data = tf.cast(model.row_noise((odd_means.shape[-1],)) < odd_means, odd_means.dtype)
        self.negative_phase.start_at(odd_data, tf.equal(model.phase_step.value, 0))
        odd_states = self.negative_phase.draw(dbm.bipartite("odd"), odd_data)
        loss, expected_energy = model.minimize(
            self.group, lambda: mean_field.contrast(model.dbm.parameters(), v, means, odd_states)
        )
        model.dbm.follow_means([v, *means], model.mean_rate)
        return {"loss/dbm": loss, "expected_energy": expected_energy}

    def test_step(self, model: DBM, batch: Batch) -> Logs:
        """The bound but for log Z, what training's few steps of mean field fall short of it, and reconstruction."""
        v, dbm = model.visibles.states(batch["x"]), model.dbm.parameters()
        means, few = (mean_field.infer(dbm, v, num) for num in (model.num_inference_steps, model.num_mean_field_steps))
        bound = mean_field.unnormalized_elbo(dbm, v, means)
        changed = tf.abs(v - mean_field.visible_mean(dbm, means))
        return {
            "unnormalized_elbo": bound,
            "mean_field_gap": bound - mean_field.unnormalized_elbo(dbm, v, few),
            "reconstruction_error": tf.reduce_mean(changed, axis=-1),
        }


class Discriminative(Procedure):
    """The classifier; the machine stays as it is.

    Attributes:
      classifier: its variables.
    """

    group = "classifier"

    def __init__(self, sizes: Sequence[int], num_classes: int, num_steps: int) -> None:
        """Args: sizes: of the machine's layers, v's first."""
        super().__init__("discriminative", num_steps)
        self.classifier = MeanFieldClassifier(sizes, num_classes, name="classifier")

    def supported(self, x: tf.Tensor, batch: Batch) -> tf.Tensor:
        """x, where all labels are classes.

        Raises:
          ValueError: eagerly or from `fit`, naming a label that is none, or that there are none.
        """
        label, num_classes = _label(batch), self.classifier.output_bias.shape[0]
        is_fault = (label < 0) | (label >= num_classes)
        wrong = label[tf.argmax(is_fault)]
        return checked(
            x, ~tf.reduce_any(is_fault), "label has the value", wrong, f"; it must be 0 to {num_classes - 1}"
        )

    def train_step(self, model: DBM, batch: Batch) -> Logs:
        """A gradient step on the cross entropy."""

        def cross_entropy() -> tuple[tf.Tensor, tf.Tensor]:
            return self._scores(model, batch)

        loss, accuracy = model.minimize(self.group, cross_entropy)
        return {"loss/classifier": loss, "accuracy": accuracy}

    def test_step(self, model: DBM, batch: Batch) -> Logs:
        """Cross entropy, nats, and the share of labels that are the most probable."""
        cross_entropy, accuracy = self._scores(model, batch)
        return {"cross_entropy": cross_entropy, "accuracy": accuracy}

    def logits(self, model: DBM, x: tf.Tensor) -> tf.Tensor:
        """Of the classes, [B, num_classes]."""
        v, dbm = model.visibles.states(x), model.dbm.parameters()
        return self.classifier.logits(dbm, v, mean_field.infer(dbm, v, model.num_mean_field_steps))

    def _scores(self, model: DBM, batch: Batch) -> tuple[tf.Tensor, tf.Tensor]:
        logits, label = self.logits(model, batch["x"]), _label(batch)
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(label, logits)
        return loss, tf.cast(tf.equal(tf.argmax(logits, axis=-1, output_type=label.dtype), label), loss.dtype)


def _label(batch: Batch) -> tf.Tensor:
    if "label" not in batch:
        raise ValueError(f"a batch has {', '.join(batch)}, but num_discriminative_steps needs its 'label'")
    return batch["label"]
