"""Predict requests in JSON: the row format ("instances") and the columnar one ("inputs").

The rules are TensorFlow Serving's: the row format names exactly the signature's inputs, the columnar one at least
those; a single input needs no name; NaN and Infinity are numbers; text after the document is ignored.
"""

import json
from typing import Any

import numpy as np
import orjson

from serving.json_values import is_base64_object, quoted, to_array
from serving.signatures import Signature
from serving.status import ServingError, invalid_argument


def parse_document(body: bytes) -> dict[str, Any]:
    """The JSON object that `body` begins with.

    Raises:
      ServingError: INVALID_ARGUMENT for anything else.
    """
    if not body:
        raise invalid_argument("JSON Parse error: The document is empty")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = _parse_leniently(body)
    if not isinstance(document, dict):
        raise invalid_argument(f"JSON Value: {quoted(document)} Is not object")
    return document


def signature_name(document: dict[str, Any]) -> str:
    """The signature asked for, empty for the default one.

    Raises:
      ServingError: INVALID_ARGUMENT where it is not a string.
    """
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid_argument(
            f"JSON Value: {quoted(document)} not formatted correctly. 'signature_name' key must be a string value."
        )
    return name


def is_row_format(document: dict[str, Any]) -> bool:
    """True for "instances", False for "inputs".

    Raises:
      ServingError: INVALID_ARGUMENT unless exactly one is there, and "instances" is a list with something in it.
    """
    if "instances" in document and "inputs" in document:
        raise invalid_argument(
            f"JSON Value: {quoted(document)} Not formatted correctly expecting only one of 'inputs' or 'instances' "
            "keys to exist"
        )
    if "instances" not in document and "inputs" not in document:
        raise invalid_argument("Missing 'inputs' or 'instances' key")
    if "inputs" in document:
        return False
    if not isinstance(document["instances"], list):
        raise invalid_argument(f"JSON Value: {quoted(document)} Excepting 'instances' to be an list/array")
    if not document["instances"]:
        raise invalid_argument(f"JSON Value: {quoted(document)} No values in 'instances' array")
    return True


def decode_inputs(document: dict[str, Any], signature: Signature) -> dict[str, np.ndarray]:
    """The inputs of a request in either format.

    Returns:
      One array `[B, ...]` an input, of the signature's element types.

    Raises:
      ServingError: INVALID_ARGUMENT naming the element and what is wrong with it.
    """
    if is_row_format(document):
        return _decode_rows(document["instances"], signature)
    return _decode_columns(document["inputs"], signature)


def _decode_rows(instances: list[Any], signature: Signature) -> dict[str, np.ndarray]:
    names = list(signature.inputs)
    is_named = _is_named(instances[0])
    if not is_named and len(names) != 1:
        raise invalid_argument(
            "instances is a plain list, but expecting list of objects as multiple input tensors required as per "
            "tensorinfo_map"
        )
    rows: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for index, instance in enumerate(instances):
        if _is_named(instance) != is_named:
            expected = "object but got list" if is_named else "value/list but got object"
            raise invalid_argument(f"Expecting {expected} at item {index} of input list")
        values = instance if is_named else {names[0]: instance}
        for name, value in values.items():
            where = f"element: {index}" + (f" key: {name}" if is_named else "")
            _append_row(rows, name, value, signature, where)
        if len(values) != len(names):
            raise invalid_argument(
                f"Failed to process element: {index} of 'instances' list. JSON object: {quoted(instance)} "
                f"keys must be equal to: {','.join(names)}"
            )
    return {name: np.stack(arrays) for name, arrays in rows.items()}


def _append_row(rows: dict[str, list[np.ndarray]], name: str, value: Any, signature: Signature, where: str) -> None:
    try:
        if name not in rows:
            raise invalid_argument(f"JSON object: does not have named input: {name}")
        row = to_array(value, signature.inputs[name].dtype)
        first = rows[name][0] if rows[name] else row
        if row.size != first.size:
            raise invalid_argument(f"Expecting tensor size: {first.size} but got: {row.size}")
        if row.shape != first.shape:
            raise invalid_argument(f"Expecting shape {_sizes(first)} but got: {_sizes(row)}")
    except ServingError as error:
        raise invalid_argument(f"Failed to process {where} of 'instances' list. Error: {error}") from None
    rows[name].append(row)


def _decode_columns(inputs: Any, signature: Signature) -> dict[str, np.ndarray]:
    if not _is_named(inputs):
        if len(signature.inputs) != 1:
            raise invalid_argument(
                "inputs is a plain value/list, but expecting an object as multiple input tensors required as per "
                "tensorinfo_map"
            )
        inputs = dict.fromkeys(signature.inputs, inputs)
    for name in signature.inputs:
        if name not in inputs:
            raise invalid_argument(f"Missing named input: {name} in 'inputs' object.")
    return {name: to_array(inputs[name], info.dtype) for name, info in signature.inputs.items()}


def _parse_leniently(body: bytes) -> Any:
    """What orjson refuses: NaN and Infinity, and text after the document."""
    try:
        text = body.decode()
        start = len(text) - len(text.lstrip())
        return json.JSONDecoder().raw_decode(text, start)[0]
    except json.JSONDecodeError as error:
        raise invalid_argument(f"JSON Parse error: Invalid value. at offset: {error.pos}") from None
    except UnicodeDecodeError as error:
        raise invalid_argument(f"JSON Parse error: Invalid encoding in string. at offset: {error.start}") from None
    except RecursionError:
        raise invalid_argument("JSON Parse error: lists or objects are nested too deeply") from None


def _is_named(value: Any) -> bool:
    return isinstance(value, dict) and not is_base64_object(value)


def _sizes(array: np.ndarray) -> str:
    return "[" + ",".join(map(str, array.shape)) + "]"
