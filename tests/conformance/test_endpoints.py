"""What models publish: signatures that do not change unnoticed, and exports that answer as the live model does."""

import json

import numpy as np
import pytest
import tensorflow as tf

from tests.goldens import record
from tests.goldens.precision import dtype_policy
from tests.goldens.table import COSTLY, GOLDENS
from tfdgm.export.saved_model import export_model
from tfdgm.export.signatures import trace


@pytest.fixture(scope="module")
def model(golden):
    return golden.ready()


def test_endpoints_are_flat_dicts_of_batches(model):
    for name, function in trace(model).items():
        inputs, outputs = function.structured_input_signature[1], function.structured_outputs
        assert inputs, name
        assert outputs, name
        for tensor in (*inputs.values(), *outputs.values()):
            assert tensor.shape[0] is None
            assert None not in tensor.shape[1:]


def test_signatures_are_those_of_the_snapshot(golden, model):
    """`python -m tests.goldens.record` writes them anew."""
    snapshot = json.loads(record.SIGNATURES.read_text(encoding="utf-8"))
    assert snapshot.keys() == GOLDENS.keys()
    assert record.signatures(model) == snapshot[golden.name]


@pytest.mark.parametrize("golden", COSTLY, indirect=True)
def test_an_export_answers_as_the_live_model(golden, model, tmp_path):
    loaded = tf.saved_model.load(export_model(model, tmp_path / golden.name))
    rng = np.random.default_rng(0)
    for name, endpoint in model.endpoints().items():
        inputs = {key: _example(golden, key, spec, rng) for key, spec in endpoint.inputs.items()}
        live = endpoint.fn(**inputs)
        served = loaded.signatures[name](**inputs)
        assert served.keys() == live.keys()
        for key, value in live.items():
            if value.dtype.is_floating:
                np.testing.assert_allclose(served[key], value, rtol=1e-5, atol=1e-5, err_msg=f"{name}: {key}")
            else:
                np.testing.assert_array_equal(served[key], value, err_msg=f"{name}: {key}")


def test_an_export_of_a_float64_model_takes_float32(golden, tmp_path):
    with dtype_policy("float64"):
        model = golden.ready()
    for name, function in trace(model).items():
        tensors = (*function.structured_input_signature[1].values(), *function.structured_outputs.values())
        assert tf.float64 not in [tensor.dtype for tensor in tensors], name


def _example(golden, key, spec, rng):
    if key == "seed":
        return tf.constant([4, 0, 2**50], tf.int64)
    if key == "label":
        return tf.constant(rng.integers(golden.spec.num_classes, size=3), spec.dtype)
    if key == "categories":
        return tf.constant(rng.integers(2, size=[3, *spec.shape[1:]]), spec.dtype)
    if key == "text":
        return tf.constant([" ".join(rng.choice(golden.spec.vocabulary[2:], 4)) for _ in range(3)])
    if key == "x":
        return tf.constant(golden.examples(rng, 3).reshape(3, *golden.spec.shape), spec.dtype)
    return tf.constant(rng.normal(size=[3, *spec.shape[1:]]), spec.dtype)
