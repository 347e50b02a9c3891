"""What models publish: signatures that do not change unnoticed, and exports that answer as the live model does."""

import concurrent.futures
import json

import numpy as np
import pytest
import tensorflow as tf

from serving.client import SamplerClient
from tests.goldens import record
from tests.goldens.precision import dtype_policy
from tests.goldens.table import COSTLY, GOLDENS
from tests.serving.running_server import running_server
from tfdgm.export.saved_model import export_model
from tfdgm.export.signatures import trace

_SECONDS = 600  # for one request on a machine with other work


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


@pytest.fixture(scope="module")
def exported(golden, model, tmp_path_factory):
    """Base path of the golden's export."""
    base_path = tmp_path_factory.mktemp(golden.name)
    export_model(model, base_path)
    return base_path


@pytest.fixture(scope="module")
def answers(golden, model):
    """By endpoint, inputs of three rows and what the live model answers to them."""
    rng = np.random.default_rng(0)
    examples = {
        name: {key: _example(golden, key, spec, rng) for key, spec in endpoint.inputs.items()}
        for name, endpoint in model.endpoints().items()
    }
    return {name: (inputs, model.endpoints()[name].fn(**inputs)) for name, inputs in examples.items()}


@pytest.mark.parametrize("golden", COSTLY, indirect=True)
def test_an_export_answers_as_the_live_model(golden, exported, answers):
    loaded = tf.saved_model.load(str(exported / "1"))
    for name, (inputs, live) in answers.items():
        _assert_same(name, loaded.signatures[name](**inputs), live)


@pytest.mark.parametrize("golden", COSTLY, indirect=True)
def test_a_served_model_answers_as_the_live_model(golden, exported, answers, tmp_path):
    path = tmp_path / "batching.config"
    path.write_text("max_batch_size { value: 4 } allowed_batch_sizes: 4 num_batch_threads { value: 1 }")
    flags = {"enable_batching": True, "batching_parameters_file": str(path), "enable_model_warmup": False}
    flags["rest_api_timeout_in_ms"] = 1000 * _SECONDS
    with (
        running_server(exported, file_system_poll_wait_seconds=0, **flags) as server,
        SamplerClient(server.grpc_url, "m", _SECONDS) as over_grpc,
        SamplerClient(server.rest_url, "m", _SECONDS) as over_rest,
    ):
        for name, (tensors, live) in answers.items():
            inputs = {key: value.numpy() for key, value in tensors.items()}
            served = over_grpc.predict(inputs, name)
            _assert_same(name, served, live)
            with concurrent.futures.ThreadPoolExecutor(3) as executor:  # merged as chance has it
                rows = [{key: value[row : row + 1] for key, value in inputs.items()} for row in range(3)]
                replies = list(executor.map(lambda row, name=name: over_rest.predict(row, name), rows))
            alone = {key: np.concatenate([reply[key] for reply in replies]) for key in served}
            # Vectorised functions round a row by its place in a batch too, so floats differ in the last bit.
            _assert_same(f"{name}, row by row over REST", alone, live)


def test_an_export_of_a_float64_model_takes_float32(golden, tmp_path):
    with dtype_policy("float64"):
        model = golden.ready()
    for name, function in trace(model).items():
        tensors = (*function.structured_input_signature[1].values(), *function.structured_outputs.values())
        assert tf.float64 not in [tensor.dtype for tensor in tensors], name


def _assert_same(name, found, live):
    """Floats within 1e-5, pictures within one level, everything else equal."""
    assert found.keys() == live.keys()
    for key, value in live.items():
        what, one, other = f"{name}: {key}", np.asarray(found[key]), value.numpy()
        if value.dtype.is_floating:
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5, err_msg=what)
        elif value.dtype == tf.string and key == "image_bytes":
            pixels = [
                np.stack([tf.io.decode_png(file).numpy() for file in files]).astype(int) for files in (one, other)
            ]
            np.testing.assert_allclose(*pixels, atol=1, rtol=0, err_msg=what)
        else:
            np.testing.assert_array_equal(one, other, err_msg=what)


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
