"""The REST API over aiohttp."""

import asyncio
import contextlib
import functools
import json
import logging
import time
from collections.abc import Mapping

from aiohttp import web

from serving import routes
from serving.catalog import message_json, metadata_json
from serving.page import Text
from serving.predictor import Predictor
from serving.reception import Reception
from serving.status import HTTP_STATUS, Code, ServingError, invalid_argument, public_error

_LOGGER = logging.getLogger(__name__)


# The page needs its own files and pictures out of replies; nothing else may be loaded or frame it.
_TEXT_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
_PREDICTIONS = {"predict": "Predict", "classify": "Classify", "regress": "Regress"}


class RestService:
    """Answers REST requests from a catalog."""

    def __init__(
        self,
        predictor: Predictor,
        reception: Reception,
        timeout_seconds: float,
        max_request_bytes: int,
        texts: Mapping[str, Text],
    ) -> None:
        """Keeps what it needs.

        Args:
          predictor: answers requests.
          reception: runs the answering, which reads and writes JSON too.
          timeout_seconds: when a request is given up.
          max_request_bytes: largest body taken.
          texts: what else there is to read, by path: what gives the text, and its content type.
        """
        self._predictor = predictor
        self._reception = reception
        self._timeout_seconds = timeout_seconds
        self._max_request_bytes = max_request_bytes
        self._texts = texts
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
        if path in self._texts and request.method in ("GET", "HEAD"):
            text, content_type = self._texts[path]
            return web.Response(text=text(), content_type=content_type, charset="utf-8", headers=_TEXT_HEADERS)
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
        catalog = self._predictor.catalog
        if route.action == "status":
            return _pretty(message_json(catalog.status(route.model)))
        if route.action == "metadata":
            return _pretty(metadata_json(catalog.metadata(route.model)))
        start = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                body = await _read(request)
        except TimeoutError:
            message = f"request did not arrive within {self._timeout_seconds:g} seconds"
            raise ServingError(Code.DEADLINE_EXCEEDED, message) from None
        remaining = self._timeout_seconds - (time.monotonic() - start)
        work = functools.partial(getattr(self._predictor, f"{route.action}_json"), route.model, body)
        return await self._reception.run(_PREDICTIONS[route.action], route.model.name, work, remaining)


async def _read(request: web.Request) -> bytes:
    try:
        return await request.read()
    except (web.RequestPayloadError, ConnectionError):
        raise invalid_argument("request body breaks off, or is not encoded as its header says") from None


def _error_response(status: int, message: str) -> web.Response:
    return web.Response(status=status, body=_pretty({"error": message}), content_type="application/json")


def _pretty(document: dict) -> bytes:
    return json.dumps(document, indent=1).encode() + b"\n"
