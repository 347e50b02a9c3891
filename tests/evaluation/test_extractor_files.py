import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdgm
from tfdgm.configs.sample_evaluation import SampleEvaluation
from tfdgm.core.types import DataSpec
from tfdgm.evaluation import extractor_files
from tfdgm.evaluation.extractor_files import open_extractor, open_network
from tfdgm.models.base import GenerativeModel

X = np.random.default_rng(0).random((3, 4, 4, 1)).astype(np.float32)


class TinyClassifier(GenerativeModel):
    def __init__(self, spec):
        super().__init__(spec, name="tiny_classifier")
        self.hidden = keras.layers.Dense(5)
        self.last = keras.layers.Dense(spec.num_classes)
        self.hidden.build((None, 16))
        self.last.build((None, 5))

    def features(self, x):
        return self.hidden(tf.reshape(x, [-1, 16]))

    def predict_probabilities(self, x):
        return tf.nn.softmax(self.last(self.features(x)))


class Exported(tf.Module):
    def __init__(self, signature_names):
        super().__init__()
        self.weights = tf.Variable(np.random.default_rng(1).standard_normal((16, 3)).astype(np.float32))
        spec = tf.TensorSpec([None, 4, 4, 1], tf.float32, name="x")
        functions = {
            "features": tf.function(lambda x: {"features": self.hidden(x)}, input_signature=[spec]),
            "predict": tf.function(lambda x: {"probabilities": tf.nn.softmax(self.hidden(x))}, input_signature=[spec]),
            "serving_default": tf.function(lambda x: {"output_0": 2.0 * self.hidden(x)}, input_signature=[spec]),
            "other": tf.function(lambda x: {"y": x}, input_signature=[spec]),
        }
        self.published = {name: functions[name].get_concrete_function() for name in signature_names}

    def hidden(self, x):
        return tf.reshape(x, [-1, 16]) @ self.weights


@pytest.fixture
def export(tmp_path):
    def write(*names):
        module = Exported(names)
        tf.saved_model.save(module, str(tmp_path / "saved"), signatures=module.published)
        return module, str(tmp_path / "saved")

    return write


def test_a_run_is_an_extractor_where_its_model_has_features(monkeypatch, tmp_path):
    model = TinyClassifier(DataSpec((4, 4, 1), domain="symmetric", num_classes=2))
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setattr(extractor_files, "restore_model", lambda workdir: (model, None))
    network = open_network(str(tmp_path))
    found = network.outputs(X)
    np.testing.assert_array_equal(found["features"], model.features(X))
    np.testing.assert_array_equal(found["probabilities"], model.predict_probabilities(X))
    assert (network.shape, network.domain, network.num_classes) == ((4, 4, 1), "symmetric", 2)
    assert network.is_classifier
    assert network.name == str(tmp_path)


def test_the_hash_of_a_run_is_that_of_its_weights(monkeypatch, tmp_path):
    model = TinyClassifier(DataSpec((4, 4, 1), num_classes=2))
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setattr(extractor_files, "restore_model", lambda workdir: (model, None))
    before = open_network(str(tmp_path)).sha256
    model.step.assign(7)  # counts steps, and is no weight
    assert open_network(str(tmp_path)).sha256 == before
    model.last.bias.assign(model.last.bias + 1e-6)
    assert open_network(str(tmp_path)).sha256 != before


def test_a_run_without_features_is_refused_and_leaves_the_policy(workdir):
    keras.config.set_dtype_policy("float64")
    try:
        with pytest.raises(ValueError, match="whose model vae has no features; classifiers have"):
            open_network(str(workdir))
        assert keras.config.dtype_policy().name == "float64"
    finally:
        keras.config.set_dtype_policy("float32")
    assert hasattr(tfdgm.load(workdir), "sample")


def test_a_saved_model_with_features_and_classes(export):
    module, path = export("features", "predict", "serving_default")
    network = open_network(path, "symmetric")
    found = network.outputs(X)
    np.testing.assert_allclose(found["features"], module.hidden(X), rtol=1e-6)
    np.testing.assert_allclose(found["probabilities"], tf.nn.softmax(module.hidden(X)), rtol=1e-6)
    assert (network.shape, network.domain, network.num_classes) == ((4, 4, 1), "symmetric", 3)
    assert network.sha256 == open_network(path).sha256


def test_a_saved_model_with_one_output(export):
    module, path = export("serving_default")
    network = open_network(path)
    assert set(network.outputs(X)) == {"features"}
    np.testing.assert_allclose(network.outputs(X)["features"], 2.0 * module.hidden(X), rtol=1e-6)


def test_a_saved_model_that_gives_none_is_refused(export):
    _, path = export("other")
    with pytest.raises(ValueError, match=r"with the signatures \['other'\]; it needs 'features'"):
        open_network(path)


def test_a_keras_file_is_one(tmp_path):
    keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten()]).save(tmp_path / "flat.keras")
    network = open_network(str(tmp_path / "flat.keras"), "uint8")
    np.testing.assert_array_equal(network.outputs(X)["features"], X.reshape(3, 16))
    assert network.domain == "uint8"


@pytest.mark.parametrize("name", ["/nowhere", "model.h5", "classifer:mnist"])
def test_what_is_not_there_is_refused_with_what_could_be(name):
    with pytest.raises(
        ValueError, match=f"extractor is '{name}', which does not exist; it must be classifier:<dataset>"
    ):
        open_network(name)


def test_inception_is_asked_for_with_its_file():
    with pytest.raises(ValueError, match="inception_v3' with weights '', which is no file"):
        open_network("inception_v3")


def test_the_classifier_of_the_data_set_is_the_default(monkeypatch, tmp_path):
    model, asked = TinyClassifier(DataSpec((4, 4, 1), num_classes=2)), []
    monkeypatch.setattr(extractor_files, "restore_model", lambda workdir: (model, None))
    monkeypatch.setattr(extractor_files, "trained_classifier", lambda *args: asked.append(args) or tmp_path / "run")
    for name in ("", "classifier:mnist"):
        settings = SampleEvaluation(extractor=name)
        extractor = open_extractor(settings, "mnist", DataSpec((6, 6, 3)), folder="cache", train=print)
        assert extractor.network.name == "classifier:mnist"
        assert extractor.features(np.zeros((2, 6, 6, 3), np.float32)).shape == (2, extractor.num_features) == (2, 5)
    assert asked == [("classifier:mnist", extractor_files.pathlib.Path("cache"), print)] * 2


def test_training_a_classifier_leaves_the_policy_of_the_run(monkeypatch, tmp_path):
    model, policies = TinyClassifier(DataSpec((4, 4, 1), num_classes=2)), []

    def trained(*args):
        policies.append(keras.config.dtype_policy().name)
        keras.config.set_dtype_policy("float64")
        return tmp_path

    monkeypatch.setattr(extractor_files, "restore_model", lambda workdir: (model, None))
    monkeypatch.setattr(extractor_files, "trained_classifier", trained)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        open_extractor(SampleEvaluation(), "mnist", DataSpec((4, 4, 1)))
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
    assert policies == ["float32"]


def test_any_other_extractor_is_opened_by_its_path(tmp_path):
    path = str(tmp_path / "flat.keras")
    keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten()]).save(path)
    settings = SampleEvaluation(extractor=path, extractor_domain="uint8")
    extractor = open_extractor(settings, "mnist", DataSpec((4, 4, 1)))
    assert (extractor.network.name, extractor.network.domain, extractor.num_features) == (path, "uint8", 16)


def test_data_that_are_no_images_are_refused_before_anything_is_trained():
    with pytest.raises(ValueError, match=r"data.shape is \(2,\) and data.domain 'real'; an extractor"):
        open_extractor(SampleEvaluation(), "mixture8", DataSpec((2,), domain="real"), train=pytest.fail)
