import hashlib

import keras
import numpy as np
import pytest

from tfdgm.evaluation.hashes import hash_of_files
from tfdgm.evaluation.keras_extractors import inception_v3, keras_network


def tiny(last="softmax", outputs=None):
    x = keras.Input((6, 5, 1))
    hidden = keras.layers.Dense(4, activation="relu", name="hidden")(keras.layers.Flatten()(x))
    y = keras.layers.Dense(3, activation=last, name="last")(hidden)
    return keras.Model(x, outputs(hidden, y) if outputs else y)


def saved(model, tmp_path):
    path = tmp_path / "extractor.keras"
    model.save(path)
    return path


X = np.random.default_rng(0).random((2, 6, 5, 1)).astype(np.float32)


def test_of_a_classifier_features_are_what_its_softmax_layer_sees(tmp_path):
    model = tiny()
    path = saved(model, tmp_path)
    network = keras_network(path, str(path), "symmetric")
    found = network.outputs(X)
    np.testing.assert_allclose(found["probabilities"], model(X), rtol=1e-6)
    hidden = keras.Model(model.inputs, model.get_layer("hidden").output)
    np.testing.assert_allclose(found["features"], hidden(X), rtol=1e-6)
    assert (network.shape, network.domain, network.num_classes) == ((6, 5, 1), "symmetric", 3)
    assert network.sha256 == hashlib.sha256(path.read_bytes()).hexdigest() == hash_of_files([path])
    assert not network.is_classifier


def test_softmax_may_be_a_layer_of_its_own(tmp_path):
    model = keras.Sequential(
        [keras.Input((6, 5, 1)), keras.layers.Flatten(), keras.layers.Dense(3), keras.layers.Softmax()]
    )
    found = keras_network(saved(model, tmp_path), "name", "unit").outputs(X)
    np.testing.assert_allclose(keras.ops.softmax(found["features"]), found["probabilities"], rtol=1e-6)


def test_any_other_output_is_the_features(tmp_path):
    model = tiny(last=None)
    network = keras_network(saved(model, tmp_path), "name", "unit")
    found = network.outputs(X)
    assert set(found) == {"features"}
    np.testing.assert_allclose(found["features"], model(X), rtol=1e-6)
    assert network.num_classes == 0


def test_outputs_can_be_named(tmp_path):
    model = tiny(outputs=lambda hidden, y: {"probabilities": y, "features": hidden, "more": y})
    network = keras_network(saved(model, tmp_path), "name", "unit")
    found = network.outputs(X)
    assert set(found) == {"features", "probabilities"}
    np.testing.assert_allclose(found["features"], model(X)["features"], rtol=1e-6)
    assert network.num_classes == 3


def test_what_gives_no_features_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"outputs are \['a', 'b'\]; one must be called 'features'"):
        keras_network(saved(tiny(outputs=lambda h, y: {"a": h, "b": y}), tmp_path), "name", "unit")
    with pytest.raises(ValueError, match="the extractor has 2 outputs; of several one must be called 'features'"):
        keras_network(saved(tiny(outputs=lambda h, y: [h, y]), tmp_path), "name", "unit")
    vectors = keras.Sequential([keras.Input((6,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match=r"extractor is 'name', which takes \(None, 6\)"):
        keras_network(saved(vectors, tmp_path), "name", "unit")


@pytest.mark.parametrize("weights", ["", "/nowhere/inception.h5"])
def test_inception_without_weights_is_refused_and_downloads_nothing(weights):
    with pytest.raises(
        ValueError, match=r"which is no file; name one that is at hand, inception_v3:<file>: nothing is"
    ):
        inception_v3(weights)


@pytest.mark.slow
@pytest.mark.parametrize("with_classes", [True, False])
def test_inception_gives_its_last_means(tmp_path, with_classes):
    keras.utils.set_random_seed(1)
    if with_classes:
        model, name = keras.applications.InceptionV3(weights=None), "kernels.weights.h5"
    else:
        shape = (299, 299, 3)
        model = keras.applications.InceptionV3(weights=None, include_top=False, pooling="avg", input_shape=shape)
        name = "kernels_notop.weights.h5"
    path = tmp_path / name
    model.save_weights(path)
    network = inception_v3(str(path))
    x = np.random.default_rng(0).uniform(-1.0, 1.0, (1, 299, 299, 3)).astype(np.float32)
    found = network.outputs(x)
    assert found["features"].shape == (1, 2048)
    assert (network.name, network.shape, network.domain) == ("inception_v3", (299, 299, 3), "symmetric")
    assert network.num_classes == (1000 if with_classes else 0)
    expected = found["probabilities"] if with_classes else found["features"]
    np.testing.assert_allclose(expected, model(x, training=False), rtol=1e-4)
