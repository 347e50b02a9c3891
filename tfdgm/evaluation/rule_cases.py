"""Examples that rules change the answer of: what the student says of them, what the teacher, and what is true."""

import dataclasses
import os

import numpy as np
import tensorflow as tf

from tfdgm.core.validation import require_choice
from tfdgm.data import eval_batches, open_data
from tfdgm.math.tokens import PADDING
from tfdgm.workdir.files import read_config
from tfdgm.workdir.restore import restore_model

_BATCH_SIZE = 500


@dataclasses.dataclass(frozen=True)
class RuleCase:
    """One example.

    Attributes:
      text: its words.
      label: the class that is true.
      student: the student's most probable class, and its probability by student and teacher.
      teacher: the teacher's, likewise.
    """

    text: str
    label: str
    student: tuple[str, float, float]
    teacher: tuple[str, float, float]

    @property
    def is_mended(self) -> bool:
        """Whether the teacher is right; else, of two classes, the student was."""
        return self.teacher[0] == self.label


def rule_cases(workdir: str | os.PathLike[str], *, split: str = "test", manual_dir: str = "") -> list[RuleCase]:
    """The examples of a split on which student and teacher differ, in its order.

    Raises:
      ValueError: for a model without rules about sentences, or a split that there is not.
    """
    require_choice("split", split, ("test", "validation", "train"))
    config, spec = read_config(workdir)
    model, _ = restore_model(workdir)
    if not hasattr(model, "rules_apply"):
        raise ValueError(
            f"{workdir} is a run of {model.name}, which has no rules about sentences; take teacher_student"
        )
    data = open_data(dataclasses.replace(config.data, num_labels=0), manual_dir=manual_dir)
    found = []
    for batch in eval_batches(data, split, batch_size=_BATCH_SIZE, seed=config.seed):
        p, q = (predict(batch["x"]).numpy() for predict in (model.predict_probabilities, model.predict_teacher))
        student, teacher = p.argmax(axis=1), q.argmax(axis=1)
        for row in np.flatnonzero(student != teacher):
            first, second = student[row], teacher[row]
            found.append(
                RuleCase(
                    _text(batch["x"][row], spec.vocabulary),
                    spec.class_names[int(batch["label"][row])],
                    (spec.class_names[first], float(p[row, first]), float(q[row, first])),
                    (spec.class_names[second], float(p[row, second]), float(q[row, second])),
                )
            )
    return found


def report(cases: list[RuleCase], num_shown: int) -> str:
    """How many answers the rules mend and how many they spoil, and the first of either."""
    mended = [case for case in cases if case.is_mended]
    spoilt = [case for case in cases if not case.is_mended]
    lines = [f"rules change {len(cases)} answers: {len(mended)} to the right one, {len(spoilt)} to a wrong one"]
    for title, some in (("to the right one", mended), ("to a wrong one", spoilt)):
        lines += [f"\n{title}"] if some else []
        for case in some[:num_shown]:
            (before, p_before, _), (after, _, q_after) = case.student, case.teacher
            lines.append(f"  {before} (p = {p_before:.2f}) -> {after} (q = {q_after:.2f}): {case.text}")
    return "\n".join(lines)


def _text(tokens: tf.Tensor, vocabulary: tuple[str, ...]) -> str:
    return " ".join(vocabulary[index] for index in tokens.numpy() if index != PADDING)
