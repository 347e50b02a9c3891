"""The examples that rules change the answer of, by a classifier whose opinions are set by hand."""

import keras
import numpy as np

from tfdgm.configs.experiment import DataConfig
from tfdgm.core.types import DataSpec
from tfdgm.data import Data
from tfdgm.evaluation import rule_cases
from tfdgm.models.registry import build

SPEC = DataSpec(
    (4,),
    "int32",
    "tokens",
    num_levels=0,
    num_classes=2,
    class_names=("negative", "positive"),
    vocabulary=("", "[UNK]", "good", "bad", "but"),
)
X = np.array([[2, 4, 3, 3], [3, 4, 2, 2], [2, 3, 0, 0], [2, 2, 4, 3]], np.int32)
LABEL = np.array([0, 1, 0, 1], np.int32)


def _opinionated():
    """A classifier of the first word and the last that there is: its logit is 1 for good, -1 for bad, summed."""
    keras.utils.set_random_seed(0)
    model = build(
        "teacher_student",
        SPEC,
        network="sentence",
        embedding_size=2,
        filter_widths=(1,),
        num_sentence_filters=2,
        dropout_rate=0.0,
        regularization=60.0,
    )
    network = model.network
    network.embeddings.assign([[0, 0], [0, 0], [1, 0], [0, 1], [0, 0]])
    network.convolutions[0].kernel.assign(np.eye(2)[np.newaxis])
    network.convolutions[0].bias.assign([0, 0])
    # Whoever says good at all is a little positive; with bad besides it stays so.
    network.outputs.kernel.assign([[-1.0, 1.0], [0.75, -0.75]])
    network.outputs.bias.assign([0, 0])
    return model


def test_cases_are_the_examples_that_student_and_teacher_differ_on(monkeypatch):
    data = Data.from_arrays(X, X, X, spec=SPEC, label_train=LABEL, label_validation=LABEL, label_test=LABEL)
    config = type("Config", (), {"data": DataConfig(name="sst2"), "seed": 0})
    monkeypatch.setattr(rule_cases, "read_config", lambda workdir: (config, SPEC))
    monkeypatch.setattr(rule_cases, "restore_model", lambda workdir: (_opinionated(), None))
    monkeypatch.setattr(rule_cases, "open_data", lambda config, manual_dir: data)
    found = rule_cases.rule_cases("run")
    # "good but bad bad" and "good good but bad" are positive to the student, and negative to who looks behind "but".
    assert [case.text for case in found] == ["good but bad bad", "good good but bad"]
    assert [(case.student[0], case.teacher[0]) for case in found] == [("positive", "negative")] * 2
    assert [case.is_mended for case in found] == [True, False]
    assert all(case.student[1] > 0.5 > case.student[2] and case.teacher[2] > 0.5 > case.teacher[1] for case in found)
    lines = rule_cases.report(found, 5).splitlines()
    assert lines[0] == "rules change 2 answers: 1 to the right one, 1 to a wrong one"
    assert lines[3].startswith("  positive (p = 0.")
    assert lines[3].endswith("good but bad bad")
