"""A client's requests in JSON, and what it makes of answers. Imports no TensorFlow."""

import base64
import json
import urllib.parse
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson

from serving.dtypes import DTYPES, DType
from serving.json_arrays import dumps, writable
from serving.status import ServingError
from serving.transport import ClientError, SignatureTypes

_UNAVAILABLE = 503


def model_url(url: str, model_name: str) -> str:
    """Where the model is asked."""
    return f"{url}/v1/models/{urllib.parse.quote(model_name, safe='')}"


def predict_body(signature_name: str, inputs: Mapping[str, np.ndarray]) -> bytes:
    """A predict request.

    Raises:
      ClientError: for an input that has no form in JSON.
    """
    try:
        columns = {name: writable(array, strings_as_base64=True) for name, array in inputs.items()}
    except ServingError as error:
        raise ClientError(error.message) from None
    return dumps({"signature_name": signature_name, "inputs": columns})


def read_document(url: str, status: int, body: bytes) -> dict[str, Any]:
    """The JSON object of an answer.

    Raises:
      ClientError: for an answer that is none, with the server's own words where it gave any.
    """
    document = _parse(body)
    if status != 200:
        reason = document.get("error", "") if isinstance(document, dict) else ""
        text = f"{url} answered {status}: {reason}".rstrip(": ")
        raise ClientError(text, is_unavailable=status == _UNAVAILABLE)
    if not isinstance(document, dict):
        raise ClientError(f"{url} does not answer as a model server does")
    return document


def read_signatures(document: dict[str, Any]) -> dict[str, SignatureTypes]:
    """The signatures in an answer to a metadata request."""
    definitions = document["metadata"]["signature_def"]["signature_def"]
    return {
        name: SignatureTypes(_types(definition["inputs"]), _types(definition["outputs"]))
        for name, definition in definitions.items()
    }


def read_outputs(
    url: str, signature_name: str, document: dict[str, Any], types: SignatureTypes
) -> dict[str, np.ndarray]:
    """The outputs in an answer to a predict request.

    Raises:
      ClientError: where they are not those of `types`.
    """
    outputs = document["outputs"]
    if len(types.outputs) == 1:
        outputs = dict.fromkeys(types.outputs, outputs)
    if set(outputs) != set(types.outputs):
        raise ClientError(f"{url} has changed its signature {signature_name!r} meanwhile; ask again")
    return {name: _array(value, types.outputs[name]) for name, value in outputs.items()}


def _parse(body: bytes) -> Any:
    """The reply's JSON, None where it is none."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(body)  # reads NaN and Infinity too
    except ValueError:
        return None


def _types(infos: Mapping[str, Any]) -> dict[str, DType]:
    return {name: DTYPES[info["dtype"]] for name, info in infos.items() if info["dtype"] in DTYPES}


def _array(value: Any, dtype: DType) -> np.ndarray:
    if dtype.name != "string":
        return np.array(value, dtype.numpy)
    strings = np.array(value, object)  # of str, or of {"b64": ...}
    flat = np.empty(strings.size, object)
    flat[:] = [
        base64.b64decode(element["b64"]) if isinstance(element, dict) else element.encode()
        for element in strings.ravel()
    ]
    return flat.reshape(strings.shape)
