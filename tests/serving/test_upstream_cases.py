"""What TensorFlow Serving tests its own server for, asked of this one as a process under the same flags.

The cases are those of its `tensorflow_model_server_test.py` that concern a server without TF Lite and profiler, written
anew: a half-plus-two and a half-plus-three of TensorFlow 1, a file of both, requests of every kind over gRPC and REST.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import grpc
import numpy as np
import pytest
import tensorflow as tf
import urllib3
from google.protobuf import text_format
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

from serving import server
from tests.serving.models_file import models_text

_v1 = tf.compat.v1


def _export(folder: Path, constant: float) -> None:
    """A SavedModel of TensorFlow 1: y = x / 2 + constant, with the signatures of TensorFlow's own half-plus-two."""
    with tf.Graph().as_default(), _v1.Session() as session:
        half = _v1.get_variable("a", initializer=0.5)
        serialized = _v1.placeholder(tf.string, [None], name="tf_example")
        parsed = tf.io.parse_example(serialized, {"x": tf.io.FixedLenFeature([1], tf.float32)})
        x = _v1.placeholder_with_default(tf.identity(parsed["x"]), [None, 1], name="x")
        y = tf.add(half * x, constant, name="y")
        utils = _v1.saved_model.signature_def_utils
        info = _v1.saved_model.utils.build_tensor_info
        signatures = {
            "serving_default": utils.predict_signature_def({"x": x}, {"y": y}),
            "classify_x_to_y": utils.build_signature_def(
                {"inputs": info(serialized)}, {"scores": info(y)}, "tensorflow/serving/classify"
            ),
            "regress_x_to_y": utils.build_signature_def(
                {"inputs": info(serialized)}, {"outputs": info(y)}, "tensorflow/serving/regress"
            ),
        }
        session.run(_v1.global_variables_initializer())
        builder = _v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(session, ["serve"], signature_def_map=signatures)
        builder.save()


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("upstream")
    _export(folder / "half_plus_two" / "00000123", 2.0)
    _export(folder / "half_plus_three" / "00000123", 3.0)
    return folder


@pytest.fixture(scope="module")
def process(folders):
    """Ports of a server of half-plus-two from a file of models that is looked at each second."""
    (folders / "models.config").write_text(models_text(folders, ("half_plus_two", "")))
    (folders / "batching.config").write_text("max_batch_size { value: 8 } allowed_batch_sizes: 8")
    (folders / "monitoring.config").write_text('prometheus_config { enable: true, path: "/metrics" }')
    command = [
        sys.executable,
        "-m",
        "serving.server",
        "--port=0",
        "--rest_api_port=-1",
        "--rest_api_timeout_in_ms=30000",
    ]
    command += [f"--model_config_file={folders / 'models.config'}", "--model_config_file_poll_wait_seconds=1"]
    command += ["--enable_batching", f"--batching_parameters_file={folders / 'batching.config'}"]
    command += [f"--monitoring_config_file={folders / 'monitoring.config'}", f"--port_file={folders / 'ports'}"]
    command += ["--grpc_channel_arguments=grpc.max_connection_age_ms=2000,grpc.lb_policy_name=grpclb"]
    command += [f"--grpc_socket_path={folders / 'socket'}", "--enable_signature_method_name_check", "--log_format=json"]
    command += ["--log_requests"]
    with (folders / "log").open("w") as log:
        running = subprocess.Popen(command, stderr=log, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"})
    try:
        deadline = time.monotonic() + 120
        while not (folders / "ports").exists():
            assert running.poll() is None, (folders / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield json.loads((folders / "ports").read_text())
    finally:
        running.kill()
        running.wait()


@pytest.fixture(scope="module")
def channel(process):
    with grpc.insecure_channel(f"127.0.0.1:{process['grpc']}") as channel:
        yield channel


@pytest.fixture(scope="module")
def prediction(channel):
    return prediction_service_pb2_grpc.PredictionServiceStub(channel)


def _rest(process, path, document=None):
    body = None if document is None else json.dumps(document)
    response = urllib3.request(
        "GET" if body is None else "POST", f"http://127.0.0.1:{process['rest']}{path}", body=body
    )
    return response.status, json.loads(response.data)


def _predict(stub, name="half_plus_two", wanted=("y",), x=(2.0,)):
    request = predict_pb2.PredictRequest(output_filter=wanted)
    request.model_spec.name = name
    request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.float32(x)))
    return stub.Predict(request, timeout=60)


def _example_request(kind, signature):
    request = kind()
    request.model_spec.name, request.model_spec.signature_name = "half_plus_two", signature
    request.input.example_list.examples.add().features.feature["x"].float_list.value.append(2.0)
    return request


def _check_spec(spec, signature):
    assert (spec.name, spec.signature_name, spec.version.value) == ("half_plus_two", signature, 123)


# The model states [?, 1]; TensorFlow's own cases send [1], which a session of TensorFlow 1 takes.
@pytest.mark.parametrize(("x", "sizes"), [([2.0], [1]), ([[2.0]], [1, 1]), (2.0, [])])
@pytest.mark.parametrize("wanted", [("y",), ()])
def test_predict_with_batching(prediction, wanted, x, sizes):
    response = _predict(prediction, wanted=wanted, x=x)
    assert list(response.outputs["y"].float_val) == [3.0]
    assert [dim.size for dim in response.outputs["y"].tensor_shape.dim] == sizes
    _check_spec(response.model_spec, "serving_default")


def test_predict_over_a_unix_socket(folders, process):
    with grpc.insecure_channel(f"unix:{folders / 'socket'}") as channel:
        response = _predict(prediction_service_pb2_grpc.PredictionServiceStub(channel))
    assert list(response.outputs["y"].float_val) == [3.0]


def test_classify(prediction):
    response = prediction.Classify(_example_request(classification_pb2.ClassificationRequest, "classify_x_to_y"))
    ((one,),) = [row.classes for row in response.result.classifications]
    assert one.score == 3.0
    _check_spec(response.model_spec, "classify_x_to_y")


def test_regress(prediction):
    response = prediction.Regress(_example_request(regression_pb2.RegressionRequest, "regress_x_to_y"))
    assert [one.value for one in response.result.regressions] == [3.0]
    _check_spec(response.model_spec, "regress_x_to_y")


def test_multi_inference(prediction):
    request = inference_pb2.MultiInferenceRequest()
    for method in ("regress", "classify"):
        task = request.tasks.add(method_name=f"tensorflow/serving/{method}")
        task.model_spec.name, task.model_spec.signature_name = "half_plus_two", f"{method}_x_to_y"
    request.input.example_list.examples.add().features.feature["x"].float_list.value.append(2.0)
    first, second = prediction.MultiInference(request).results
    assert first.regression_result.regressions[0].value == 3.0
    assert second.classification_result.classifications[0].classes[0].score == 3.0
    _check_spec(first.model_spec, "regress_x_to_y")
    _check_spec(second.model_spec, "classify_x_to_y")


def test_status_and_metadata(channel, prediction):
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "half_plus_two"
    (status,) = model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(request).model_version_status
    assert (status.version, status.status.error_code) == (123, 0)
    metadata = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    metadata.model_spec.name = "half_plus_two"
    signatures = get_model_metadata_pb2.SignatureDefMap()
    prediction.GetModelMetadata(metadata).metadata["signature_def"].Unpack(signatures)
    assert signatures.signature_def["classify_x_to_y"].method_name == "tensorflow/serving/classify"


def test_rest(process):
    path = "/v1/models/half_plus_two"
    assert _rest(process, f"{path}:predict", {"instances": [2.0, 3.0, 4.0]}) == (200, {"predictions": [3.0, 3.5, 4.0]})
    assert _rest(process, f"{path}:predict", {"inputs": [2.0, 3.0, 4.0]}) == (200, {"outputs": [3.0, 3.5, 4.0]})
    body = {"signature_name": "classify_x_to_y", "examples": [{"x": 2.0}]}
    assert _rest(process, f"{path}:classify", body) == (200, {"results": [[["", 3.0]]]})
    body = {"signature_name": "regress_x_to_y", "examples": [{"x": 2.0}]}
    assert _rest(process, f"{path}:regress", body) == (200, {"results": [3.0]})
    entry = {"version": "123", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    assert _rest(process, path) == (200, {"model_version_status": [entry]})
    assert _rest(process, f"{path}/metadata")[1]["model_spec"]["version"] == "123"


def test_prometheus_endpoint(process):
    response = urllib3.request("GET", f"http://127.0.0.1:{process['rest']}/metrics")
    assert response.headers["Content-Type"].startswith("text/plain")
    text = response.data.decode()
    assert "# TYPE :tensorflow:serving:request_count counter" in text
    assert "# TYPE :tensorflow:serving:request_latency histogram" in text


def test_models_are_reloaded_by_the_file_and_by_request(folders, process, channel, prediction):
    with pytest.raises(grpc.RpcError, match="Servable not found for request: Latest"):
        _predict(prediction, "half_plus_three")
    both = models_text(folders, ("half_plus_two", ""), ("half_plus_three", ""))
    (folders / "models.config").write_text(both)
    deadline = time.monotonic() + 60
    while _rest(process, "/v1/models/half_plus_three")[0] != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert list(_predict(prediction, "half_plus_three").outputs["y"].float_val) == [4.0]
    assert list(_predict(prediction).outputs["y"].float_val) == [3.0]
    request = model_management_pb2.ReloadConfigRequest()
    text_format.Parse(models_text(folders, ("half_plus_two", "")), request.config)
    response = model_service_pb2_grpc.ModelServiceStub(channel).HandleReloadConfigRequest(request, timeout=60)
    assert response.status.error_code == 0
    with pytest.raises(grpc.RpcError, match="Servable not found for request: Latest"):
        _predict(prediction, "half_plus_three")


def test_log_is_json_with_a_line_a_request(folders, process, prediction):
    _predict(prediction)
    deadline = time.monotonic() + 60
    while '"entrypoint": "GRPC"' not in (folders / "log").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    own = [line for line in (folders / "log").read_text().splitlines() if line.startswith("{")]
    entries = [json.loads(line) for line in own]
    assert any(entry.get("model") == "half_plus_two" and entry["status"] == "OK" for entry in entries)


def test_a_bad_file_of_models_is_named(tmp_path, capsys):
    path = tmp_path / "bad_model_config.txt"
    path.write_text("improperly formatted file")
    assert server.main([f"--model_config_file={path}", "--port=0"]) == 1
    message = f"Invalid protobuf file: '{path}': Error parsing text-format tensorflow.serving.ModelServerConfig"
    assert message in capsys.readouterr().err


def test_a_bad_channel_argument_is_named(tmp_path, capsys):
    with pytest.raises(SystemExit):
        server.main([f"--model_base_path={tmp_path}", "--grpc_channel_arguments=x"])
    assert "--grpc_channel_arguments has 'x'; it must be NAME=VALUE" in capsys.readouterr().err
