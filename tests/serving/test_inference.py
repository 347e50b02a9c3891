"""Classification and regression of examples, over gRPC and, where that has it, REST."""

import json

import grpc
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_serving.apis import classification_pb2, inference_pb2, input_pb2, regression_pb2

from serving import inference, json_examples
from serving.inference import CLASSIFY_METHOD, REGRESS_METHOD
from serving.status import ServingError


def _examples(*values, context=None):
    examples = [tf.train.Example() for _ in values]
    for example, value in zip(examples, values, strict=True):
        if value is not None:
            example.features.feature["x"].float_list.value.append(value)
    result = input_pb2.Input()
    if context is None:
        result.example_list.examples.extend(examples)
    else:
        result.example_list_with_context.examples.extend(examples)
        result.example_list_with_context.context.features.feature["x"].float_list.value.append(context)
    return result


def _classify(server, signature_name, examples, name="m"):
    request = classification_pb2.ClassificationRequest(input=examples)
    request.model_spec.name, request.model_spec.signature_name = name, signature_name
    return server.prediction.Classify(request)


def _regress(server, signature_name, examples, name="m"):
    request = regression_pb2.RegressionRequest(input=examples)
    request.model_spec.name, request.model_spec.signature_name = name, signature_name
    return server.prediction.Regress(request)


def _classes(response):
    return [[(one.label, one.score) for one in row.classes] for row in response.result.classifications]


def test_classes_and_scores(half_plus_two):
    response = _classify(half_plus_two, "classify_with_names", _examples(2.0, 4.0))
    assert _classes(response) == [[("y", 3.0), ("y2", 4.0)], [("y", 4.0), ("y2", 5.0)]]
    assert _classes(_classify(half_plus_two, "classify_x_to_y", _examples(2.0))) == [[("", 3.0)]]
    assert _classes(_classify(half_plus_two, "classify_names_only", _examples(3.0))) == [[("1.5", 0.0)]]
    spec = response.model_spec
    assert (spec.name, spec.signature_name, spec.version.value) == ("m", "classify_with_names", 123)


def test_regression_of_either_shape(half_plus_two):
    for name, expected in (("regress_x_to_y", [3.0, 4.0]), ("regress_x_to_y2", [4.0, 5.0])):
        response = _regress(half_plus_two, name, _examples(2.0, 4.0))
        assert [one.value for one in response.result.regressions] == expected
        assert response.model_spec.version.value == 123


def test_a_context_gives_the_features_that_an_example_leaves_out(half_plus_two):
    response = _regress(half_plus_two, "regress_x_to_y", _examples(None, 4.0, context=2.0))
    assert [one.value for one in response.result.regressions] == [3.0, 4.0]


def test_several_signatures_on_the_same_examples(half_plus_two):
    request = inference_pb2.MultiInferenceRequest(input=_examples(2.0))
    for signature, method in (("regress_x_to_y", REGRESS_METHOD), ("classify_x_to_y", CLASSIFY_METHOD)):
        task = request.tasks.add(method_name=method)
        task.model_spec.name, task.model_spec.signature_name = "m", signature
    regression, classification = half_plus_two.prediction.MultiInference(request).results
    assert regression.regression_result.regressions[0].value == 3.0
    assert classification.classification_result.classifications[0].classes[0].score == 3.0
    assert regression.model_spec.signature_name == "regress_x_to_y"
    assert classification.model_spec.version.value == 123


@pytest.mark.parametrize(
    ("tasks", "code", "message"),
    [
        ("", "INVALID_ARGUMENT", "Missing ModelSpec"),
        ("tasks { method_name: 'x' }", "INVALID_ARGUMENT", "Missing ModelSpec"),
        (
            "tasks { model_spec { name: 'm' } method_name: 'x' }",
            "UNIMPLEMENTED",
            "Unsupported signature method_name: x",
        ),
        (
            "tasks { model_spec { name: 'm' } method_name: 'METHOD' } "
            "tasks { model_spec { name: 'n' signature_name: 's' } method_name: 'METHOD' }",
            "INVALID_ARGUMENT",
            "must access the same model name",
        ),
        (
            "tasks { model_spec { name: 'm' } method_name: 'METHOD' } "
            "tasks { model_spec { name: 'm' signature_name: 'serving_default' } method_name: 'METHOD' }",
            "INVALID_ARGUMENT",
            "Duplicate evaluation of signature: serving_default",
        ),
    ],
)
def test_multi_inference_errors(half_plus_two, tasks, code, message):
    request = inference_pb2.MultiInferenceRequest(input=_examples(2.0))
    text_format.Parse(tasks.replace("METHOD", CLASSIFY_METHOD), request)
    with pytest.raises(grpc.RpcError, match=message) as error:
        half_plus_two.prediction.MultiInference(request)
    assert error.value.code().name == code


@pytest.mark.parametrize(
    ("call", "signature", "examples", "code", "message"),
    [
        (_classify, "classify_x_to_y", _examples(), "INVALID_ARGUMENT", "Input is empty."),
        (_regress, "regress_x_to_y", input_pb2.Input(), "INVALID_ARGUMENT", "Input is empty."),
        (_classify, "x", _examples(1.0), "INVALID_ARGUMENT", "No signature was found with the name: x"),
        (_classify, "", _examples(1.0), "FAILED_PRECONDITION", "No classification inputs found in SignatureDef"),
        (_regress, "classify_x_to_y", _examples(1.0), "FAILED_PRECONDITION", "No regression outputs found"),
        (_regress, "classify_with_names", _examples(1.0), "INVALID_ARGUMENT", "Expected one output Tensor."),
        (_classify, "regress_x_to_y", _examples(1.0), "FAILED_PRECONDITION", "to contain at least one of"),
        (_classify, "classify_uneven", _examples(1.0), "INVALID_ARGUMENT", "should match in dim_size.1.. Got 2 vs. 1"),
        (_regress, "regress_pairs", _examples(1.0, 2.0), "INVALID_ARGUMENT", "Expected output Tensor shape to be"),
        (_regress, "regress_total", _examples(1.0, 2.0), "INVALID_ARGUMENT", "Expected output Tensor shape to be"),
        (_classify, "classify_x_to_y", _examples(None), "INVALID_ARGUMENT", "Feature: x"),
    ],
)
def test_errors(half_plus_two, call, signature, examples, code, message):
    with pytest.raises(grpc.RpcError, match=message) as error:
        call(half_plus_two, signature, examples)
    assert error.value.code().name == code
    assert "\n" not in error.value.details()


def test_unknown_model(half_plus_two):
    with pytest.raises(grpc.RpcError, match=r"Servable not found for request: Latest\(foo\)"):
        _classify(half_plus_two, "", _examples(1.0), name="foo")


def test_names_of_methods_are_checked_where_wished(serve, half_plus_two_path, tmp_path):
    version = tmp_path / "1"
    tf.io.gfile.makedirs(str(tmp_path))
    saved = half_plus_two_path / "123"
    for source in saved.rglob("*"):
        target = version / source.relative_to(saved)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_file():
            target.write_bytes(source.read_bytes())
    updater = tf.compat.v1.saved_model.signature_def_utils.MethodNameUpdater(str(version))
    updater.replace_method_name("classify_x_to_y", CLASSIFY_METHOD)
    updater.save()
    with serve(tmp_path, enable_signature_method_name_check=True, file_system_poll_wait_seconds=0) as server:
        assert _classes(_classify(server, "classify_x_to_y", _examples(2.0))) == [[("", 3.0)]]
        with pytest.raises(grpc.RpcError, match="Expected regression signature method_name to be .*regress. Was: "):
            _regress(server, "regress_x_to_y", _examples(2.0))


def test_rest(half_plus_two):
    body = {"signature_name": "classify_with_names", "examples": [{"x": [2.0]}, {"x": 4.0}]}
    reply = half_plus_two.rest("POST", "/v1/models/m/versions/123:classify", body)
    assert reply == (200, {"results": [[["y", 3.0], ["y2", 4.0]], [["y", 4.0], ["y2", 5.0]]]})
    body = {"signature_name": "regress_x_to_y", "context": {"x": 2.0}, "examples": [{}, {"x": [4.0]}]}
    assert half_plus_two.rest("POST", "/v1/models/m:regress", body) == (200, {"results": [3.0, 4.0]})
    text = json.dumps({"signature_name": "regress_x_to_y", "examples": [{"x": float("inf")}, {"x": float("nan")}]})
    reply = half_plus_two.http("POST", "/v1/models/m:regress", text.encode())
    assert reply == (200, b'{"results":[Infinity,NaN]}')


def test_every_kind_of_feature():
    row = {
        "a": True,
        "b": [1, -(2**63)],
        "c": [1.5, 2.5],
        "d": "é",
        "e": [{"b64": "/w=="}, "x"],
        "f": [],
        "é": 2**63 - 1,
    }
    (example,) = json_examples.decode_examples({"examples": [row]}).example_list.examples
    features = dict(example.features.feature.items())
    assert list(features["a"].int64_list.value) == [1]
    assert list(features["b"].int64_list.value) == [1, -(2**63)]
    assert list(features["c"].float_list.value) == [1.5, 2.5]
    assert list(features["d"].bytes_list.value) == ["é".encode()]
    assert list(features["e"].bytes_list.value) == [b"\xff", b"x"]
    assert features["f"].WhichOneof("kind") is None
    assert list(features["é"].int64_list.value) == [2**63 - 1]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "key 'examples' is expected and was not found"),
        ({"examples": {}}, "Expecting 'examples' value to be an list/array"),
        ({"examples": []}, "'examples' value is an empty array"),
        ({"examples": [1]}, "Example must be JSON object but got JSON Number"),
        ({"examples": [{}], "context": []}, "Example must be JSON object but got JSON Array"),
        ({"examples": [{"a": None}]}, "Feature: a has element with unexpected JSON type: Null"),
        ({"examples": [{"a": [[1]]}]}, "Feature: a has element with unexpected JSON type: Array"),
        ({"examples": [{"a": {"x": 1}}]}, "Feature: a has element with unexpected JSON type: Object"),
        ({"examples": [{"a": [1, 2.5]}]}, "Unexpected element type in feature: a expecting type: int64"),
        ({"examples": [{"a": ["x", 2]}]}, "Unexpected element type in feature: a expecting type: bytes"),
        ({"examples": [{"a": 2**63}]}, "Feature: a has uint64 element. Only int64 is supported."),
        ({"examples": [{"a": 1e300}]}, "to float without loss of precision"),
        ({"examples": [{"a": {"b64": "*"}}]}, "Unable to base64 decode"),
        ({"examples": [{"a\ud800": 1}]}, "has an invalid surrogate pair"),
        ({"examples": [{"a": "\ud800"}]}, "has an invalid surrogate pair"),
    ],
)
def test_json_that_is_refused(document, message):
    with pytest.raises(ServingError) as error:
        json_examples.decode_examples(document)
    assert message in error.value.message


def test_serialized_examples_of_a_context_are_one_message():
    (serialized,) = inference._serialized(_examples(4.0, context=2.0))
    assert list(tf.train.Example.FromString(serialized).features.feature["x"].float_list.value) == [4.0]
    assert np.shape(inference._serialized(_examples(1.0, 2.0))) == (2,)
