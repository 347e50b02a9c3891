"""The tagger: its teacher against every sequence of tags, its loss by hand, strings, and what it refuses."""

import itertools
import math

import keras
import numpy as np
import pytest
import scipy.special
import tensorflow as tf

from tests.goldens.precision import dtype_policy
from tfdgm.core.types import DataSpec
from tfdgm.models.registry import build

NAMES = ("O", "B-place", "I-place")
SPEC = DataSpec(
    (4, 3),
    "int32",
    "tokens",
    num_levels=0,
    num_classes=3,
    class_names=NAMES,
    vocabulary=("", "[UNK]", "in", "new", "york"),
)
X = np.array([[[2, 105, 110], [3, 78, 101], [4, 89, 111], [0, 0, 0]], [[4, 89, 111], [1, 33, 0], [0, 0, 0], [0, 0, 0]]])
X = X.astype(np.int32)
LABEL = np.array([[0, 1, 2, -1], [1, 0, -1, -1]], np.int32)
FIELDS = {"embedding_size": 3, "num_byte_filters": 2, "num_filters": (4,), "dropout_rate": 0.0}


def _model(spec=SPEC, **fields):
    keras.utils.set_random_seed(0)
    with dtype_policy("float64"):
        model = build("tagger", spec, **{**FIELDS, **fields})
    rng = np.random.default_rng(0)
    for variable in model.network.variables:
        variable.assign(rng.normal(size=variable.shape))
    return model


def _enumerated(log_p, cost):
    """Marginals and the most probable tags of q over all sequences; `cost` of a pair of tags, O before the first."""
    tags = list(itertools.product(range(3), repeat=len(log_p)))
    scores = [
        sum(log_p[t, y] - cost(sequence[t - 1] if t else 0, y) for t, y in enumerate(sequence)) for sequence in tags
    ]
    q = scipy.special.softmax(scores)
    marginals = np.zeros_like(log_p)
    for weight, sequence in zip(q, tags, strict=True):
        marginals[np.arange(len(log_p)), sequence] += weight
    return marginals, tags[int(np.argmax(q))]


@pytest.mark.parametrize("confidence", [math.inf, 0.7])
def test_q_is_p_times_the_rules_over_all_sequences(confidence):
    model = _model(confidences=(confidence,), regularization=2.0)
    log_p = np.log(model.tag_probabilities(X).numpy())
    found, tags = model.teacher_tag_probabilities(X).numpy(), model.predict_teacher_tags(X).numpy()

    def cost(before, tag):
        return 2.0 * confidence if tag == 2 and before == 0 else 0.0

    for row, num_words in enumerate((3, 2)):
        marginals, best = _enumerated(log_p[row, :num_words], cost)
        np.testing.assert_allclose(found[row, :num_words], marginals, rtol=1e-10, atol=1e-14)
        np.testing.assert_array_equal(tags[row, :num_words], best)
        np.testing.assert_array_equal(found[row, num_words:], 0.0)


def test_with_an_infinite_confidence_no_tag_breaks_its_rule():
    model = _model()
    for seed in range(20):
        rng = np.random.default_rng(seed)
        for variable in model.network.variables:
            variable.assign(3.0 * rng.normal(size=variable.shape))
        for row, num_words in zip(model.predict_teacher_tags(X).numpy(), (3, 2), strict=True):
            before = np.array([0, *row[: num_words - 1]])
            assert not np.any((row[:num_words] == 2) & (before == 0))
        assert np.all(model.teacher_tag_probabilities(X).numpy()[:, 0, 2] == 0.0)


def test_a_step_is_by_hand():
    model = _model(imitation_limit=0.25, imitation_decay=0.0)
    model.phase_step.assign(1)
    p, q = model.tag_probabilities(X).numpy(), model.teacher_tag_probabilities(X).numpy()
    is_word = (LABEL >= 0)[:, :, None]
    target = 0.75 * np.eye(3)[np.maximum(LABEL, 0)] + 0.25 * q
    expected = model.network.outputs.bias.numpy() - 0.125 * np.sum(is_word * (p - target), axis=1).mean(axis=0)
    model.compile(keras.optimizers.SGD(0.125))
    model.fit(tf.data.Dataset.from_tensors({"x": X, "label": LABEL}), verbose=0, shuffle=False)
    np.testing.assert_allclose(model.network.outputs.bias, expected, rtol=1e-10)


def test_evaluation_is_of_words_alone():
    model = _model()
    model.compile("sgd")
    found = model.evaluate(tf.data.Dataset.from_tensors({"x": X, "label": LABEL}), return_dict=True, verbose=0)
    log_p, is_word = np.log(model.tag_probabilities(X).numpy()), LABEL >= 0
    of_label = np.take_along_axis(log_p, np.maximum(LABEL, 0)[..., None], axis=2)[..., 0]
    assert found["nll"] == pytest.approx(-(is_word * of_label).sum() / 2, rel=1e-10)
    assert found["accuracy"] == pytest.approx(np.mean((log_p.argmax(axis=2) == LABEL)[is_word]))


def test_strings_are_answered_as_rows_are():
    model = _model()
    found = model.endpoints()["predict_text"].fn(text=tf.constant(["in New Yo", "Yo !"]))
    rows = [
        [[2, 105, 110], [3, 78, 101], [1, 89, 111], [0, 0, 0]],
        [[1, 89, 111], [1, 33, 0], [0, 0, 0], [0, 0, 0]],
    ]
    by_row = model.endpoints()["predict"].fn(x=tf.constant(rows))
    for name, value in by_row.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-12, err_msg=name)


def test_what_cannot_be_is_refused():
    sentences = DataSpec((4,), "int32", "tokens", num_levels=0, num_classes=2, vocabulary=("", "[UNK]"))
    with pytest.raises(ValueError, match=r"a tagger needs tagged texts, \[words, 1 \+ bytes\]"):
        _model(sentences)
    with pytest.raises(ValueError, match=r"imitation_limit is 2.0; it must lie between 0.0 and 1.0"):
        _model(imitation_limit=2.0)
    with pytest.raises(ValueError, match=r"rules has 'none'"):
        _model(rules=("none",))
