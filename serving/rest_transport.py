"""The client's side of the REST API. Imports no TensorFlow."""

import base64
import json
import urllib.parse
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
import urllib3

from serving.dtypes import DTYPES, DType
from serving.json_arrays import dumps, writable
from serving.status import ServingError
from serving.transport import ClientError, SignatureTypes


class RestTransport:
    """Requests to one model over connections that are kept open."""

    def __init__(self, url: str, model_name: str, timeout_seconds: float) -> None:
        """Connects with the first request.

        Args:
          url: `http://HOST:PORT`.
          model_name: the model.
          timeout_seconds: how long one request may take.
        """
        self._url = url
        self._model_url = f"{url}/v1/models/{urllib.parse.quote(model_name, safe='')}"
        # A request that may have reached the model is not sent again behind the caller's back.
        self._pool = urllib3.PoolManager(timeout=timeout_seconds, retries=False)

    def signatures(self) -> dict[str, SignatureTypes]:
        """As `Transport.signatures`."""
        definitions = self._request("GET", "/metadata")["metadata"]["signature_def"]["signature_def"]
        return {
            name: SignatureTypes(_types(definition["inputs"]), _types(definition["outputs"]))
            for name, definition in definitions.items()
        }

    def predict(
        self, signature_name: str, inputs: Mapping[str, np.ndarray], types: SignatureTypes
    ) -> dict[str, np.ndarray]:
        """As `Transport.predict`."""
        try:
            columns = {name: writable(array, strings_as_base64=True) for name, array in inputs.items()}
        except ServingError as error:
            raise ClientError(error.message) from None
        body = dumps({"signature_name": signature_name, "inputs": columns})
        outputs = self._request("POST", ":predict", body)["outputs"]
        if len(types.outputs) == 1:
            outputs = dict.fromkeys(types.outputs, outputs)
        if set(outputs) != set(types.outputs):
            raise ClientError(f"{self._model_url} has changed its signature {signature_name!r} meanwhile; ask again")
        return {name: _array(value, types.outputs[name]) for name, value in outputs.items()}

    def close(self) -> None:
        """As `Transport.close`."""
        self._pool.clear()

    def _request(self, method: str, path: str, body: bytes | None = None) -> Any:
        try:
            response = self._pool.request(method, self._model_url + path, body=body)
        except urllib3.exceptions.HTTPError as error:
            timed_out = isinstance(error, urllib3.exceptions.TimeoutError)
            if timed_out and not isinstance(
                error, urllib3.exceptions.NewConnectionError
            ):  # which urllib3 derives from it
                raise ClientError(f"{self._url} did not answer in time") from None
            reason = getattr(error.__cause__, "strerror", None) or str(error)
            raise ClientError(f"cannot reach {self._url}: {reason}") from None
        document = _parse(response.data)
        if response.status != 200:
            reason = document.get("error", "") if isinstance(document, dict) else ""
            raise ClientError(f"{self._model_url} answered {response.status}: {reason}".rstrip(": "))
        if not isinstance(document, dict):
            raise ClientError(f"{self._model_url} does not answer as a model server does")
        return document


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
