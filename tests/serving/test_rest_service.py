"""The REST API as clients see it: replies, errors, limits."""

import base64
import gzip
import io
import json
import socket
import threading

import numpy as np
import pytest
from PIL import Image

from serving.servable import Servable

_PREDICT = "/v1/models/m:predict"


def test_row_and_column_formats_agree_with_the_model_bitwise(sampler, expected_samples):
    seeds = [3, 1, 2**40]
    expected = expected_samples(seeds)
    _, rows = sampler.rest_predict({"instances": seeds})
    assert [row["seed"] for row in rows["predictions"]] == seeds
    np.testing.assert_array_equal(np.float32([row["samples"] for row in rows["predictions"]]), expected)
    _, named = sampler.rest_predict({"instances": [{"seed": seed} for seed in seeds], "signature_name": "sample"})
    assert named == rows
    _, columns = sampler.rest_predict({"inputs": {"seed": seeds}})
    np.testing.assert_array_equal(np.float32(columns["outputs"]["samples"]), expected)
    assert sampler.rest_predict({"inputs": seeds})[1] == columns


def test_every_kind_of_value_there_and_back(sampler):
    row = {"x": [0.1, -2.5], "flag": True, "level": 7, "text": "é"}
    status, reply = sampler.rest_predict({"signature_name": "echo", "instances": [row, row]})
    assert status == 200
    encoded = base64.b64encode("é".encode()).decode()
    assert reply == {"predictions": [{**row, "text_bytes": {"b64": encoded}}] * 2}


def test_pictures_come_as_base64(sampler, expected_samples):
    _, reply = sampler.rest_predict({"signature_name": "sample_png", "instances": [4]})
    (row,) = reply["predictions"]
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(row["image_bytes"]["b64"]))))
    np.testing.assert_array_equal(pixels, (expected_samples([4])[0, :, :, 0] * np.float32(255)).astype(np.uint8))


def test_not_finite_numbers_are_tokens_both_ways(sampler):
    status, body = sampler.http("POST", _PREDICT, b'{"signature_name": "reciprocal", "instances": [0, -Infinity, NaN]}')
    assert (status, body) == (200, b'{"predictions":[Infinity,-0.0,NaN]}')


def test_outputs_without_rows(sampler):
    body = {"signature_name": "total", "inputs": [1, 2]}
    assert sampler.rest_predict(body) == (400, {"error": "Failed to write JSON value for tensor type: half"})


@pytest.mark.parametrize("version", ["", "/versions/1"])
def test_status(sampler, version):
    status, reply = sampler.rest("GET", f"/v1/models/m{version}")
    entry = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    assert (status, reply) == (200, {"model_version_status": [entry]})


@pytest.mark.parametrize("version", ["", "/versions/1"])
def test_metadata(sampler, version):
    status, reply = sampler.rest("GET", f"/v1/models/m{version}/metadata")
    assert status == 200
    assert reply["model_spec"] == {"name": "m", "signature_name": "", "version": "1"}
    signature = reply["metadata"]["signature_def"]["signature_def"]["echo"]
    assert signature["method_name"] == "tensorflow/serving/predict"
    assert signature["inputs"]["x"]["dtype"] == "DT_FLOAT"
    shape = signature["inputs"]["x"]["tensor_shape"]
    assert shape == {"dim": [{"size": "-1", "name": ""}, {"size": "2", "name": ""}], "unknown_rank": False}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        ("POST", _PREDICT, b"", 400, "JSON Parse error: The document is empty"),
        ("POST", _PREDICT, b"[", 400, "JSON Parse error: Invalid value. at offset: 1"),
        ("POST", _PREDICT, {"signature_name": 100}, 400, "'signature_name' key must be a string value."),
        ("POST", _PREDICT, {"x": 1}, 400, "Missing 'inputs' or 'instances' key"),
        (
            "POST",
            _PREDICT,
            {"signature_name": "nope", "instances": [1]},
            400,
            'Serving signature name: "nope" not found in signature def',
        ),
        ("POST", _PREDICT, {"instances": ["x"]}, 400, "is not of expected type: int64"),
        ("POST", _PREDICT, {"instances": [[1]]}, 400, "input 'seed' has shape [1, 1]; it must be [?]"),
        ("POST", _PREDICT, {"signature_name": "below_ten", "instances": [11]}, 400, "x must be below 10"),
        ("POST", "/v1/models/foo:predict", {"instances": [1]}, 404, "Servable not found for request: Latest(foo)"),
        (
            "POST",
            "/v1/models/m/versions/50:predict",
            {"instances": [1]},
            404,
            "Servable not found for request: Specific(m, 50)",
        ),
        ("POST", "/v1/models/m/labels/x:predict", {"instances": [1]}, 400, "Unrecognized servable version label: x"),
        ("POST", "/v1/models/m:classify", {"examples": [{"x": 1}]}, 400, "No classification inputs found in"),
        ("POST", "/v1/models/m:regress", {"examples": [{"x": 1}]}, 400, "No regression inputs found in"),
        ("GET", "/v1/models/foo", None, 404, "Could not find any versions of model foo"),
        ("GET", "/v1/models/m/versions/50", None, 404, "Could not find version 50 of model m"),
        ("GET", "/v1/models/m/versions/50/metadata", None, 404, "Servable not found for request: Specific(m, 50)"),
        ("GET", "/v1/models/m/labels/x", None, 400, "Unrecognized servable version label: x"),
        ("GET", "/v1/models", None, 400, "Missing model name in request."),
        ("GET", _PREDICT, None, 400, f"Malformed request: GET {_PREDICT}"),
        ("DELETE", "/v1/models/m", None, 400, "Malformed request: DELETE /v1/models/m"),
        ("GET", "/v1/models/m/%2e%2e/%2e%2e/etc/passwd", None, 400, "Malformed request: GET /v1"),
    ],
)
def test_errors(sampler, method, path, body, status, message):
    answered, data = sampler.http(method, path, body)
    assert answered == status
    reply = json.loads(data)
    assert list(reply) == ["error"]
    assert message in reply["error"]
    assert "Traceback" not in reply["error"]
    assert "\n" not in reply["error"]


def test_paths_outside_the_api_are_a_bare_404(sampler):
    assert sampler.http("GET", "/index.html") == (404, b"")
    assert sampler.http("POST", "/") == (404, b"")
    assert sampler.http("GET", "/page.html") == (404, b"")
    assert sampler.http("GET", "/..%2fpage.js") == (404, b"")


def test_large_requests_are_refused_compressed_or_not(sampler):
    body = b'{"instances": [1' + b" " * 200_000 + b"]}"
    message = {"error": "request is larger than the 100000 bytes that are taken"}
    status, data = sampler.http("POST", _PREDICT, body)
    assert (status, json.loads(data)) == (413, message)
    status, data = sampler.http("POST", _PREDICT, gzip.compress(body), headers={"Content-Encoding": "gzip"})
    assert (status, json.loads(data)) == (413, message)


def test_compressed_requests_are_read(sampler):
    body = gzip.compress(b'{"instances": [1]}')
    assert sampler.http("POST", _PREDICT, body, headers={"Content-Encoding": "gzip"})[0] == 200


def test_bodies_that_do_not_arrive_whole_are_no_fault_of_the_server(sampler, caplog):
    status, data = sampler.http("POST", _PREDICT, b"not gzip", headers={"Content-Encoding": "gzip"})
    assert (status, list(json.loads(data))) == (400, ["error"])
    with socket.create_connection(("127.0.0.1", sampler.server.rest_port)) as connection:
        connection.sendall(b"POST /v1/models/m:predict HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n{")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1000):  # until the server is done with it
            pass
    assert sampler.rest_predict({"instances": [1]})[0] == 200
    assert not [record for record in caplog.records if record.name == "serving.rest_service"]


def test_faults_of_our_own_stay_inside(sampler, monkeypatch, caplog):
    def fail(*args):
        raise RuntimeError("secret")

    monkeypatch.setattr(Servable, "predict", fail)
    assert sampler.rest_predict({"instances": [1]}) == (500, {"error": "internal error"})
    assert "secret" in caplog.text


def test_a_request_that_takes_too_long_is_given_up(serve, scale_path, monkeypatch):
    release = threading.Event()
    predict = Servable.predict
    with serve(scale_path, rest_api_timeout_in_ms=50) as server:
        monkeypatch.setattr(Servable, "predict", lambda *args: release.wait(60) and predict(*args))
        try:
            status, reply = server.rest_predict({"instances": [1]})
        finally:
            release.set()
        assert (status, reply) == (504, {"error": "request was not answered within 0.05 seconds"})
