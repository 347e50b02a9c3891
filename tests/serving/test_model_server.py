"""A running server: versions come and go under it, health tells, and it ends without dropping a request."""

import concurrent.futures
import json
import socket
import threading
import time

import grpc
import numpy as np
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import prediction_log_pb2

from serving.flags import Options
from serving.model_server import ModelServer
from serving.servable import Servable
from serving.start_error import StartError
from serving.text_proto import ConfigError


def _wait_until(condition, what):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"still not: {what}"
        time.sleep(0.05)


def _health(server):
    stub = health_pb2_grpc.HealthStub(server.channel)
    return health_pb2.HealthCheckResponse.ServingStatus.Name(stub.Check(health_pb2.HealthCheckRequest()).status)


def _states(server):
    _, reply = server.rest("GET", "/v1/models/m")
    return {int(entry["version"]): entry["state"] for entry in reply.get("model_version_status", [])}


def _write_warmup(version_path, signature_name):
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.model_spec.signature_name = signature_name
    log.predict_log.request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.float32([1])))
    (version_path / "assets.extra").mkdir()
    with tf.io.TFRecordWriter(str(version_path / "assets.extra" / "tf_serving_warmup_requests")) as writer:
        writer.write(log.SerializeToString())


def test_versions_come_and_go_while_it_serves(serve, scale_copy, export_scale):
    with serve(scale_copy) as server:
        assert server.rest_predict({"instances": [1]})[1] == {"predictions": [2.0]}
        export_scale(scale_copy, 2, 3.0)
        _wait_until(lambda: _states(server) == {2: "AVAILABLE", 1: "END"}, "version 2 served")
        assert server.rest_predict({"instances": [1]})[1] == {"predictions": [3.0]}
        assert server.rest("POST", "/v1/models/m/versions/2:predict", {"instances": [1]})[0] == 200
        assert server.rest("POST", "/v1/models/m/versions/1:predict", {"instances": [1]})[0] == 404
        assert server.grpc_predict("", {"x": np.float32([1])}).model_spec.version.value == 2

        (scale_copy / "3").mkdir()
        (scale_copy / "3" / "saved_model.pb").write_bytes(b"\x12\x34broken")
        _wait_until(lambda: 3 in _states(server), "version 3 seen")
        _, reply = server.rest("GET", "/v1/models/m/versions/3")
        (entry,) = reply["model_version_status"]
        assert (entry["state"], entry["status"]["error_code"]) == ("END", "UNKNOWN")
        assert "is not a SavedModel" in entry["status"]["error_message"]
        assert server.rest_predict({"instances": [1]})[1] == {"predictions": [3.0]}
        assert _health(server) == "SERVING"


@pytest.mark.parametrize("enable_batching", [False, True])
def test_no_request_fails_while_versions_change(serve, scale_copy, export_scale, enable_batching):
    answers, done = [], threading.Event()

    def ask(server, as_rest):
        while not done.is_set():
            if as_rest:
                status, reply = server.rest_predict({"instances": [1]})
                answers.append(reply["predictions"][0] if status == 200 else reply)
            else:
                answers.append(server.grpc_predict("", {"x": np.float32([1])}).outputs["y"].float_val[0])

    with serve(scale_copy, enable_batching=enable_batching) as server:
        with concurrent.futures.ThreadPoolExecutor(4) as executor:
            asking = [executor.submit(ask, server, index % 2) for index in range(4)]
            try:
                for version in (2, 3):
                    export_scale(scale_copy, version, version + 1.0)
                    _wait_until(lambda version=version: version + 1.0 in answers, f"version {version} answering")
            finally:
                done.set()
        assert [one.exception() for one in asking] == [None] * 4
    assert set(map(str, answers)) == {"2.0", "3.0", "4.0"}


def test_a_folder_without_versions_is_served_once_there_is_one(serve, tmp_path, export_scale):
    base_path = tmp_path / "model"
    base_path.mkdir()
    with serve(base_path) as server:
        assert _health(server) == "NOT_SERVING"
        assert "no version yet" in server.server.describe()
        assert server.rest_predict({"instances": [1]})[0] == 404
        assert server.rest("GET", "/v1/models/m")[0] == 404
        export_scale(base_path, 1, 2.0)
        _wait_until(lambda: _health(server) == "SERVING", "serving")
        assert server.rest_predict({"instances": [1]}) == (200, {"predictions": [2.0]})


def test_warmup_comes_before_requests_and_its_failure_fails_the_version(serve, scale_copy, export_scale, monkeypatch):
    _write_warmup(scale_copy / "1", "")
    _write_warmup(export_scale(scale_copy, 2, 3.0), "nope")
    calls = []
    predict = Servable.predict
    monkeypatch.setattr(Servable, "predict", lambda self, *args: calls.append(self.version) or predict(self, *args))
    with serve(scale_copy, file_system_poll_wait_seconds=0) as server:
        assert calls == [2, 1]
        _, reply = server.rest("GET", "/v1/models/m/versions/2")
        status = reply["model_version_status"][0]["status"]
        assert status == {
            "error_code": "FAILED_PRECONDITION",
            "error_message": 'Serving signature key "nope" not found.',
        }
        assert server.rest_predict({"instances": [1]})[1] == {"predictions": [2.0]}
    calls.clear()
    with serve(scale_copy, file_system_poll_wait_seconds=0, enable_model_warmup=False) as server:
        assert calls == []
        assert server.rest_predict({"instances": [1]})[1] == {"predictions": [3.0]}


def test_batching_merges_requests_of_both_protocols(serve, sampler_path, expected_samples, tmp_path):
    path = tmp_path / "batching.config"
    path.write_text("max_batch_size { value: 4 } batch_timeout_micros { value: 60000000 }")
    replies = {}
    with serve(sampler_path, enable_batching=True, batching_parameters_file=str(path)) as server:

        def rest(seed):
            row = server.rest_predict({"instances": [seed]})[1]["predictions"][0]
            replies[seed] = row["rows_in_call"], np.float32(row["samples"])

        def remote(seed):
            outputs = server.grpc_predict("", {"seed": np.int64([seed])}).outputs
            replies[seed] = outputs["rows_in_call"].int_val[0], tf.make_ndarray(outputs["samples"])[0]

        threads = [threading.Thread(target=(rest, remote)[seed % 2], args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [replies[seed][0] for seed in range(4)] == [4, 4, 4, 4]
    np.testing.assert_array_equal(np.stack([replies[seed][1] for seed in range(4)]), expected_samples([0, 1, 2, 3]))


def test_stopping_finishes_the_requests_under_way(serve, scale_path, monkeypatch):
    entered, release = threading.Semaphore(0), threading.Event()
    predict = Servable.predict

    def held(*args):
        entered.release()
        assert release.wait(60)
        return predict(*args)

    replies = {}
    with serve(scale_path) as server:
        monkeypatch.setattr(Servable, "predict", held)
        calls = [
            lambda: replies.update(rest=server.rest_predict({"instances": [1]})),
            lambda: replies.update(grpc=server.grpc_predict("", {"x": np.float32([1])})),
        ]
        threads = [threading.Thread(target=call) for call in calls]
        for thread in threads:
            thread.start()
        for _ in threads:
            assert entered.acquire(timeout=60)
        stopping = server.submit(server.server.stop())
        _wait_until(lambda: not _accepts(server.server.rest_port), "REST port closed")
        assert not stopping.done()
        assert not replies
        release.set()
        for thread in threads:
            thread.join()
        stopping.result(60)
    assert replies["rest"] == (200, {"predictions": [2.0]})
    assert list(replies["grpc"].outputs["y"].float_val) == [2.0]


def _accepts(port):
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def test_port_file_stands_while_requests_are_answered(serve, scale_path, tmp_path):
    path = tmp_path / "ports.json"
    path.write_text("stale")
    with serve(scale_path, port_file=str(path)) as server:
        assert json.loads(path.read_text()) == {"grpc": server.server.grpc_port, "rest": server.server.rest_port}
        assert server.server.describe() == (
            f"serving m (version 1) from {scale_path}: gRPC at 127.0.0.1:{server.server.grpc_port}, "
            f"REST at http://127.0.0.1:{server.server.rest_port}/v1/models/m"
        )
    assert list(tmp_path.iterdir()) == []


def test_rest_is_off_by_default(serve, scale_path, tmp_path):
    path = tmp_path / "ports.json"
    with serve(scale_path, rest_api_port=0, port_file=str(path)) as server:
        assert json.loads(path.read_text()) == {"grpc": server.server.grpc_port, "rest": None}
        assert "REST" not in server.server.describe()
        assert server.grpc_predict("", {"x": np.float32([1])}).outputs["y"].float_val[0] == 2


@pytest.mark.parametrize(("flag", "protocol"), [("port", "gRPC"), ("rest_api_port", "REST")])
def test_a_port_that_is_taken(serve, scale_path, flag, protocol):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = serve(scale_path, **{flag: taken.getsockname()[1]})
        with pytest.raises(StartError, match=f"{protocol} cannot listen at 127.0.0.1"):
            server.__enter__()


def test_two_servers_never_share_a_port(serve, scale_path):
    with serve(scale_path) as first:
        second = serve(scale_path, port=first.server.grpc_port)
        with pytest.raises(StartError, match="gRPC cannot listen"):
            second.__enter__()


def test_health_service_can_be_left_out(serve, scale_path):
    with serve(scale_path, enable_grpc_healthcheck_service=False) as server:
        with pytest.raises(grpc.RpcError) as error:
            _health(server)
        assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_batching_file_that_cannot_be_used(scale_path, tmp_path):
    options = Options(
        model_base_path=str(scale_path), enable_batching=True, batching_parameters_file=str(tmp_path / "nope")
    )
    with pytest.raises(ConfigError, match="cannot be read"):
        ModelServer(options)
