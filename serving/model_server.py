"""The server: models, the polling of their folders, and both protocols on one event loop."""

import asyncio
import concurrent.futures
import contextlib
import json
import logging
import os
import pathlib

import grpc
from aiohttp import web
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from serving import batching, catalog, grpc_service, warmup
from serving.flags import Options
from serving.rest_service import RestService
from serving.servable import Servable
from serving.versioned_model import Loader, VersionedModel

_LOGGER = logging.getLogger(__name__)
_HEALTH_SERVICES = ("", "tensorflow.serving.PredictionService")
_THREADS_PER_CORE = 4
_WRITE_SECONDS = 5.0  # for the last answers to leave, after the requests under way had their grace


class StartError(RuntimeError):
    """The server cannot start; the message is one line that says why."""


class ModelServer:
    """A server of one model over gRPC and, where wished, REST.

    Models run in threads, never on the event loop, which only reads and writes. Both ports answer as soon as `start`
    returns, even where no version could be loaded yet: status and health say so, and the next good version is served.

    Attributes:
      catalog: the models.
      grpc_port: the port bound, after `start`.
      rest_port: likewise; None without REST.
    """

    def __init__(self, options: Options) -> None:
        """Prepares; nothing is loaded or bound before `start`.

        Raises:
          ConfigError: for a batching file that cannot be used.
        """
        self._options = options
        parameters = _batching_parameters(options)
        load = _loader(parameters, options.enable_model_warmup)
        model = VersionedModel(options.model_name, pathlib.Path(options.model_base_path), load)
        self.catalog = catalog.Catalog({model.name: model})
        self.grpc_port: int | None = None
        self.rest_port: int | None = None
        threads = _default_threads(parameters)
        self._grpc_threads = concurrent.futures.ThreadPoolExecutor(options.grpc_max_threads or threads, "grpc")
        self._rest_threads = concurrent.futures.ThreadPoolExecutor(options.rest_api_num_threads or threads, "rest")
        self._load_thread = concurrent.futures.ThreadPoolExecutor(1, "load")
        self._health = health.aio.HealthServicer()
        self._grpc: grpc.aio.Server | None = None
        self._rest: web.AppRunner | None = None
        self._rest_service: RestService | None = None
        self._polling: asyncio.Task | None = None

    async def start(self) -> None:
        """Loads the model's newest version, binds the ports and writes the port file.

        Raises:
          StartError: where a port cannot be bound.
        """
        self._remove_port_file()
        await self._refresh()
        await self._start_grpc()
        if self._options.rest_api_port:
            await self._start_rest()
        if self._options.file_system_poll_wait_seconds:
            self._polling = asyncio.create_task(self._poll())
        self._write_port_file()

    async def stop(self) -> None:
        """Takes no more requests, finishes those accepted as far as the grace allows, and lets go of the ports."""
        if self._polling:
            self._polling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._polling
        await self._health.enter_graceful_shutdown()
        await asyncio.gather(self._stop_grpc(), self._stop_rest())
        for executor in (self._grpc_threads, self._rest_threads, self._load_thread):
            executor.shutdown(wait=False, cancel_futures=True)
        self._remove_port_file()

    def describe(self) -> str:
        """One line: what is served, and where."""
        options = self._options
        servable = self.catalog.models[options.model_name].servable()
        version = f"version {servable.version}" if servable else "no version yet"
        rest = f", REST at http://{options.host}:{self.rest_port}/v1/models/{options.model_name}"
        return (
            f"serving {options.model_name} ({version}) from {options.model_base_path}: "
            f"gRPC at {options.host}:{self.grpc_port}" + (rest if self.rest_port else "")
        )

    async def _start_grpc(self) -> None:
        options = self._options
        self._grpc = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", options.max_request_bytes),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", 0),  # else a second server would bind the same port and take half the requests
            ]
        )
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
            grpc_service.PredictionService(self.catalog, self._grpc_threads, options.max_request_bytes), self._grpc
        )
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(grpc_service.ModelService(self.catalog), self._grpc)
        if options.enable_grpc_healthcheck_service:
            health_pb2_grpc.add_HealthServicer_to_server(self._health, self._grpc)
        try:
            self.grpc_port = self._grpc.add_insecure_port(_address(options.host, options.port))
        except RuntimeError:
            raise StartError(f"gRPC cannot listen at {_address(options.host, options.port)}; is it taken?") from None
        await self._grpc.start()

    async def _start_rest(self) -> None:
        options = self._options
        self._rest_service = RestService(
            self.catalog, self._rest_threads, options.rest_api_timeout_in_ms / 1000, options.max_request_bytes
        )
        self._rest = web.AppRunner(self._rest_service.application(), access_log=None, shutdown_timeout=_WRITE_SECONDS)
        await self._rest.setup()
        port = max(options.rest_api_port, 0)
        try:
            await web.TCPSite(self._rest, options.host, port).start()
        except OSError as error:
            raise StartError(f"REST cannot listen at {_address(options.host, port)}: {error.strerror}") from None
        self.rest_port = self._rest.addresses[0][1]

    async def _stop_grpc(self) -> None:
        if self._grpc:
            await self._grpc.stop(self._options.shutdown_grace_seconds)

    async def _stop_rest(self) -> None:
        if self._rest and self._rest_service:
            for site in list(self._rest.sites):
                await site.stop()
            await self._rest_service.drain(self._options.shutdown_grace_seconds)
            await self._rest.cleanup()

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(self._options.file_system_poll_wait_seconds)
            try:
                await self._refresh()
            except Exception:  # polling must outlive whatever one look at the folders runs into
                _LOGGER.exception("looking for new versions failed")

    async def _refresh(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._load_thread, self.catalog.refresh)
        serving = health_pb2.HealthCheckResponse.SERVING
        status = serving if self.catalog.is_available else health_pb2.HealthCheckResponse.NOT_SERVING
        for service in _HEALTH_SERVICES:
            await self._health.set(service, status)

    def _write_port_file(self) -> None:
        if not self._options.port_file:
            return
        path = pathlib.Path(self._options.port_file)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        temporary.write_text(json.dumps({"grpc": self.grpc_port, "rest": self.rest_port}), encoding="utf-8")
        temporary.replace(path)  # whoever waits for the file finds it whole

    def _remove_port_file(self) -> None:
        if self._options.port_file:
            pathlib.Path(self._options.port_file).unlink(missing_ok=True)


def _batching_parameters(options: Options) -> batching.BatchingParameters | None:
    if not options.enable_batching:
        return None
    if not options.batching_parameters_file:
        return batching.BatchingParameters()
    return batching.read_batching_parameters(pathlib.Path(options.batching_parameters_file))


def _loader(parameters: batching.BatchingParameters | None, enable_model_warmup: bool) -> Loader:
    def load(folder: pathlib.Path, version: int) -> Servable:
        servable = Servable(folder, version, parameters)
        if enable_model_warmup:
            warmup.replay(folder, servable)
        return servable

    return load


def _default_threads(parameters: batching.BatchingParameters | None) -> int:
    """Enough to keep the cores busy; a thread waits while its rows are in a batch, so enough for two full batches."""
    threads = _THREADS_PER_CORE * len(os.sched_getaffinity(0))
    return max(threads, min(2 * parameters.max_batch_size, 256)) if parameters else threads


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
