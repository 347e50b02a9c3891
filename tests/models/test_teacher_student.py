"""Teacher and student: q of the rules by hand, pi = 0 as the classifier alone, unknown labels, ensembles, refusals."""

import math

import keras
import numpy as np
import pytest
import scipy.special
import tensorflow as tf

from tests.goldens.precision import dtype_policy
from tfdgm.core.types import DataSpec
from tfdgm.models.registry import build

SPEC = DataSpec(
    (5,),
    "int32",
    "tokens",
    num_levels=0,
    num_classes=2,
    class_names=("negative", "positive"),
    vocabulary=("", "[UNK]", "good", "bad", "but", "plain"),
)
PICTURES = DataSpec((4, 4, 1), domain="unit", num_levels=0, num_classes=3)
X = np.array([[2, 4, 3, 0, 0], [3, 5, 2, 1, 0], [3, 3, 4, 2, 2], [2, 0, 0, 0, 0]], np.int32)
LABEL = np.array([0, 1, 1, 1], np.int32)
NETWORK = {"network": "sentence", "embedding_size": 3, "filter_widths": (2,), "num_sentence_filters": 4}


def _model(name="teacher_student", spec=SPEC, **fields):
    keras.utils.set_random_seed(0)
    with dtype_policy("float64"):
        return build(name, spec, **{**NETWORK, "dropout_rate": 0.3, **fields})


def _images(**fields):
    fields = {
        "network": "mlp",
        "hidden_sizes": (5,),
        "teacher_num_filters": (2,),
        "teacher_hidden_sizes": (4,),
        **fields,
    }
    return _model(spec=PICTURES, teacher="ensemble", **fields)


def _fit(model, label=LABEL, x=X, num_steps=3):
    model.compile({group: keras.optimizers.Adam(1e-2) for group in model.groups()})
    model.fit(tf.data.Dataset.from_tensors({"x": x, "label": label}).repeat(num_steps), verbose=0)
    return model


def test_q_is_the_student_times_what_the_clause_says():
    model = _model(regularization=6.0)
    p, q = model.predict_probabilities(X).numpy(), model.predict_teacher(X).numpy()
    clauses = np.array([[3, 0, 0, 0, 0], [2, 2, 0, 0, 0]], np.int32)
    of_clauses = model.predict_probabilities(clauses).numpy()
    for row, sigma in ((0, of_clauses[0]), (2, of_clauses[1])):
        weight = p[row] * np.exp(6.0 * (1.0 + sigma) / 2.0)
        np.testing.assert_allclose(q[row], weight / weight.sum(), rtol=1e-10)
    np.testing.assert_allclose(q[[1, 3]], p[[1, 3]], rtol=1e-12)
    np.testing.assert_array_equal(model.rules_apply(X), [True, False, True, False])


def test_without_imitation_it_is_the_classifier_bit_for_bit():
    student = _fit(_model(imitation_limit=0.0))
    alone = _fit(_model("classifier"))
    for one, other in zip(student.network.weights, alone.network.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    taught = _fit(_model(imitation_limit=0.5, imitation_steps=1))
    assert any(np.any(one != other) for one, other in zip(taught.network.weights, alone.network.weights, strict=True))


def test_a_step_is_by_hand():
    """Plain gradient descent, no dropout, pi = 1/2 from the first step on."""
    model = _model(dropout_rate=0.0, imitation_limit=0.5, imitation_decay=0.0)
    model.phase_step.assign(1)
    bias = model.network.outputs.bias
    p, q = model.predict_probabilities(X).numpy(), model.predict_teacher(X).numpy()
    expected = bias.numpy() - 0.125 * (p - 0.5 * np.eye(2)[LABEL] - 0.5 * q).mean(axis=0)
    model.compile(keras.optimizers.SGD(0.125))
    model.fit(tf.data.Dataset.from_tensors({"x": X, "label": LABEL}), verbose=0)
    np.testing.assert_allclose(bias, expected, rtol=1e-10)


def test_labels_that_are_none_are_refused_but_for_unknown_ones():
    model = _model()
    model.compile("sgd")
    wrong = np.array([0, -1, 2, 1], np.int32)
    with pytest.raises(ValueError, match=r"label has the value 2 ?; it must be -1 to 1"):
        model.fit(tf.data.Dataset.from_tensors({"x": X, "label": wrong}), verbose=0)


def test_without_labels_a_student_hears_its_teacher_alone():
    model = _model(dropout_rate=0.0, imitation_limit=0.5, imitation_decay=0.0)
    model.phase_step.assign(1)
    unknown = np.full_like(LABEL, -1)
    p, q = model.predict_probabilities(X).numpy(), model.predict_teacher(X).numpy()
    expected = -0.5 * np.sum(q * np.log(p), axis=1).mean()
    model.compile(keras.optimizers.SGD(0.0))
    history = model.fit(tf.data.Dataset.from_tensors({"x": X, "label": unknown}), verbose=0).history
    assert history["loss/classifier"][-1] == pytest.approx(expected, rel=1e-10)


def test_confidences_learn_towards_what_labels_obey():
    """One step by hand, p held: lambda moves by C times E_target[r] - E_q[r]."""
    fields = {"rules": ("a_but_b", "a_but_b_released"), "confidences": (0.5, 0.0), "regularization": 2.0}
    model = _model(learns_confidences=True, dropout_rate=0.0, imitation_limit=0.25, imitation_decay=0.0, **fields)
    model.phase_step.assign(1)
    label = np.array([0, 1, 1, -1], np.int32)
    p, truth = model.predict_probabilities(X).numpy(), model.teacher.rules.truth(X, model.predict_probabilities).numpy()
    q = p * np.exp(2.0 * truth @ [0.5, 0.0])
    q /= q.sum(axis=1, keepdims=True)
    target = np.where(label[:, None] >= 0, 0.75 * np.eye(2)[label] + 0.25 * p, p)
    slope = 2.0 * np.einsum("bk,bkl->bl", target - q, truth).mean(axis=0)
    model.compile({"classifier": keras.optimizers.SGD(0.0), "confidences": keras.optimizers.SGD(0.125)})
    history = model.fit(tf.data.Dataset.from_tensors({"x": X, "label": label}), verbose=0).history
    np.testing.assert_allclose(model.confidences, [0.5, 0.0] + 0.125 * slope, rtol=1e-10)
    assert history["confidence/a_but_b"][-1] == pytest.approx(0.5 + 0.125 * slope[0])
    after = p * np.exp(2.0 * truth @ model.confidences.numpy())
    # The bound on the norm of a class's weights rounds them a little.
    np.testing.assert_allclose(model.predict_teacher(X), after / after.sum(axis=1, keepdims=True), rtol=1e-6)


def test_teachers_learn_first_and_their_mean_is_the_target():
    model = _images(num_teachers=2, num_teacher_steps=7)
    assert [(phase.name, phase.steps) for phase in model.phases()] == [("teachers", 7), ("student", None)]
    rng = np.random.default_rng(0)
    x, label = rng.random((6, 4, 4, 1)), np.array([0, 1, 2, 0, 1, -1], np.int32)
    before = [weight.numpy() for weight in model.network.weights]
    moved = [weight.numpy() for weight in model.teacher_networks[1].weights]
    _fit(model, label, x)
    for one, other in zip(before, model.network.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert any(np.any(one != other) for one, other in zip(moved, model.teacher_networks[1].weights, strict=True))
    probabilities = [scipy.special.softmax(network(x), axis=1) for network in model.teacher_networks]
    np.testing.assert_allclose(model.predict_teacher(x), np.mean(probabilities, axis=0), rtol=1e-10)
    model.phase = model.phases()[1]
    held = [weight.numpy() for weight in model.teacher_networks[1].weights]
    model.make_train_function(force=True)
    model.fit(tf.data.Dataset.from_tensors({"x": x, "label": label}), verbose=0)
    for one, other in zip(held, model.teacher_networks[1].weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert any(np.any(one != other) for one, other in zip(before, model.network.weights, strict=True))
    assert not hasattr(model, "rules_apply")


def test_strings_are_answered_by_student_and_teacher():
    model = _model()
    found = model.endpoints()["predict_text"].fn(text=tf.constant(["GOOD but bad", "bad plain good unheard-of"]))
    np.testing.assert_allclose(found["probabilities"], model.predict_probabilities(X[:2]), rtol=1e-12)
    np.testing.assert_allclose(found["teacher_probabilities"], model.predict_teacher(X[:2]), rtol=1e-12)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"teacher": "parent"}, r"teacher is 'parent'; it must be one of rules, ensemble"),
        ({"teacher": "ensemble"}, r"teacher is 'ensemble' and shape \(5,\)"),
        ({"rules": ("a_but_b", "a_but_b"), "confidences": (1.0, 1.0)}, r"is there twice"),
        ({"confidences": (-1.0,)}, r"confidence is -1.0"),
        ({"learns_confidences": True, "confidences": (math.inf,)}, r"rules with finite ones can learn them"),
        ({"logic": "fuzzy"}, r"logic is 'fuzzy'"),
        ({"imitation_limit": 1.5}, r"imitation_limit is 1.5; it must lie between 0.0 and 1.0"),
        ({"temperature": 0.0}, r"temperature is 0.0; it must be above 0"),
        ({"regularization": -1.0}, r"regularization is -1.0"),
        ({"num_teachers": 0}, r"num_teachers is 0"),
        ({"network": "mlp"}, r"network is 'mlp' and data.domain 'tokens'; 'sentence' goes with 'tokens'"),
    ],
)
def test_fields_that_cannot_be_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        _model(**fields)


def test_rules_about_sentences_are_refused_for_pictures():
    with pytest.raises(ValueError, match=r"teacher is 'rules' and data.domain 'unit'"):
        _model(spec=PICTURES, network="mlp")
