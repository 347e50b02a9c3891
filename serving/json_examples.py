"""Classify and regress requests in JSON, and their replies: lists of examples, each an object of features."""

from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, input_pb2, regression_pb2

from serving.dtypes import DTYPES
from serving.json_arrays import dumps, writable
from serving.json_values import is_base64_object, json_type, quoted, to_array
from serving.status import invalid_argument

_FIELDS = {"int64": "int64_list", "float": "float_list", "string": "bytes_list"}
_MAX_INT64, _MIN_INT64 = 2**63 - 1, -(2**63)


def decode_examples(document: dict[str, Any]) -> input_pb2.Input:
    """The examples of a request, with the context that it may give them all.

    Raises:
      ServingError: INVALID_ARGUMENT naming the feature and what is wrong with it.
    """
    result = input_pb2.Input()
    target = result.example_list
    if "context" in document:
        target = result.example_list_with_context
        target.context.CopyFrom(_example(document["context"]))
    if "examples" not in document:
        raise invalid_argument(
            f"JSON Value: {quoted(document)} When method is classify, key 'examples' is expected and was not found"
        )
    examples = document["examples"]
    if not isinstance(examples, list):
        raise invalid_argument(f"JSON Value: {quoted(document)} Expecting 'examples' value to be an list/array")
    if not examples:
        raise invalid_argument(f"JSON Value: {quoted(document)} 'examples' value is an empty array")
    for example in examples:
        target.examples.add().CopyFrom(_example(example))
    return result


def encode_classifications(result: classification_pb2.ClassificationResult) -> bytes:
    """The reply's body: a list an example of pairs `[label, score]`."""
    rows = [[[one.label, _number(one.score)] for one in row.classes] for row in result.classifications]
    return dumps({"results": rows})


def encode_regressions(result: regression_pb2.RegressionResult) -> bytes:
    """The reply's body: a number an example."""
    return dumps({"results": [_number(regression.value) for regression in result.regressions]})


def _example(value: Any) -> tf.train.Example:
    if not isinstance(value, dict):
        raise invalid_argument(f"Example must be JSON object but got JSON {json_type(value)}")
    example = tf.train.Example()
    for name, content in value.items():
        feature = example.features.feature[_text(name)]
        for element in content if isinstance(content, list) else [content]:
            _append(feature, name, element)
    return example


def _append(feature: tf.train.Feature, name: str, value: Any) -> None:
    kind, element = _feature_value(name, value)
    field = _FIELDS[kind]
    given = feature.WhichOneof("kind")
    if given not in (None, field):
        kinds = {"bytes_list": "bytes", "float_list": "float", "int64_list": "int64"}
        raise invalid_argument(f"Unexpected element type in feature: {name} expecting type: {kinds[given]}")
    getattr(feature, field).value.append(element)


def _feature_value(name: str, value: Any) -> tuple[str, Any]:
    """The type that `value` has in an example, and `value` as of that type."""
    if isinstance(value, int):  # truth values are whole numbers too, here as in Python
        if not _MIN_INT64 <= value <= _MAX_INT64:
            raise invalid_argument(f"Feature: {name} has uint64 element. Only int64 is supported.")
        return "int64", int(value)
    if isinstance(value, float):
        return "float", float(to_array(value, DTYPES["DT_FLOAT"]))
    if isinstance(value, str) or is_base64_object(value):
        return "string", to_array(value, DTYPES["DT_STRING"])[()]
    raise invalid_argument(f"Feature: {name} has element with unexpected JSON type: {json_type(value)}")


def _text(name: str) -> str:
    to_array(name, DTYPES["DT_STRING"])  # refuses what is no UTF-8
    return name


def _number(value: float) -> Any:
    return writable(np.array(value, np.float32), strings_as_base64=False)
