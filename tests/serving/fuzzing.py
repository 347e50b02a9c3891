"""Requests that no client would send: strategies for REST and gRPC, and what an answer to them may be."""

import json
import socket

import grpc
import urllib3
from hypothesis import strategies as st
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    predict_pb2,
    regression_pb2,
)

SIGNATURES = ("", "sample", "sample_png", "sample_class", "echo", "reciprocal", "total", "below_ten", "serving_default")
_INPUTS = ("seed", "x", "label", "flag", "level", "text")
_GOOD_HTTP = {200, 400, 404, 413, 414, 431, 501, 503, 504}
_GOOD_GRPC = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.OUT_OF_RANGE,
}
_TIMEOUT_SECONDS = 60

_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.builds(lambda text: {"b64": text}, st.text("AZaz09+/=-_ ", max_size=8)),
)
_values = st.recursive(
    _scalars,
    lambda children: st.one_of(
        st.lists(children, max_size=3),
        st.dictionaries(st.sampled_from(_INPUTS) | st.text(max_size=3), children, max_size=3),
    ),
    max_leaves=8,
)
_names = st.sampled_from(SIGNATURES) | st.text(max_size=4)
_documents = st.fixed_dictionaries(
    {},
    optional={
        "signature_name": _names | _scalars,
        "instances": _values,
        "inputs": _values,
        "examples": _values,
        "context": _values,
        "other": _values,
    },
)


@st.composite
def damaged(draw, payloads: st.SearchStrategy[bytes]) -> bytes:
    """Bytes of `payloads`, of which a piece may be cut out, changed or put in."""
    payload = draw(payloads)
    if draw(st.booleans()):
        start = draw(st.integers(0, len(payload)))
        stop = draw(st.integers(start, min(len(payload), start + 8)))
        payload = payload[:start] + draw(st.binary(max_size=8)) + payload[stop:]
    return payload


def _json_bytes(document: object) -> bytes:
    # Lone surrogates have no UTF-8 form; as escapes they do reach the server.
    return json.dumps(document).encode()


_bodies = damaged(st.builds(_json_bytes, _documents)) | st.binary(max_size=50) | st.builds(_json_bytes, _values)
_segments = st.sampled_from(
    ["v1", "models", "m", "versions", "labels", "1", "metadata", "m:predict", "..", "%2e%2e", "%00", "", "1:classify"]
) | st.text("abm019:%?#._-~é", max_size=6)
_paths = st.one_of(
    st.sampled_from(["/v1/models/m:predict", "/v1/models/m:classify", "/v1/models/m/versions/1:regress"]),
    st.builds(lambda segments: "/v1/models/" + "/".join(segments), st.lists(_segments, max_size=4)),
    st.builds(lambda segments: "/" + "/".join(segments), st.lists(_segments, max_size=5)),
)
rest_requests = st.tuples(st.sampled_from(["POST", "POST", "POST", "GET", "PUT", "DELETE", "X"]), _paths, _bodies)
"""Method, path and body."""

raw_requests = damaged(
    st.builds(
        lambda path, body, length: (
            f"POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n".encode() + body
        ),
        _paths,
        _bodies,
        st.integers(-1, 60),
    )
) | st.binary(min_size=1, max_size=80)
"""Bytes that need not be HTTP."""


def _tensor(content: tuple) -> dict:
    dtype, dims, unknown_rank, field, values, packed = content
    tensor = {"dtype": dtype, "tensor_shape": {"dim": [{"size": size} for size in dims], "unknown_rank": unknown_rank}}
    if field:
        tensor[field] = values[field]
    else:
        tensor["tensor_content"] = packed
    return tensor


_FIELDS = {
    "float_val": st.floats(width=32),
    "double_val": st.floats(),
    "int_val": st.integers(-(2**31), 2**31 - 1),
    "int64_val": st.integers(-(2**63), 2**63 - 1),
    "bool_val": st.booleans(),
    "string_val": st.binary(max_size=4),
    "half_val": st.integers(0, 2**16 - 1),
    "uint32_val": st.integers(0, 2**32 - 1),
}
_tensors = st.builds(
    _tensor,
    st.tuples(
        st.sampled_from([1, 3, 4, 7, 9, 10]) | st.integers(0, 140),
        st.lists(st.integers(0, 3) | st.integers(-(2**63), 2**63 - 1), max_size=3),
        st.booleans(),
        st.sampled_from(["", *_FIELDS]),
        st.fixed_dictionaries({name: st.lists(values, max_size=4) for name, values in _FIELDS.items()}),
        st.binary(max_size=24),
    ),
)
_specs = st.one_of(
    st.builds(lambda name: {"name": "m", "signature_name": name}, st.sampled_from(SIGNATURES)),
    st.builds(
        lambda name, version: {"name": name, "version": {"value": version}},
        st.sampled_from(["m", "", "foo"]),
        st.integers(-(2**63), 2**63 - 1),
    ),
    st.builds(lambda label: {"name": "m", "version_label": label}, st.sampled_from(["", "x", "\x00"])),
)
_features = st.dictionaries(
    st.sampled_from(["x", "y", ""]),
    st.one_of(
        st.builds(lambda values: {"float_list": {"value": values}}, st.lists(st.floats(width=32), max_size=3)),
        st.builds(lambda values: {"bytes_list": {"value": values}}, st.lists(st.binary(max_size=3), max_size=3)),
    ),
    max_size=2,
)
_examples = st.builds(
    lambda rows: {"example_list": {"examples": [{"features": {"feature": features}} for features in rows]}},
    st.lists(_features, max_size=3),
)


def _bytes_of(message: type, fields: dict) -> bytes:
    return message(**fields).SerializeToString()


_PREDICTION, _MODEL = "/tensorflow.serving.PredictionService/", "/tensorflow.serving.ModelService/"
_payloads = {
    _PREDICTION + "Predict": st.builds(
        lambda spec, inputs, wanted: _bytes_of(
            predict_pb2.PredictRequest, {"model_spec": spec, "inputs": inputs, "output_filter": wanted}
        ),
        _specs,
        st.dictionaries(st.sampled_from(_INPUTS), _tensors, max_size=3),
        st.lists(st.sampled_from(["samples", "seed", "y", "x"]), max_size=2),
    ),
    _PREDICTION + "Classify": st.builds(
        lambda spec, rows: _bytes_of(classification_pb2.ClassificationRequest, {"model_spec": spec, "input": rows}),
        _specs,
        _examples,
    ),
    _PREDICTION + "Regress": st.builds(
        lambda spec, rows: _bytes_of(regression_pb2.RegressionRequest, {"model_spec": spec, "input": rows}),
        _specs,
        _examples,
    ),
    _PREDICTION + "MultiInference": st.builds(
        lambda specs, rows, method: _bytes_of(
            inference_pb2.MultiInferenceRequest,
            {"tasks": [{"model_spec": spec, "method_name": method} for spec in specs], "input": rows},
        ),
        st.lists(_specs, max_size=3),
        _examples,
        st.sampled_from(["tensorflow/serving/classify", "tensorflow/serving/regress", ""]),
    ),
    _PREDICTION + "GetModelMetadata": st.builds(
        lambda spec, fields: _bytes_of(
            get_model_metadata_pb2.GetModelMetadataRequest, {"model_spec": spec, "metadata_field": fields}
        ),
        _specs,
        st.lists(st.sampled_from(["signature_def", "", "x"]), max_size=2),
    ),
    _MODEL + "GetModelStatus": st.builds(
        lambda spec: _bytes_of(get_model_status_pb2.GetModelStatusRequest, {"model_spec": spec}), _specs
    ),
    _PREDICTION + "Nothing": st.binary(max_size=10),
}
grpc_requests = st.sampled_from(list(_payloads)).flatmap(
    lambda method: st.tuples(st.just(method), damaged(_payloads[method]) | st.binary(max_size=30))
)
"""Method and the bytes of its request."""


def answer_rest(pool: urllib3.PoolManager, url: str, request: tuple[str, str, bytes]) -> None:
    """Sends a request and looks at its answer."""
    method, path, body = request
    response = pool.request(method, url + urllib3.util.parse_url("http://h" + path).request_uri, body=body)
    assert response.status in _GOOD_HTTP, (response.status, request)
    assert b"Traceback" not in response.data


def answer_raw(port: int, request: bytes) -> None:
    """Sends bytes, and reads until the server closes the connection, or tells what it misses."""
    with socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT_SECONDS) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        reply = b""
        try:
            while chunk := connection.recv(65536):
                reply += chunk
        except ConnectionResetError:
            return
    assert not reply or int(reply.split()[1]) in _GOOD_HTTP, (reply[:200], request)
    assert b"Traceback" not in reply


def answer_grpc(channel: grpc.Channel, request: tuple[str, bytes]) -> None:
    """Calls a method with bytes and looks at its status."""
    method, payload = request
    try:
        channel.unary_unary(method)(payload, timeout=_TIMEOUT_SECONDS)
    except grpc.RpcError as error:
        assert error.code() in _GOOD_GRPC, (error.code(), error.details(), request)  # noqa: PT017 - whether it raises at all is free
        assert "Traceback" not in error.details()  # noqa: PT017 - likewise
