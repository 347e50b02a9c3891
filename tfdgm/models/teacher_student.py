"""A classifier that learns from its labels and from a teacher: rules, or networks that learned before.

Student:  sigma(y|x) = softmax(network(x))
Teacher:  `rules`     q(y|x) = sigma(y|x) exp(C sum_l lambda_l (r_l(x, y) - 1)) / Z      (Hu et al. 2016, eq. 4)
          `ensemble`  q(y|x) = mean of p_m(y|x), m = 1 to M, trained in a phase before   (Hinton et al. 2015)
Student's loss at step t:  (1 - pi_t) loss(y, sigma) + pi_t T^2 loss(q^(1/T), sigma^(1/T))   (eq. 2)
without a label its second term alone; q is a target: no gradient goes through it.
Learned confidences, before the student's step and with p held: by  -E_target[log q],  the target the label and, in the
share pi_t or where there is none, p itself: mutual distillation (Hu et al. 2016b, section 3.2).
The rules' teacher is made of the student at each step: with r held, EM for
(1 - pi) L(theta) + pi min_q [KL(q || sigma_theta) - C sum_l lambda_l E_q r_l],  each M step one gradient step.
"""

import math
from typing import Any, ClassVar

import tensorflow as tf

from tfdgm.core.types import DataSpec, Phase
from tfdgm.core.validation import require_at_least, require_choice
from tfdgm.knowledge.sentence_rules import sentence_rules
from tfdgm.knowledge.soft_logic import SOFT_LOGICS
from tfdgm.math.categorical import cross_entropy, is_most_probable
from tfdgm.models.base import Batch, Logs
from tfdgm.models.classifier import Classifier, label_of
from tfdgm.networks.classifier import ClassifierNetwork
from tfdgm.objectives.confidences import confidence_loss
from tfdgm.objectives.distillation import ImitationSchedule, distillation_loss
from tfdgm.procedures.teachers import EnsembleTeacher, RuleTeacher

_TEACHER_STREAM = 1  # noise of the teachers' dropout


class TeacherStudent(Classifier):
    """Student and teacher; the fields are those of `tfdgm.configs.teacher_student.TeacherStudentConfig`."""

    takes_unlabeled: ClassVar[bool] = True

    def __init__(
        self,
        spec: DataSpec,
        *,
        teacher: str = "rules",
        rules: tuple[str, ...] = ("a_but_b",),
        confidences: tuple[float, ...] = (1.0,),
        regularization: float = 6.0,
        learns_confidences: bool = False,
        logic: str = "lukasiewicz",
        imitation_limit: float = 1.0,
        imitation_decay: float = 0.95,
        imitation_steps: int = 100,
        temperature: float = 1.0,
        num_teachers: int = 1,
        teacher_num_filters: tuple[int, ...] = (32, 64),
        teacher_hidden_sizes: tuple[int, ...] = (128,),
        num_teacher_steps: int = 1000,
        **kwargs: Any,
    ) -> None:
        """Builds student and teacher for `spec`.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        super().__init__(spec, **kwargs)
        require_choice("teacher", teacher, _TEACHERS)
        require_choice("logic", logic, SOFT_LOGICS)
        require_at_least(1, num_teachers=num_teachers, num_teacher_steps=num_teacher_steps)
        require_at_least(0.0, regularization=regularization)
        if temperature <= 0.0:
            raise ValueError(f"temperature is {temperature}; it must be above 0")
        self.imitation = ImitationSchedule(imitation_limit, imitation_decay, imitation_steps)
        self.temperature, self.num_teacher_steps = temperature, num_teacher_steps
        fields = {
            "rules": rules,
            "confidences": confidences,
            "regularization": regularization,
            "variable": None,
            "logic": logic,
            "num_teachers": num_teachers,
            "num_filters": teacher_num_filters,
            "hidden_sizes": teacher_hidden_sizes,
            "dropout_rate": self.network.dropout_rate,
        }
        if learns_confidences:
            _require_learnable(teacher, confidences)
            fields["variable"] = self.confidences = self.add_weight(
                (len(confidences),), lambda shape, dtype: tf.constant(confidences, dtype), name="confidences"
            )
        self.rule_names, self.learns_confidences = rules, learns_confidences
        self.teacher = _TEACHERS[teacher](spec, fields)
        self.teacher_networks = list(self.teacher.networks)
        self.phase = self.phases()[0]
        if isinstance(self.teacher, RuleTeacher):
            self.rules_apply = self.teacher.rules.applies  # bool [B]: whether a rule speaks of an example

    def phases(self) -> list[Phase]:
        """The student's; before it, where the teacher has networks of its own, theirs."""
        student = Phase("student", groups=("confidences", "classifier") if self.learns_confidences else ("classifier",))
        if not self.teacher_networks:
            return [student]
        return [Phase("teachers", steps=self.num_teacher_steps, groups=("teachers",)), student]

    def groups(self) -> dict[str, list[Any]]:
        """The student; the teacher's own networks, and the confidences of its rules where they are learned."""
        own = [variable for network in self.teacher_networks for variable in network.trainable_variables]
        others = {"teachers": own, "confidences": [self.confidences] if self.learns_confidences else []}
        return {**super().groups(), **{name: variables for name, variables in others.items() if variables}}

    def train_step(self, batch: Batch) -> Logs:
        """One step of the student, or of the teachers while it is their phase."""
        x, label = batch["x"], label_of(batch)
        if self.phase.name == "teachers":
            losses = self.minimize("teachers", self._teachers_loss, x, label)
            return {"loss/teachers": losses}
        imitation, own_logits = self.imitation.share(self.phase_step, self.variable_dtype), self.predict_logits(x)
        logs = {"imitation": imitation}
        if self.learns_confidences:
            truth = self.teacher.rules.truth(x, self.predict_probabilities)
            logs["loss/confidences"] = self.minimize(
                "confidences", self._confidences_loss, own_logits, truth, label, imitation
            )
            logs |= {f"confidence/{name}": self.confidences[index] for index, name in enumerate(self.rule_names)}
        # E step: the teacher, of the student as it is.
        log_q = self.teacher.log_prob(x, own_logits, self.predict_probabilities)
        # M step: towards the labels and towards the teacher.
        num_units = self.network.num_dropout_units
        noise = self.row_noise((num_units,)) if num_units else None
        loss, logits = self.minimize("classifier", self._student_loss, x, label, noise, log_q, imitation)
        known = tf.cast(label >= 0, logits.dtype)
        share = tf.reduce_sum(is_most_probable(logits, label) * known) / tf.maximum(tf.reduce_sum(known), 1.0)
        return {"loss/classifier": loss, "accuracy": share, **logs}

    def test_step(self, batch: Batch) -> Logs:
        """The student's -log p(y|x), nats, the accuracies of student and teacher, and how often they agree."""
        label, q = label_of(batch), self.predict_teacher(batch["x"])
        students = tf.argmax(self.predict_logits(batch["x"]), axis=1, output_type=label.dtype)
        found = {"teacher_accuracy": is_most_probable(q, label), "agreement": is_most_probable(q, students)}
        return {**super().test_step(batch), **found}

    def predict_teacher(self, x: tf.Tensor) -> tf.Tensor:
        """q(y|x): [B, *event_shape] to [B, num_classes]."""
        return tf.exp(self.teacher.log_prob(x, self.predict_logits(x), self.predict_probabilities))

    def _predict_text(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        x = tf.cast(self.text(text), self.spec.dtype)
        return {**super()._predict_text(text), "teacher_probabilities": self.predict_teacher(x)}

    def _student_loss(
        self, x: tf.Tensor, label: tf.Tensor, noise: tf.Tensor | None, log_q: tf.Tensor, imitation: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        logits = tf.cast(self.network(x, noise), self.variable_dtype)
        return distillation_loss(logits, label, log_q, imitation, self.temperature), logits

    def _confidences_loss(
        self, logits: tf.Tensor, truth: tf.Tensor, label: tf.Tensor, imitation: tf.Tensor
    ) -> tf.Tensor:
        """-E_target[log q], the target (1 - pi) the label's and pi p's; p's alone where there is no label."""
        p = tf.nn.softmax(logits)
        of_label = tf.one_hot(label, self.spec.num_classes, dtype=p.dtype)
        known = tf.cast(label >= 0, p.dtype)[:, tf.newaxis]
        target = known * ((1.0 - imitation) * of_label + imitation * p) + (1.0 - known) * p
        return confidence_loss(tf.nn.log_softmax(logits), truth, self.teacher.strengths(p.dtype.name), target)

    def _teachers_loss(self, x: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
        """Each network by itself, with dropout of its own."""
        losses = []
        for index, network in enumerate(self.teacher_networks):
            units = network.num_dropout_units
            noise = self.row_noise((units,), _TEACHER_STREAM + index) if units else None
            logits = tf.cast(network(x, noise), self.variable_dtype)
            losses.append(cross_entropy(logits, tf.maximum(label, 0)) * tf.cast(label >= 0, self.variable_dtype))
        return tf.add_n(losses)


def _require_learnable(teacher: str, confidences: tuple[float, ...]) -> None:
    if teacher != "rules" or not all(map(math.isfinite, confidences)):
        raise ValueError(
            f"learns_confidences is True, teacher {teacher!r} and confidences are {confidences}; "
            "rules with finite ones can learn them"
        )


def _rule_teacher(spec: DataSpec, fields: dict[str, Any]) -> RuleTeacher:
    if spec.domain != "tokens":
        raise ValueError(f"teacher is 'rules' and data.domain {spec.domain!r}; the rules are about sentences, 'tokens'")
    class_names = spec.class_names or tuple(map(str, range(spec.num_classes)))
    rules = sentence_rules(fields["rules"], fields["confidences"], spec.vocabulary, class_names, fields["logic"])
    return RuleTeacher(rules, fields["regularization"], fields["variable"])


def _ensemble_teacher(spec: DataSpec, fields: dict[str, Any]) -> EnsembleTeacher:
    if len(spec.shape) != 3:
        raise ValueError(f"teacher is 'ensemble' and shape {spec.shape}; its networks are of images")
    return EnsembleTeacher(
        [
            ClassifierNetwork(
                spec.shape,
                spec.num_classes,
                num_filters=fields["num_filters"],
                hidden_sizes=fields["hidden_sizes"],
                dropout_rate=fields["dropout_rate"],
                name=f"teacher_{index}",
            )
            for index in range(fields["num_teachers"])
        ]
    )


_TEACHERS = {"rules": _rule_teacher, "ensemble": _ensemble_teacher}
