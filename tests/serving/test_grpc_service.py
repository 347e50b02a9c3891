"""gRPC as clients see it: the same rows as REST, typed fields, codes and messages."""

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    predict_pb2,
)

from serving.servable import Servable


def test_rows_agree_with_rest_and_the_model_bitwise(sampler, expected_samples):
    seeds = [3, 1, 2**40]
    response = sampler.grpc_predict("", {"seed": np.int64(seeds)})
    samples = tf.make_ndarray(response.outputs["samples"])
    np.testing.assert_array_equal(samples, expected_samples(seeds))
    _, reply = sampler.rest_predict({"inputs": seeds})
    np.testing.assert_array_equal(np.float32(reply["outputs"]["samples"]), samples)


def test_reply_names_model_and_has_typed_fields(sampler):
    response = sampler.grpc_predict("", {"seed": np.int64([5])})
    spec = response.model_spec
    assert (spec.name, spec.signature_name, spec.version.value) == ("m", "serving_default", 1)
    assert sorted(response.outputs) == ["rows_in_call", "samples", "seed"]
    assert list(response.outputs["seed"].int64_val) == [5]
    assert len(response.outputs["samples"].float_val) == 16
    assert not response.outputs["samples"].tensor_content


def test_output_filter(sampler):
    response = sampler.grpc_predict("sample", {"seed": np.int64([5])}, output_filter=["seed"])
    assert list(response.outputs) == ["seed"]


def test_types_json_has_no_form_for(sampler):
    response = sampler.grpc_predict("total", {"x": np.float32([1, 2])})
    assert tf.make_ndarray(response.outputs["total"]) == 3
    assert tf.make_ndarray(response.outputs["half"]).dtype == np.float16


def test_fresh_seeds_are_drawn_and_can_be_replayed(sampler):
    first = sampler.grpc_predict("sample", {"seed": np.int64([-1, -1])})
    seeds = tf.make_ndarray(first.outputs["seed"])
    assert (seeds >= 0).all()
    assert seeds[0] != seeds[1]
    again = sampler.grpc_predict("sample", {"seed": seeds})
    assert again.outputs["samples"] == first.outputs["samples"]


def test_metadata(sampler):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "m"
    response = sampler.prediction.GetModelMetadata(request)
    assert response.model_spec.version.value == 1
    signatures = get_model_metadata_pb2.SignatureDefMap()
    response.metadata["signature_def"].Unpack(signatures)
    assert signatures.signature_def["sample_class"].inputs["label"].dtype == tf.int32.as_datatype_enum


def test_status(sampler):
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "m"
    (entry,) = sampler.models.GetModelStatus(request).model_version_status
    assert (entry.version, entry.state) == (1, get_model_status_pb2.ModelVersionStatus.AVAILABLE)
    assert (entry.status.error_code, entry.status.error_message) == (0, "")


def _predict_request(name="m", signature_name="", version=None, label=None, output_filter=(), **inputs):
    request = predict_pb2.PredictRequest(output_filter=output_filter)
    request.model_spec.name = name
    request.model_spec.signature_name = signature_name
    if version is not None:
        request.model_spec.version.value = version
    if label is not None:
        request.model_spec.version_label = label
    for input_name, value in inputs.items():
        request.inputs[input_name].CopyFrom(tf.make_tensor_proto(value))
    return request


def _bomb():
    request = _predict_request(seed=np.int64([1]))
    request.inputs["seed"].tensor_shape.dim[0].size = 2**40
    return request


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        (predict_pb2.PredictRequest(), "INVALID_ARGUMENT", "Missing ModelSpec"),
        (_predict_request(name=""), "INVALID_ARGUMENT", "ModelSpec has no name specified."),
        (_predict_request(name="foo"), "NOT_FOUND", "Servable not found for request: Latest(foo)"),
        (_predict_request(version=50), "NOT_FOUND", "Servable not found for request: Specific(m, 50)"),
        (_predict_request(label="x"), "INVALID_ARGUMENT", "Unrecognized servable version label: x"),
        (_predict_request(signature_name="x"), "FAILED_PRECONDITION", 'Serving signature key "x" not found.'),
        (
            _predict_request(a=np.int64([1]), seed=np.int64([1])),
            "INVALID_ARGUMENT",
            "input size does not match signature: 2!=1 len({a,seed}) != len({seed}). Sent extra: {a}. "
            "Missing but required: {}.",
        ),
        (_predict_request(seed=np.float32([1])), "INVALID_ARGUMENT", "input 'seed' is float32; it must be int64"),
        (_predict_request(seed=np.int64(1)), "INVALID_ARGUMENT", "input 'seed' has shape []; it must be [?]"),
        (
            _predict_request(seed=np.int64([1]), output_filter=["x"]),
            "INVALID_ARGUMENT",
            "output tensor alias not found in signature: x Outputs expected to be in the set "
            "{rows_in_call,samples,seed}.",
        ),
        (_bomb(), "INVALID_ARGUMENT", "input 'seed': shape [1099511627776] of int64 takes 8796093022208 bytes"),
        (_predict_request(seed=np.arange(20_000)), "RESOURCE_EXHAUSTED", "larger than max"),
        (_predict_request(signature_name="below_ten", x=np.float32([11])), "INVALID_ARGUMENT", "x must be below 10"),
    ],
)
def test_predict_errors(sampler, request_, code, message):
    with pytest.raises(grpc.RpcError) as error:
        sampler.prediction.Predict(request_)
    assert error.value.code().name == code
    assert message in error.value.details()
    assert "Traceback" not in error.value.details()


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ([], "INVALID_ARGUMENT", "must specify at least one metadata_field"),
        (["x"], "INVALID_ARGUMENT", "Metadata field x is not supported"),
    ],
)
def test_metadata_errors(sampler, fields, code, message):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
    request.model_spec.name = "m"
    with pytest.raises(grpc.RpcError) as error:
        sampler.prediction.GetModelMetadata(request)
    assert (error.value.code().name, message in error.value.details()) == (code, True)


def test_status_errors(sampler):
    request = get_model_status_pb2.GetModelStatusRequest()
    with pytest.raises(grpc.RpcError, match="Missing ModelSpec"):
        sampler.models.GetModelStatus(request)
    request.model_spec.name = "foo"
    with pytest.raises(grpc.RpcError) as error:
        sampler.models.GetModelStatus(request)
    assert error.value.code() == grpc.StatusCode.NOT_FOUND
    assert error.value.details() == "Could not find any versions of model foo"


def test_faults_of_our_own_stay_inside(sampler, monkeypatch, caplog):
    def fail(*args):
        raise RuntimeError("secret")

    monkeypatch.setattr(Servable, "predict", fail)
    with pytest.raises(grpc.RpcError) as error:
        sampler.grpc_predict("", {"seed": np.int64([1])})
    assert (error.value.code(), error.value.details()) == (grpc.StatusCode.INTERNAL, "internal error")
    assert "secret" in caplog.text
