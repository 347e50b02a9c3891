"""Classifier by cross entropy: a feature extractor for figures of samples, and the judge of samples of a class.

Model:   p(y|x) = softmax(W f(x) + b)_y, f(x) the last hidden layer
Loss:    -sum_k q_k log p(k|x), q = (1 - e) onehot(y) + e / K                        (Szegedy et al. 2016, section 7)
e = 0 is -log p(y|x). There is no p(x), and so no sampler.
"""

from typing import Any

import tensorflow as tf

from tfdgm.core.assertions import checked
from tfdgm.core.types import DataSpec, Endpoint
from tfdgm.core.validation import require_between, require_choice
from tfdgm.math.categorical import cross_entropy, is_most_probable
from tfdgm.models.base import Batch, GenerativeModel, Logs
from tfdgm.models.endpoints import default_endpoints
from tfdgm.networks.classifier import ClassifierNetwork
from tfdgm.networks.sentence_cnn import SentenceCNN
from tfdgm.networks.text import text_vectorization

_NETWORKS = ("conv", "mlp", "sentence")
_DOMAINS = ("binary", "unit", "symmetric", "real", "tokens")


class Classifier(GenerativeModel):
    """p(y|x) of data with labels; the fields are those of `tfdgm.configs.classifier.ClassifierConfig`.

    Attributes:
      num_features: D of `features`.
    """

    def __init__(
        self,
        spec: DataSpec,
        *,
        network: str = "conv",
        num_filters: tuple[int, ...] = (32, 64),
        hidden_sizes: tuple[int, ...] = (128,),
        activation: str = "relu",
        dropout_rate: float = 0.0,
        label_smoothing: float = 0.0,
        embedding_size: int = 300,
        filter_widths: tuple[int, ...] = (3, 4, 5),
        num_sentence_filters: int = 100,
        max_norm: float = 3.0,
        vectors_file: str = "",
        **kwargs: Any,
    ) -> None:
        """Builds the network for `spec`; see `ClassifierConfig` for the fields.

        Raises:
          ValueError: for data without labels; naming a field with a value that it cannot have.
        """
        super().__init__(spec, **kwargs)
        _check(spec, network, num_filters)
        require_between(0.0, 1.0, label_smoothing=label_smoothing)
        self.label_smoothing = label_smoothing
        if network == "sentence":
            self.text = text_vectorization(spec.shape[0], spec.vocabulary)
            self.network = SentenceCNN(
                spec.vocabulary,
                spec.num_classes,
                embedding_size=embedding_size,
                filter_widths=filter_widths,
                num_filters=num_sentence_filters,
                dropout_rate=dropout_rate,
                max_norm=max_norm,
                vectors_file=vectors_file,
                name="classifier",
            )
        else:
            self.network = ClassifierNetwork(
                spec.shape,
                spec.num_classes,
                num_filters=num_filters if network == "conv" else (),
                hidden_sizes=hidden_sizes,
                activation=activation,
                dropout_rate=dropout_rate,
                name="classifier",
            )
        self.num_features = self.network.num_features

    def groups(self) -> dict[str, list[Any]]:
        """One: one loss."""
        return {"classifier": self.network.trainable_variables}

    def initialize(self, batch: Batch) -> None:
        """Sets nothing; refuses labels that are none, -1 among them but where a model learns without too.

        Raises:
          ValueError: from `fit`, naming the label.
        """
        label = label_of(batch)
        lowest, highest = -1 if self.takes_unlabeled else 0, self.spec.num_classes - 1
        is_fault = (label < lowest) | (label > highest)
        wrong = label[tf.argmax(is_fault)]
        checked(label, ~tf.reduce_any(is_fault), "label has the value", wrong, f"; it must be {lowest} to {highest}")

    def train_step(self, batch: Batch) -> Logs:
        """One step on the cross entropy, with dropout where there is any."""
        num_units = self.network.num_dropout_units
        noise = self.row_noise((num_units,)) if num_units else None
        loss, logits = self.minimize("classifier", self._loss, batch["x"], label_of(batch), noise)
        return {"loss/classifier": loss, "accuracy": is_most_probable(logits, label_of(batch))}

    def test_step(self, batch: Batch) -> Logs:
        """-log p(y|x), nats, and the share of examples whose label is the most probable."""
        logits, label = self.predict_logits(batch["x"]), label_of(batch)
        return {"nll": cross_entropy(logits, label), "accuracy": is_most_probable(logits, label)}

    def predict_logits(self, x: tf.Tensor) -> tf.Tensor:
        """log p(y|x) up to a constant in y: [B, *event_shape] to [B, num_classes]."""
        return tf.cast(self.network(x), self.variable_dtype)

    def predict_probabilities(self, x: tf.Tensor) -> tf.Tensor:
        """p(y|x): [B, *event_shape] to [B, num_classes]."""
        return tf.nn.softmax(self.predict_logits(x))

    def features(self, x: tf.Tensor) -> tf.Tensor:
        """f(x), the last hidden layer after its activation: [B, *event_shape] to [B, num_features]."""
        return tf.cast(self.network.features(x), self.variable_dtype)

    def endpoints(self) -> dict[str, Endpoint]:
        """The default ones; of sentences `predict_text` besides, which takes a `text` as a string."""
        if self.spec.domain != "tokens":
            return default_endpoints(self)
        text = {"text": tf.TensorSpec([None], tf.string, name="text")}
        return {**default_endpoints(self), "predict_text": Endpoint(self._predict_text, text)}

    def tables(self) -> list[Any]:
        """The vocabulary of sentences."""
        return [self.text] if self.spec.domain == "tokens" else []

    def _predict_text(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """What every endpoint of predictions says of it, by the names of their answers."""
        x = tf.cast(self.text(text), self.spec.dtype)
        return {"probabilities": self.predict_probabilities(x)}

    def _loss(self, x: tf.Tensor, label: tf.Tensor, noise: tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
        logits = tf.cast(self.network(x, noise), self.variable_dtype)
        return cross_entropy(logits, label, self.label_smoothing), logits


def _check(spec: DataSpec, network: str, num_filters: tuple[int, ...]) -> None:
    """Raises ValueError for data and a network that do not go together."""
    if spec.num_classes < 2:
        raise ValueError(f"num_classes is {spec.num_classes}; a classifier needs at least 2: choose data with labels")
    require_choice("data.domain", spec.domain, _DOMAINS)
    require_choice("network", network, _NETWORKS)
    if network == "conv" and not num_filters:
        raise ValueError("num_filters is (); 'conv' needs the filters of at least one stage")
    if (network == "sentence") != (spec.domain == "tokens"):
        raise ValueError(f"network is {network!r} and data.domain {spec.domain!r}; 'sentence' goes with 'tokens'")


def label_of(batch: Batch) -> tf.Tensor:
    """The labels of a batch, int32 [B].

    Raises:
      ValueError: where it has none.
    """
    if "label" not in batch:
        raise ValueError(f"a batch has {', '.join(sorted(batch))}; a classifier needs its 'label' too, int32 [B]")
    return batch["label"]
