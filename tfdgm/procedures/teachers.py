"""Who a student learns from besides its labels: log s(y|x), of the student itself and rules, or of other networks."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import keras
import tensorflow as tf

from tfdgm.knowledge.sentence_rules import SentenceRules
from tfdgm.objectives.distillation import mixture_log_prob
from tfdgm.objectives.posterior_regularization import projected_log_prob

Predict = Callable[[tf.Tensor], tf.Tensor]
"""The student's p(y|x), [B, *event_shape] to [B, K]."""


class Teacher(Protocol):
    """Gives soft targets.

    Attributes:
      networks: of its own, trained before the student; none where it is made of the student.
    """

    networks: Sequence[keras.layers.Layer]

    def log_prob(self, x: tf.Tensor, student_logits: tf.Tensor, predict: Predict) -> tf.Tensor:
        """log s(y|x), normalised, [B, K], of x and the student's logits for it."""


class RuleTeacher:
    """The student projected into what rules allow: q(y|x) of posterior regularisation, rebuilt whenever it is asked.

    References:
      Hu, Ma, Liu, Hovy & Xing (2016), Harnessing deep neural networks with logic rules, eq. 4.
    """

    networks: Sequence[keras.layers.Layer] = ()

    def __init__(self, rules: SentenceRules, regularization: float, confidences: keras.Variable | None = None) -> None:
        """Takes the rules.

        Args:
          rules: about sentences.
          regularization: C, which multiplies the confidences.
          confidences: lambda, one a rule, where they are learned; None: those that the rules have.
        """
        self.rules = rules
        self._regularization = regularization
        self._confidences = rules.rules.confidences if confidences is None else confidences

    def strengths(self, dtype: str) -> tf.Tensor:
        """C lambda, [L]."""
        return self._regularization * tf.cast(tf.convert_to_tensor(self._confidences), dtype)

    def log_prob(self, x: tf.Tensor, student_logits: tf.Tensor, predict: Predict) -> tf.Tensor:
        """See `Teacher`."""
        strengths = self.strengths(student_logits.dtype.name)
        return projected_log_prob(student_logits, self.rules.truth(x, predict), strengths)


class EnsembleTeacher:
    """The mean of the probabilities of networks that have learned before, of one network its own.

    References:
      Hinton, Vinyals & Dean (2015), Distilling the knowledge in a neural network, section 3.
    """

    def __init__(self, networks: Sequence[Any]) -> None:
        """Takes the networks, each from x to logits [B, K]."""
        self.networks = list(networks)

    def log_prob(self, x: tf.Tensor, student_logits: tf.Tensor, predict: Predict) -> tf.Tensor:
        """See `Teacher`; the student has no part in it."""
        del predict
        logits = [tf.cast(network(x), student_logits.dtype) for network in self.networks]
        return mixture_log_prob(tf.nn.log_softmax(tf.stack(logits)))
