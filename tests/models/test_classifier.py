"""The classifier: its loss and logs against NumPy, its capabilities, what it learns, and what it refuses."""

import keras
import numpy as np
import pytest
import scipy.special
import tensorflow as tf
from sklearn.linear_model import LogisticRegression

from tests.goldens.precision import dtype_policy
from tfdgm.configs import get_config
from tfdgm.core.types import DataSpec
from tfdgm.models.registry import build
from tfdgm.training.run import train
from tfdgm.workdir.restore import restore_model

SPEC = DataSpec((6, 5, 1), domain="unit", num_levels=0, num_classes=3)
X = np.random.default_rng(0).random((12, 6, 5, 1))
LABEL = np.random.default_rng(1).integers(0, 3, 12).astype(np.int32)


def _model(spec=SPEC, **fields):
    fields = {"num_filters": (2,), "hidden_sizes": (4,), **fields}
    with dtype_policy("float64"):
        model = build("classifier", spec, **fields)
    rng = np.random.default_rng(2)
    for variable in model.network.trainable_variables:
        variable.assign(rng.normal(size=variable.shape))
    return model


def _dataset(x=X, label=LABEL):
    return tf.data.Dataset.from_tensors({"x": x, "label": label})


def _log_p(model):
    return scipy.special.log_softmax(model.predict_logits(X).numpy(), axis=1)


def test_features_feed_the_last_layer():
    model = _model(hidden_sizes=(7, 4))
    features = model.features(X).numpy()
    kernel, bias = (weight.numpy() for weight in model.network.outputs.weights)
    assert features.shape == (12, model.num_features) == (12, 4)
    assert features.min() == 0.0 < features.max()  # after the activation
    np.testing.assert_allclose(model.predict_logits(X), features @ kernel + bias, rtol=1e-12)


def test_probabilities_are_the_softmax_of_logits():
    model = _model()
    np.testing.assert_allclose(model.predict_probabilities(X), np.exp(_log_p(model)), rtol=1e-12)


def test_evaluation_is_the_mean_of_nll_and_accuracy():
    model = _model(label_smoothing=0.3, dropout_rate=0.5)  # neither is for evaluation
    model.compile("sgd")
    found = model.evaluate(_dataset(), return_dict=True, verbose=0)
    log_p = _log_p(model)
    assert found["nll"] == pytest.approx(-log_p[np.arange(12), LABEL].mean(), rel=1e-10)
    assert 0.0 < found["accuracy"] < 1.0
    assert found["accuracy"] == pytest.approx((log_p.argmax(axis=1) == LABEL).mean())
    assert set(found) == {"nll", "accuracy"}


@pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
def test_a_step_descends_the_smoothed_cross_entropy(label_smoothing):
    """Of the last layer, whose gradient is f(x) (p - q)."""
    model = _model(label_smoothing=label_smoothing)
    features, p = model.features(X).numpy(), np.exp(_log_p(model))
    q = (1.0 - label_smoothing) * np.eye(3)[LABEL] + label_smoothing / 3
    kernel, bias = (weight.numpy() for weight in model.network.outputs.weights)
    model.compile(keras.optimizers.SGD(0.125))
    history = model.fit(_dataset(), verbose=0).history
    assert history["loss/classifier"][0] == pytest.approx(-(q * np.log(p)).sum(axis=1).mean(), rel=1e-10)
    found = [weight.numpy() for weight in model.network.outputs.weights]
    np.testing.assert_allclose(found[0], kernel - 0.125 * features.T @ (p - q) / 12, rtol=1e-9)
    np.testing.assert_allclose(found[1], bias - 0.125 * (p - q).mean(axis=0), rtol=1e-9)


def test_dropout_is_anew_in_each_step_and_the_same_in_each_run():
    losses = []
    for _ in range(2):
        model = _model(dropout_rate=0.5)
        model.compile(keras.optimizers.SGD(0.0))
        losses.append([model.fit(_dataset(), verbose=0).history["loss/classifier"][0] for _ in range(4)])
    assert len(set(losses[0])) == 4
    assert losses[0] == losses[1]


def test_without_a_hidden_layer_it_is_logistic_regression():
    """At the optimum of the penalised likelihood that scikit-learn finds, the gradient is that of the penalty."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(200, 4))
    label = np.argmax(x[:, :3] + rng.normal(size=(200, 3)), axis=1).astype(np.int32)
    expected = LogisticRegression(C=1e6, tol=1e-10, max_iter=10_000).fit(x, label)
    spec = DataSpec((4,), domain="real", num_levels=0, num_classes=3)
    model = _model(spec, network="mlp", hidden_sizes=())
    model.compile(keras.optimizers.Adam(0.05), steps_per_execution=100)
    model.fit(_dataset(x, label).repeat(2000), verbose=0)
    np.testing.assert_allclose(model.predict_probabilities(x), expected.predict_proba(x), atol=1e-4)


def test_it_learns_which_half_is_lit():
    rng = np.random.default_rng(4)
    label = rng.integers(0, 2, 400).astype(np.int32)
    x = rng.random((400, 6, 6, 1)).astype(np.float32)
    x[np.arange(400), 3 * label + rng.integers(0, 3, 400)] += 1.0
    spec = DataSpec((6, 6, 1), domain="real", num_levels=0, num_classes=2)
    model = build("classifier", spec, num_filters=(4,), hidden_sizes=(16,), dropout_rate=0.2)
    model.compile(keras.optimizers.Adam(0.01))
    model.fit(_dataset(x[:300], label[:300]).unbatch().batch(50).repeat(30), verbose=0)
    held_out = model.evaluate(_dataset(x[300:], label[300:]), return_dict=True, verbose=0)
    assert held_out["accuracy"] > 0.97


@pytest.mark.slow
def test_the_same_configuration_gives_the_same_weights(tmp_path):
    """Bit for bit: their hash stands beside every figure made with them."""
    models = []
    for name in ("first", "second"):
        train(get_config("classifier:digits:smoke"), tmp_path / name)
        models.append(restore_model(tmp_path / name)[0])
    for one, other in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_it_publishes_predictions_first_and_features():
    assert list(_model().endpoints()) == ["predict", "features"]
    assert not hasattr(_model(), "sample")


@pytest.mark.parametrize(
    ("spec", "fields", "message"),
    [
        ({"num_classes": 0}, {}, "num_classes is 0; a classifier needs at least 2: choose data with labels"),
        ({"num_classes": 1}, {}, "num_classes is 1; a classifier needs at least 2"),
        ({"domain": "uint8", "dtype": "uint8"}, {}, "data.domain is 'uint8'; it must be one of binary, unit"),
        ({}, {"network": "cnn"}, "network is 'cnn'; it must be one of conv, mlp"),
        ({}, {"num_filters": ()}, r"num_filters is \(\); 'conv' needs the filters of at least one stage"),
        ({}, {"label_smoothing": 1.5}, "label_smoothing is 1.5; it must lie between 0.0 and 1.0"),
        ({"shape": (4,)}, {}, r"shape is \(4,\); a convolutional network needs images \[height, width, channels\]"),
    ],
)
def test_what_no_classifier_can_have_is_refused(spec, fields, message):
    fields_of_spec = {"shape": (6, 5, 1), "num_classes": 3, **spec}
    with pytest.raises(ValueError, match=message):
        build("classifier", DataSpec(**fields_of_spec), **fields)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ({"x": X}, "a batch has x; a classifier needs its 'label' too, int32"),
        ({"x": X, "label": LABEL + 1}, r"label has the value 3 ; it must be 0 to 2"),
        ({"x": X, "label": LABEL - 1}, r"label has the value -1 ; it must be 0 to 2"),
    ],
)
def test_labels_that_are_none_are_refused_before_the_first_step(batch, message):
    model = _model()
    model.compile("sgd")
    with pytest.raises(ValueError, match=message):
        model.fit(tf.data.Dataset.from_tensors(batch), verbose=0)
    assert int(model.step) == 0
