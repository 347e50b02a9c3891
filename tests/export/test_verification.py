import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework import config

import tfdgm
from tfdgm.core.types import Endpoint
from tfdgm.export.saved_model import export_model
from tfdgm.export.signatures import ExportError, trace, with_default
from tfdgm.export.verification import verify

Z = {"z": tf.TensorSpec([None, 3], tf.float32, name="z")}


def png(levels):
    pixels = (
        tf.cast(tf.fill([tf.shape(levels)[0], 4, 4, 1], 0), tf.uint8) + tf.cast(levels, tf.uint8)[:, None, None, None]
    )
    return tf.map_fn(tf.io.encode_png, pixels, fn_output_signature=tf.TensorSpec([], tf.string))


def check(path, exported, live=None):
    """Exports one function and verifies it against another."""
    model = tfdgm.build("vae", latent_dim=3, hidden_sizes=(8,))
    model.endpoints = lambda: {"f": Endpoint(exported, Z)}
    tf.saved_model.save(tf.Module(), str(path), signatures=with_default(trace(model)))
    model.endpoints = lambda: {"f": Endpoint(live or exported, Z)}
    verify(path, model)


def test_equal_functions_pass(tmp_path):
    check(
        tmp_path,
        lambda z: {
            "real": z,
            "integer": tf.cast(10.0 * z, tf.int64),
            "image_bytes": png(tf.abs(z[:, 0])),
            "nan": z / 0.0,
        },
    )


@pytest.mark.parametrize(
    ("exported", "live", "message"),
    [
        (
            lambda z: {"a": z + 0.01},
            lambda z: {"a": z},
            "output 'a', batch of 1: the largest difference is 0.01; 1e-05",
        ),
        (lambda z: {"a": z * 0.0 / 0.0}, lambda z: {"a": z}, "the largest difference is inf"),
        (
            lambda z: {"a": tf.cast(z, tf.int64) + 2},
            lambda z: {"a": tf.cast(z, tf.int64)},
            "the largest difference is 2; whole numbers must be equal",
        ),
        (
            lambda z: {"a": png(z[:, 0] * 0 + 7)},
            lambda z: {"a": png(z[:, 0] * 0 + 5)},
            "the largest difference is 2 grey levels; 1 is allowed",
        ),
        (
            lambda z: {"a": tf.strings.as_string(z[:, 0] * 0)},
            lambda z: {"a": tf.strings.as_string(z[:, 0] * 0 + 1)},
            "is not b'1.000000'",
        ),
        (lambda z: {"a": z}, lambda z: {"a": z[:, :2]}, r"is float32 \[1, 3\]; it must be float32 \[1, 2\]"),
        (lambda z: {"a": z}, lambda z: {"b": z}, r"gives \['a'\] when exported, \['b'\] live"),
    ],
    ids=["real", "nan", "integer", "picture", "text", "shape", "outputs"],
)
def test_what_differs_is_named_with_the_largest_difference(tmp_path, exported, live, message):
    with pytest.raises(ExportError, match=message):
        check(tmp_path, exported, live)


def test_differences_within_the_tolerance_pass(tmp_path):
    check(tmp_path, lambda z: {"a": z + 5e-6, "b": 1e4 + z + 0.05}, lambda z: {"a": z, "b": 1e4 + z})
    check(tmp_path, lambda z: {"a": png(z[:, 0] * 0 + 6)}, lambda z: {"a": png(z[:, 0] * 0 + 5)})


@pytest.mark.parametrize(
    "fn",
    [
        lambda z: {"a": z - tf.reduce_mean(z, axis=0)},
        lambda z: {"a": z + tf.cast(tf.range(tf.shape(z)[0]), tf.float32)[:, None]},
        lambda z: {"a": z + z[:1]},
    ],
    ids=["batch statistics", "position", "first row"],
)
def test_rows_must_not_depend_on_their_batch(tmp_path, fn):
    with pytest.raises(ExportError, match="endpoint 'serving_default', output 'a': the same row with other neighbours"):
        check(tmp_path, fn)


def test_missing_signatures_are_found(tmp_path):
    model = tfdgm.build("vae", latent_dim=3, hidden_sizes=(8,))
    model.endpoints = lambda: {"f": Endpoint(lambda z: {"a": z}, Z)}
    tf.saved_model.save(tf.Module(), str(tmp_path), signatures=trace(model))
    with pytest.raises(ExportError, match=r"the export has the signatures \['f'\]; the model has \['f', 'serving_d"):
        verify(tmp_path, model)


def test_rows_of_a_vae_are_independent_and_its_samples_equal(tmp_path):
    model = tfdgm.build("vae", latent_dim=3, hidden_sizes=(8,))
    functions = with_default(trace(model))
    module = tf.Module()
    module.weights = [weight.value for weight in model.weights]
    tf.saved_model.save(module, str(tmp_path), signatures=functions)
    verify(tmp_path, model)
    model.decoder.get_layer("outputs").bias.assign_add(np.full(64, 0.5, np.float32))
    with pytest.raises(ExportError, match=r"endpoint '\w+', output 'samples'"):
        verify(tmp_path, model)


@pytest.fixture
def deterministic():
    tf.config.experimental.enable_op_determinism()
    yield
    config.disable_op_determinism()  # TensorFlow has no public way back


@pytest.mark.usefixtures("deterministic")
def test_a_deterministic_process_is_told_to_export_in_another(tmp_path):
    with pytest.raises(ExportError, match="op determinism is on in this process.*export in a new process"):
        export_model(tfdgm.build("vae", latent_dim=3, hidden_sizes=(8,)), tmp_path)
    assert list(tmp_path.iterdir()) == []
