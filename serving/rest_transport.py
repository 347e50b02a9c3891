"""The client's side of the REST API. Imports no TensorFlow."""

import ssl
from collections.abc import Mapping
from typing import Any

import aiohttp
import numpy as np
import urllib3

from serving import rest_messages
from serving.transport import ClientError, SignatureTypes


class RestTransport:
    """Requests to one model over connections that are kept open."""

    def __init__(self, url: str, model_name: str, timeout_seconds: float, ca_file: str | None = None) -> None:
        """Connects with the first request.

        Args:
          url: `http://HOST:PORT` or `https://HOST:PORT`.
          model_name: the model.
          timeout_seconds: how long one request may take.
          ca_file: certificates of the authorities that a server with TLS is checked by; None takes the machine's.
        """
        self._url = url
        self._model_url = rest_messages.model_url(url, model_name)
        # Whether a request is sent again is the client's decision, not the pool's.
        self._pool = urllib3.PoolManager(timeout=timeout_seconds, retries=False, ca_certs=ca_file)

    def signatures(self) -> dict[str, SignatureTypes]:
        """As `Transport.signatures`."""
        return rest_messages.read_signatures(self._request("GET", "/metadata"))

    def predict(
        self, signature_name: str, inputs: Mapping[str, np.ndarray], types: SignatureTypes
    ) -> dict[str, np.ndarray]:
        """As `Transport.predict`."""
        document = self._request("POST", ":predict", rest_messages.predict_body(signature_name, inputs))
        return rest_messages.read_outputs(self._model_url, signature_name, document, types)

    def close(self) -> None:
        """As `Transport.close`."""
        self._pool.clear()

    def _request(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        try:
            response = self._pool.request(method, self._model_url + path, body=body)
        except urllib3.exceptions.HTTPError as error:
            timed_out = isinstance(error, urllib3.exceptions.TimeoutError)
            if timed_out and not isinstance(
                error, urllib3.exceptions.NewConnectionError
            ):  # which urllib3 derives from it
                raise ClientError(f"{self._url} did not answer in time") from None
            reason = getattr(error.__cause__, "strerror", None) or str(error)
            is_unavailable = not isinstance(error, urllib3.exceptions.SSLError)
            raise ClientError(f"cannot reach {self._url}: {reason}", is_unavailable=is_unavailable) from None
        return rest_messages.read_document(self._model_url, response.status, response.data)


class AsyncRestTransport:
    """The same on an event loop; to be made on it."""

    def __init__(self, url: str, model_name: str, timeout_seconds: float, ca_file: str | None = None) -> None:
        """As `RestTransport`."""
        self._url = url
        self._model_url = rest_messages.model_url(url, model_name)
        context = ssl.create_default_context(cafile=ca_file)
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=timeout_seconds), connector=aiohttp.TCPConnector(limit=0, ssl=context)
        )

    async def signatures(self) -> dict[str, SignatureTypes]:
        """As `Transport.signatures`."""
        return rest_messages.read_signatures(await self._request("GET", "/metadata"))

    async def predict(
        self, signature_name: str, inputs: Mapping[str, np.ndarray], types: SignatureTypes
    ) -> dict[str, np.ndarray]:
        """As `Transport.predict`."""
        document = await self._request("POST", ":predict", rest_messages.predict_body(signature_name, inputs))
        return rest_messages.read_outputs(self._model_url, signature_name, document, types)

    async def close(self) -> None:
        """As `Transport.close`."""
        await self._session.close()

    async def _request(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        try:
            async with self._session.request(method, self._model_url + path, data=body) as response:
                status, data = response.status, await response.read()
        except TimeoutError:
            raise ClientError(f"{self._url} did not answer in time") from None
        except aiohttp.ClientError as error:
            reason = getattr(error, "strerror", None) or str(error)
            is_unavailable = not isinstance(error, aiohttp.ClientSSLError)
            raise ClientError(f"cannot reach {self._url}: {reason}", is_unavailable=is_unavailable) from None
        return rest_messages.read_document(self._model_url, status, data)
