"""A tagger of words that learns from tags and from rules about neighbouring ones (Hu et al. 2016, section 4.2).

Student:  p(y|x) = prod_t softmax(network(x)_t)
Teacher:  q(y|x) = p(y|x) exp(C sum_l lambda_l sum_t (r_l(y_{t-1}, y_t) - 1)) / Z, a linear chain, worked out exactly
Loss:     (1 - pi_t) sum_t -log p(y_t|x) + pi_t sum_t -E_q[log p(y_t|x)],  by the marginals of q
With an infinite lambda, q has no mass on tags that break its rule.
"""

import math
from typing import Any

import tensorflow as tf

from tfdgm.core.types import DataSpec, Endpoint
from tfdgm.core.validation import require_at_least
from tfdgm.knowledge.tag_rules import tag_rules, transition_scores
from tfdgm.math import chains
from tfdgm.math.tokens import PADDING
from tfdgm.models.base import Batch, GenerativeModel, Logs
from tfdgm.models.classifier import label_of
from tfdgm.networks.text import text_vectorization, words_and_spelling
from tfdgm.networks.word_tagger import WordTagger
from tfdgm.objectives.distillation import ImitationSchedule


class Tagger(GenerativeModel):
    """p(y|x) of the tags of words; the fields are those of `tfdgm.configs.tagger.TaggerConfig`."""

    def __init__(
        self,
        spec: DataSpec,
        *,
        embedding_size: int = 64,
        num_byte_filters: int = 32,
        num_filters: tuple[int, ...] = (128, 128),
        window: int = 3,
        dropout_rate: float = 0.5,
        rules: tuple[str, ...] = ("inside_continues",),
        confidences: tuple[float, ...] = (math.inf,),
        regularization: float = 1.0,
        imitation_limit: float = 0.5,
        imitation_decay: float = 0.95,
        imitation_steps: int = 100,
        **kwargs: Any,
    ) -> None:
        """Builds the network and the teacher's chain for `spec`.

        Raises:
          ValueError: for data that are no tagged texts; naming a field with a value that it cannot have.
        """
        super().__init__(spec, **kwargs)
        if spec.domain != "tokens" or len(spec.shape) != 2:
            raise ValueError(
                f"data.domain is {spec.domain!r} and shape {spec.shape}; "
                "a tagger needs tagged texts, [words, 1 + bytes]"
            )
        require_at_least(0.0, regularization=regularization)
        self.imitation = ImitationSchedule(imitation_limit, imitation_decay, imitation_steps)
        self.text = text_vectorization(spec.shape[0], spec.vocabulary)
        self.rules = tag_rules(rules, confidences, spec.class_names)
        self.transitions = transition_scores(self.rules, spec.class_names, regularization)
        self._outside = spec.class_names.index("O")
        self.network = WordTagger(
            spec.vocabulary,
            spec.num_classes,
            embedding_size=embedding_size,
            num_byte_filters=num_byte_filters,
            num_filters=num_filters,
            window=window,
            dropout_rate=dropout_rate,
            name="tagger",
        )

    def groups(self) -> dict[str, list[Any]]:
        """One: one loss."""
        return {"tagger": self.network.trainable_variables}

    def train_step(self, batch: Batch) -> Logs:
        """One step towards the tags and towards the teacher, which is made of the student as it is."""
        x, label = batch["x"], label_of(batch)
        num_units = self.network.num_dropout_units
        noise = self.row_noise((self.event_shape[0], num_units)) if num_units else None
        end = tf.reduce_max(_num_words(x))  # behind it there is padding alone, which would cost as much as words
        x, label, noise = (value if value is None else value[:, :end] for value in (x, label, noise))
        log_q = self.teacher_log_marginals(x)
        pi = self.imitation.share(self.phase_step, self.variable_dtype)
        loss = self.minimize("tagger", self._loss, x, label, noise, log_q, pi)
        return {"loss/tagger": loss, "imitation": pi}

    def test_step(self, batch: Batch) -> Logs:
        """-log p(y|x) of a sentence, nats, and the shares of words whose tag is right, of student and teacher."""
        x, label = batch["x"], label_of(batch)
        log_p = tf.nn.log_softmax(self.tag_logits(x))
        is_word = tf.cast(label >= 0, log_p.dtype)
        nll = -tf.reduce_sum(is_word * tf.gather(log_p, tf.maximum(label, 0), axis=2, batch_dims=2), axis=1)
        words = tf.maximum(tf.reduce_sum(is_word), 1.0)
        shares = {
            name: tf.reduce_sum(is_word * tf.cast(tags == label, log_p.dtype)) / words
            for name, tags in (("accuracy", self.predict_tags(x)), ("teacher_accuracy", self.predict_teacher_tags(x)))
        }
        return {"nll": nll, **shares}

    def tag_logits(self, x: tf.Tensor) -> tf.Tensor:
        """log p(y_t|x) up to a constant in y_t: int [B, L, 1 + C] to [B, L, K]."""
        return tf.cast(self.network(x), self.variable_dtype)

    def tag_probabilities(self, x: tf.Tensor) -> tf.Tensor:
        """p(y_t|x): int [B, L, 1 + C] to [B, L, K]."""
        return tf.nn.softmax(self.tag_logits(x))

    def teacher_tag_probabilities(self, x: tf.Tensor) -> tf.Tensor:
        """q(y_t|x), the marginals of the chain, 0 behind a sentence's end: [B, L, K]."""
        return tf.exp(self.teacher_log_marginals(x))

    def predict_tags(self, x: tf.Tensor) -> tf.Tensor:
        """The student's most probable tags, int32 [B, L]."""
        return tf.argmax(self.tag_logits(x), axis=2, output_type=tf.int32)

    def predict_teacher_tags(self, x: tf.Tensor) -> tf.Tensor:
        """The teacher's most probable sequence of tags, int32 [B, L]."""
        return chains.most_probable(*self._chain(x))[0]

    def teacher_log_marginals(self, x: tf.Tensor) -> tf.Tensor:
        """log q(y_t|x), -inf behind a sentence's end: [B, L, K]."""
        return chains.log_marginals(*self._chain(x))[0]

    def endpoints(self) -> dict[str, Endpoint]:
        """Tags and their probabilities, of student and teacher: of `x`, and of a `text` as a string."""
        x = {"x": tf.TensorSpec([None, *self.event_shape], self.spec.dtype, name="x")}
        text = {"text": tf.TensorSpec([None], tf.string, name="text")}
        return {"predict": Endpoint(self._predict, x), "predict_text": Endpoint(self._predict_text, text)}

    def tables(self) -> list[Any]:
        """The vocabulary."""
        return [self.text]

    def _predict_text(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        return self._predict(words_and_spelling(text, self.text, self.event_shape[0], self.event_shape[1] - 1))

    def _predict(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {
            "probabilities": self.tag_probabilities(x),
            "tags": self.predict_tags(x),
            "teacher_probabilities": self.teacher_tag_probabilities(x),
            "teacher_tags": self.predict_teacher_tags(x),
        }

    def _chain(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Potentials of q: of each word, of each transition; and the number of words."""
        log_p = tf.nn.log_softmax(self.tag_logits(x))
        transitions = tf.constant(self.transitions, log_p.dtype)
        # Before the first word one is outside.
        first = log_p[:, :1] + transitions[self._outside]
        return tf.concat([first, log_p[:, 1:]], axis=1), transitions, _num_words(x)

    def _loss(
        self, x: tf.Tensor, label: tf.Tensor, noise: tf.Tensor | None, log_q: tf.Tensor, pi: tf.Tensor
    ) -> tf.Tensor:
        """[B], nats: sums over the words."""
        log_p = tf.nn.log_softmax(tf.cast(self.network(x, noise), self.variable_dtype))
        is_word = tf.cast(label >= 0, log_p.dtype)
        of_label = -tf.gather(log_p, tf.maximum(label, 0), axis=2, batch_dims=2)
        of_teacher = -tf.reduce_sum(tf.stop_gradient(tf.exp(log_q)) * log_p, axis=2)
        return tf.reduce_sum(is_word * ((1.0 - pi) * of_label + pi * of_teacher), axis=1)


def _num_words(x: tf.Tensor) -> tf.Tensor:
    """int32 [B]: up to the last that is no padding."""
    places = tf.range(1, tf.shape(x)[1] + 1)
    return tf.reduce_max(tf.where(x[:, :, 0] != PADDING, places, 0), axis=1)
