"""The REST API over aiohttp."""

import asyncio
import concurrent.futures
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

    def application(self) -> web.Application:
        """The aiohttp application."""
        application = web.Application(client_max_size=self._max_request_bytes)
        application.router.add_route("*", "/{path:.*}", self._handle)
        return application

    async def _handle(self, request: web.Request) -> web.Response:
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
        body = await request.read()
        work = asyncio.get_running_loop().run_in_executor(self._executor, self.predict, route.model, body)
        try:
            return await asyncio.wait_for(work, self._timeout_seconds)
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
