"""Samples from a served model on an event loop."""

import asyncio
import collections
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import numpy as np

from serving.rest_transport import AsyncRestTransport
from serving.sampling import RETRIES, Retries, parse_url, require_signature, sample_requests, to_arrays
from serving.transport import AsyncTransport, ClientError, SignatureTypes


class AsyncSamplerClient:
    """`serving.client.SamplerClient` for asyncio, several requests at a time; an async context manager."""

    def __init__(
        self,
        url: str,
        model_name: str,
        timeout_seconds: float = 60.0,
        retries: Retries = RETRIES,
        ca_file: str | None = None,
    ) -> None:
        """To be made on the event loop; arguments as of `SamplerClient`."""
        self._model_name = model_name
        self._transport = _transport(url, model_name, timeout_seconds, ca_file)
        self._retries = retries
        self._signatures: dict[str, SignatureTypes] = {}

    async def predict(
        self, inputs: Mapping[str, Any], signature_name: str = "serving_default"
    ) -> dict[str, np.ndarray]:
        """As `SamplerClient.predict`."""
        if signature_name not in self._signatures:
            self._signatures = await self._retried(self._transport.signatures)
        types = require_signature(self._model_name, signature_name, self._signatures)
        arrays = to_arrays(signature_name, inputs, types)
        try:
            return await self._retried(lambda: self._transport.predict(signature_name, arrays, types))
        except ClientError:
            self._signatures = {}  # another version may be served by now, with other signatures
            raise

    async def stream(
        self,
        num: int,
        seed: int = 0,
        label: int | Sequence[int] | None = None,
        *,
        signature_name: str = "sample",
        rows_per_request: int = 16,
        max_under_way: int = 4,
        **conditions: Any,
    ) -> AsyncIterator[dict[str, np.ndarray]]:
        """As `SamplerClient.stream`, in order, with at most `max_under_way` requests sent ahead of the consumer."""
        if max_under_way < 1:
            raise ClientError(f"max_under_way is {max_under_way}; it must be at least 1")
        under_way: collections.deque[asyncio.Task] = collections.deque()
        try:
            for inputs in sample_requests(num, seed, rows_per_request, {"label": label, **conditions}):
                under_way.append(asyncio.ensure_future(self.predict(inputs, signature_name)))
                if len(under_way) == max_under_way:
                    yield await under_way.popleft()
            while under_way:
                yield await under_way.popleft()
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def sample(self, num: int, seed: int = 0, **options: Any) -> dict[str, np.ndarray]:
        """As `SamplerClient.sample`; `options` are those of `stream`."""
        replies = [reply async for reply in self.stream(num, seed, **options)]
        return {name: np.concatenate([reply[name] for reply in replies]) for name in replies[0]}

    async def close(self) -> None:
        """Lets go of the connection."""
        await self._transport.close()

    async def __aenter__(self) -> "AsyncSamplerClient":
        """Itself."""
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Closes."""
        await self.close()

    async def _retried(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        for seconds in self._retries.waits():
            try:
                return await ask()
            except ClientError as error:
                if not error.is_unavailable:
                    raise
            await asyncio.sleep(seconds)
        return await ask()


def _transport(url: str, model_name: str, timeout_seconds: float, ca_file: str | None) -> AsyncTransport:
    scheme, address = parse_url(url)
    if scheme.startswith("http"):
        return AsyncRestTransport(f"{scheme}://{address}", model_name, timeout_seconds, ca_file)
    from tfdgm.core.loading import load_tensorflow  # which REST does without

    load_tensorflow()
    from serving.grpc_transport import AsyncGrpcTransport, channel_credentials

    tls = channel_credentials(ca_file) if scheme == "grpcs" else None
    return AsyncGrpcTransport(address, model_name, timeout_seconds, tls)
