"""The gRPC port: what is answered there, who may connect, and health."""

import pathlib
import re

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from serving.flags import Options
from serving.grpc_parsing import RefuseUnparsable
from serving.grpc_service import ModelService, PredictionService
from serving.start_error import StartError, address
from serving.tls import read_server_credentials

_HEALTH_SERVICES = ("", "tensorflow.serving.PredictionService")


class GrpcListener:
    """A gRPC server of the two services and of health.

    Attributes:
      port: the port bound, after `start`.
    """

    def __init__(self, options: Options) -> None:
        """Prepares; nothing is bound before `start`.

        Raises:
          ConfigError: for a TLS file that cannot be used.
        """
        self._options = options
        path = options.ssl_config_file
        self._credentials = read_server_credentials(pathlib.Path(path)) if path else None
        self._health = health.aio.HealthServicer()
        self._server: grpc.aio.Server | None = None
        self.port: int | None = None

    async def start(self, prediction: PredictionService, models: ModelService) -> None:
        """Binds the port and answers.

        Raises:
          StartError: where it cannot be bound.
        """
        options = self._options
        self._server = grpc.aio.server(
            interceptors=[RefuseUnparsable()],
            options=[
                ("grpc.max_receive_message_length", options.max_request_bytes),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", 0),  # else a second server would bind the same port and take half the requests
                *_channel_arguments(options.grpc_channel_arguments),
            ],
        )
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(prediction, self._server)
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(models, self._server)
        if options.enable_grpc_healthcheck_service:
            health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self.port = self._bind(self._server, address(options.host, options.port))
        if options.grpc_socket_path:
            self._bind(self._server, f"unix:{options.grpc_socket_path}", with_tls=False)
        await self._server.start()

    async def set_health(self, is_available: bool) -> None:
        """What health says from now on."""
        statuses = health_pb2.HealthCheckResponse
        for service in _HEALTH_SERVICES:
            await self._health.set(service, statuses.SERVING if is_available else statuses.NOT_SERVING)

    async def stop_health(self) -> None:
        """Health says NOT_SERVING from now on, so that nobody new comes."""
        await self._health.enter_graceful_shutdown()

    async def stop(self, grace_seconds: float) -> None:
        """Takes no more requests and finishes those under way as far as the grace allows."""
        if self._server:
            await self._server.stop(grace_seconds)

    def _bind(self, server: grpc.aio.Server, where: str, with_tls: bool = True) -> int:
        try:
            if self._credentials and with_tls:
                return server.add_secure_port(where, self._credentials)
            return server.add_insecure_port(where)
        except RuntimeError:
            reason = "is it taken, or the key or certificate broken?" if self._credentials else "is it taken?"
            raise StartError(f"gRPC cannot listen at {where}; {reason}") from None


def _channel_arguments(text: str) -> list[tuple[str, str | int]]:
    pairs = (argument.split("=") for argument in text.split(",") if argument)
    return [(name, int(value) if re.fullmatch(r"-?\d{1,9}", value) else value) for name, value in pairs]
