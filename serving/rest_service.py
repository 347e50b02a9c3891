"""The REST API over aiohttp."""

import asyncio
import concurrent.futures
import contextlib
import json
import logging

from aiohttp import web

from serving import json_request, json_response, routes
from serving.catalog import Catalog, message_json, metadata_json
from serving.model_spec import ModelSpec
from serving.servable import Servable
from serving.signatures import DEFAULT_SIGNATURE, Signature
from serving.status import HTTP_STATUS, Code, ServingError, invalid_argument, public_error

_LOGGER = logging.getLogger(__name__)


class RestService:
    """Answers REST requests from a catalog."""

    def __init__(
        self, catalog: Catalog, executor: concurrent.futures.Executor, timeout_seconds: float, max_request_bytes: int
    ) -> None:
        """Keeps what it needs.

        Args:
          catalog: the models.
          executor: runs the models, and reads and writes their JSON.
          timeout_seconds: when a request is given up.
          max_request_bytes: largest body taken.
        """
        self._catalog = catalog
        self._executor = executor
        self._timeout_seconds = timeout_seconds
        self._max_request_bytes = max_request_bytes
        self._num_under_way = 0
        self._is_draining = False
        self._idle = asyncio.Event()
        self._idle.set()

    def application(self) -> web.Application:
        """The aiohttp application."""
        application = web.Application(client_max_size=self._max_request_bytes)
        application.router.add_route("*", "/{path:.*}", self._handle)
        return application

    async def drain(self, timeout_seconds: float) -> None:
        """Waits until the requests under way are answered; each answer from now on closes its connection.

        To be called once no new connections are taken and before aiohttp shuts down, for that would throw away the
        rest of a body still being sent.

        Args:
          timeout_seconds: how long at most.
        """
        self._is_draining = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), timeout_seconds)

    async def _handle(self, request: web.Request) -> web.Response:
        self._num_under_way += 1
        self._idle.clear()
        try:
            response = await self._respond(request)
        finally:
            self._num_under_way -= 1
            if not self._num_under_way:
                self._idle.set()
        if self._is_draining:
            response.force_close()
        return response

    async def _respond(self, request: web.Request) -> web.Response:
        path = request.rel_url.raw_path
        if not routes.API_PREFIX.fullmatch(path):
            return web.Response(status=404)
        try:
            body = await self._answer(request, routes.parse_route(request.method, path))
        except web.HTTPRequestEntityTooLarge:
            message = f"request is larger than the {self._max_request_bytes} bytes that are taken"
            return _error_response(413, message)
        except Exception as error:  # the boundary: nothing but a status and one line may leave
            failure = public_error(error)
            if failure is not error:
                _LOGGER.exception("%s %s failed", request.method, path)
            return _error_response(HTTP_STATUS[failure.code], failure.message)
        return web.Response(body=body, content_type="application/json")

    async def _answer(self, request: web.Request, route: routes.Route) -> bytes:
        if route.action == "status":
            return _pretty(message_json(self._catalog.status(route.model)))
        if route.action == "metadata":
            return _pretty(metadata_json(self._catalog.metadata(route.model)))
        if route.action != "predict":
            raise ServingError(Code.UNIMPLEMENTED, f"{route.action} is not answered by this server; use predict")
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                body = await _read(request)
                return await loop.run_in_executor(self._executor, self.predict, route.model, body)
        except TimeoutError:
            message = f"request was not answered within {self._timeout_seconds:g} seconds"
            raise ServingError(Code.DEADLINE_EXCEEDED, message) from None

    def predict(self, spec: ModelSpec, body: bytes) -> bytes:
        """Answers a predict request. Blocks.

        Args:
          spec: which model.
          body: the request's JSON.

        Returns:
          The reply's JSON.

        Raises:
          ServingError: for what is wrong with the request.
        """
        document = json_request.parse_document(body)
        name = json_request.signature_name(document) or DEFAULT_SIGNATURE
        servable = self._catalog.servable(spec)
        inputs = json_request.decode_inputs(document, _rest_signature(servable, name))
        outputs = servable.predict(name, inputs)
        return json_response.encode_outputs(outputs, json_request.is_row_format(document))


async def _read(request: web.Request) -> bytes:
    try:
        return await request.read()
    except (web.RequestPayloadError, ConnectionError):
        raise invalid_argument("request body breaks off, or is not encoded as its header says") from None


def _rest_signature(servable: Servable, name: str) -> Signature:
    # TensorFlow Serving words this differently from the same fault over gRPC, and gives it another code.
    if name not in servable.signatures:
        raise invalid_argument(f'Serving signature name: "{name}" not found in signature def')
    signature = servable.signatures[name]
    if not signature.inputs:
        raise invalid_argument(f"Failed to get input map for signature: {name}")
    return signature


def _error_response(status: int, message: str) -> web.Response:
    return web.Response(status=status, body=_pretty({"error": message}), content_type="application/json")


def _pretty(document: dict) -> bytes:
    return json.dumps(document, indent=1).encode() + b"\n"
