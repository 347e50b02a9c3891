"""The REST port."""

from aiohttp import web

from serving.flags import Options
from serving.rest_service import RestService
from serving.start_error import StartError, address

_LINGER_SECONDS = 5.0  # for the rest of a body that was refused before it had come
_WRITE_SECONDS = 5.0  # for the last answers to leave, after the requests under way had their grace


class RestListener:
    """An HTTP server of a `RestService`.

    Attributes:
      port: the port bound, after `start`.
    """

    def __init__(self, options: Options, service: RestService) -> None:
        """Prepares; nothing is bound before `start`."""
        self._options = options
        self._service = service
        self._runner = web.AppRunner(
            service.application(), access_log=None, shutdown_timeout=_WRITE_SECONDS, lingering_time=_LINGER_SECONDS
        )
        self.port: int | None = None

    async def start(self) -> None:
        """Binds the port and answers.

        Raises:
          StartError: where it cannot be bound.
        """
        await self._runner.setup()
        host, port = self._options.host, max(self._options.rest_api_port, 0)
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            raise StartError(f"REST cannot listen at {address(host, port)}: {error.strerror}") from None
        self.port = self._runner.addresses[0][1]

    async def stop(self, grace_seconds: float) -> None:
        """Takes no more requests and finishes those under way as far as the grace allows."""
        for site in list(self._runner.sites):
            await site.stop()
        await self._service.drain(grace_seconds)
        await self._runner.cleanup()
