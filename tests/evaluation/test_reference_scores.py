import json

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.core.types import DataSpec
from tfdgm.data import Data
from tfdgm.evaluation.extractor import Extractor, ExtractorNetwork
from tfdgm.evaluation.frechet_distance import frechet_distance
from tfdgm.evaluation.inception_score import inception_score
from tfdgm.evaluation.reference_scores import reference_scores, table, write_scores

SPEC = DataSpec((1, 3, 1), num_classes=3)


def make_extractor(with_classes=True, name="classifier:mine"):
    def outputs(x):
        rows = tf.reshape(x, [-1, 3])
        return {"features": rows, **({"probabilities": tf.nn.softmax(9.0 * rows)} if with_classes else {})}

    return Extractor(ExtractorNetwork(name, "0123456789abcdef" * 4, (1, 3, 1), "unit", outputs, 3 * with_classes), SPEC)


def labelled(num, seed):
    label = np.arange(num) % 3
    noise = np.random.default_rng(seed).random((num, 3))
    return (0.5 * np.eye(3)[label] + 0.5 * noise).reshape(num, 1, 3, 1).astype(np.float32), label


@pytest.fixture(scope="module")
def data():
    (x, label), (x_test, label_test) = labelled(150, 0), labelled(60, 1)
    return Data.from_arrays(
        x, x[:0], x_test, spec=SPEC, label_train=label, label_validation=label[:0], label_test=label_test
    )


def test_the_yardstick_is_the_mean_distance_of_data_without_a_class(data):
    scores = reference_scores(data, "mine", make_extractor(), num_examples=90, num_splits=3)
    x, label = labelled(150, 0)
    train, test = x.reshape(150, 3).astype(np.float64), labelled(60, 1)[0].reshape(60, 3).astype(np.float64)
    without = [frechet_distance(test, train[label != each][:90]) for each in range(3)]
    assert list(scores["fid_without_class"].values()) == pytest.approx(without)
    assert scores["yardstick"] == pytest.approx(np.mean(without))
    assert scores["fid"] == pytest.approx(frechet_distance(test, train[:90]))
    assert scores["fid"] < 0.2 * scores["yardstick"]
    probabilities = np.exp(9.0 * train[:90])
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    expected = inception_score(probabilities, 3)
    assert (scores["inception_score"], scores["inception_score_std"]) == pytest.approx(expected, rel=1e-4)


def test_scores_say_what_they_rest_on(data, tmp_path):
    scores = reference_scores(data, "mine", make_extractor(), num_examples=90, num_splits=3)
    lines = table(scores).splitlines()
    assert [line.split("  ")[0] for line in lines[:-1]] == [
        "C-FID of training examples",
        "C-IS of training examples",
        "C-FID without class 0",
        "C-FID without class 1",
        "C-FID without class 2",
        "yardstick: mean C-FID without a class",
    ]
    rests_on = "90 training examples against 60 test examples; classifier:mine, sha256 0123456789ab; images 1x3 as they"
    assert lines[-1].startswith(rests_on)
    path = write_scores(tmp_path, scores)
    assert path == tmp_path / "reference-scores" / "mine.json"
    stored = json.loads(path.read_text())
    assert stored["extractor"]["sha256"] == "0123456789abcdef" * 4
    assert {"commit", "versions"} <= set(stored)
    assert stored["yardstick"] == scores["yardstick"]


def test_another_extractor_s_figures_are_no_c_fid(data):
    scores = reference_scores(data, "mine", make_extractor(name="mine.keras"), num_examples=90, num_splits=3)
    assert table(scores).startswith("FID of training examples")


def test_what_has_no_yardstick_is_refused(data):
    with pytest.raises(ValueError, match="there are 100 training examples without class 0; a score needs at least 101"):
        reference_scores(data, "mine", make_extractor(), num_examples=101)
    with pytest.raises(ValueError, match="extractor classifier:mine gives features alone; reference scores need"):
        reference_scores(data, "mine", make_extractor(with_classes=False), num_examples=90)
    x, _ = labelled(150, 0)
    unlabelled = Data.from_arrays(x, x[:0], x[:60], spec=DataSpec((1, 3, 1)))
    with pytest.raises(ValueError, match="data.name is 'mine', which has no labels"):
        reference_scores(unlabelled, "mine", make_extractor(), num_examples=90)
