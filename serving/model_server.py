"""The server: models, the polling of their folders, and both protocols on one event loop."""

import asyncio
import concurrent.futures
import contextlib
import functools
import json
import logging
import os
import pathlib
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import grpc
from aiohttp import web
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from serving import batching, grpc_service, warmup
from serving.catalog import Catalog
from serving.flags import Options
from serving.grpc_parsing import RefuseUnparsable
from serving.metrics import Metrics, read_prometheus_path
from serving.model_config import ModelConfig, read_model_configs
from serving.page import Text, page_texts
from serving.predictor import Predictor
from serving.reception import Reception
from serving.rest_service import RestService
from serving.servable import Servable
from serving.status import ServingError
from serving.text_proto import ConfigError
from serving.tls import read_server_credentials
from serving.versioned_model import Loader, Retries, VersionedModel

_LOGGER = logging.getLogger(__name__)
_HEALTH_SERVICES = ("", "tensorflow.serving.PredictionService")
_THREADS_PER_CORE = 4
_LINGER_SECONDS = 5.0  # for the rest of a body that was refused before it had come
_WRITE_SECONDS = 5.0  # for the last answers to leave, after the requests under way had their grace


class StartError(RuntimeError):
    """The server cannot start; the message is one line that says why."""


class ModelServer:
    """A server of models over gRPC and, where wished, REST.

    Models run in threads, never on the event loop, which only reads and writes. Both ports answer as soon as `start`
    returns, even where no version could be loaded yet: status and health say so, and the next good version is served.

    Attributes:
      catalog: the models.
      metrics: what was counted and timed.
      grpc_port: the port bound, after `start`.
      rest_port: likewise; None without REST.
    """

    def __init__(self, options: Options) -> None:
        """Prepares; nothing is loaded or bound before `start`.

        Raises:
          ConfigError: for a file of models, batching parameters, monitoring or TLS that cannot be used.
        """
        self._options = options
        self.metrics = Metrics()
        self._configs = _model_configs(options)
        monitoring = options.monitoring_config_file
        ssl = options.ssl_config_file
        self._credentials = read_server_credentials(pathlib.Path(ssl)) if ssl else None
        self._metrics_path = read_prometheus_path(pathlib.Path(monitoring)) if monitoring else None
        parameters = _batching_parameters(options)
        self.catalog = Catalog(
            lambda name: _loader(name, parameters, options.enable_model_warmup, self.metrics),
            Retries(options.max_num_load_retries, options.load_retry_interval_micros / 1e6),
            options.allow_version_labels_for_unavailable_models,
        )
        self._predictor = Predictor(
            self.catalog, self.metrics, options.max_request_bytes, options.enable_signature_method_name_check
        )
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
        self._polling: list[asyncio.Task] = []

    async def start(self) -> None:
        """Loads the models, binds the ports and writes the port file.

        Raises:
          StartError: where a port cannot be bound, or a label names a version that is not available.
        """
        self._remove_port_file()
        try:
            await self._load_models(self.catalog.configure, self._configs, at_start=True)
        except ServingError as error:
            raise StartError(error.message) from None
        await self._start_grpc()
        if self._options.rest_api_port:
            await self._start_rest()
        self._start_polling()
        self._write_port_file()

    async def stop(self) -> None:
        """Takes no more requests, finishes those accepted as far as the grace allows, and lets go of the ports."""
        for polling in self._polling:
            polling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await polling
        await self._health.enter_graceful_shutdown()
        await asyncio.gather(self._stop_grpc(), self._stop_rest())
        for executor in (self._grpc_threads, self._rest_threads, self._load_thread):
            executor.shutdown(wait=False, cancel_futures=True)
        self._remove_port_file()

    async def reconfigure(self, configs: Mapping[str, ModelConfig]) -> None:
        """Makes `configs` the models there are, once what is being loaded is done with.

        Raises:
          ServingError: as `Catalog.configure`.
        """
        await self._load_models(self.catalog.configure, configs)

    def describe(self) -> str:
        """One line: what is served, and where."""
        options = self._options
        models = ", ".join(f"{name} ({_versions(model)})" for name, model in self.catalog.models.items())
        name = f"/{options.model_name}" if not options.model_config_file else ""
        rest = f", REST at http://{_address(options.host, self.rest_port)}/v1/models{name}" if self.rest_port else ""
        return (
            f"serving {models or 'no models'} from {options.model_config_file or options.model_base_path}: "
            f"gRPC at {_address(options.host, self.grpc_port)}{rest}"
        )

    async def _start_grpc(self) -> None:
        options = self._options
        self._grpc = grpc.aio.server(
            interceptors=[RefuseUnparsable()],
            options=[
                ("grpc.max_receive_message_length", options.max_request_bytes),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", 0),  # else a second server would bind the same port and take half the requests
                *_channel_arguments(options.grpc_channel_arguments),
            ],
        )
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
            grpc_service.PredictionService(self._predictor, self._reception("GRPC", self._grpc_threads)), self._grpc
        )
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(
            grpc_service.ModelService(self.catalog, self.reconfigure), self._grpc
        )
        if options.enable_grpc_healthcheck_service:
            health_pb2_grpc.add_HealthServicer_to_server(self._health, self._grpc)
        address = _address(options.host, options.port)
        try:
            if self._credentials:
                self.grpc_port = self._grpc.add_secure_port(address, self._credentials)
            else:
                self.grpc_port = self._grpc.add_insecure_port(address)
        except RuntimeError:
            reason = "is it taken, or the key or certificate broken?" if self._credentials else "is it taken?"
            raise StartError(f"gRPC cannot listen at {address}; {reason}") from None
        if options.grpc_socket_path:
            self._grpc.add_insecure_port(f"unix:{options.grpc_socket_path}")
        await self._grpc.start()

    async def _start_rest(self) -> None:
        options = self._options
        self._rest_service = RestService(
            self._predictor,
            self._reception("REST", self._rest_threads),
            options.rest_api_timeout_in_ms / 1000,
            options.max_request_bytes,
            self._texts(),
        )
        self._rest = web.AppRunner(
            self._rest_service.application(),
            access_log=None,
            shutdown_timeout=_WRITE_SECONDS,
            lingering_time=_LINGER_SECONDS,
        )
        await self._rest.setup()
        port = max(options.rest_api_port, 0)
        try:
            await web.TCPSite(self._rest, options.host, port).start()
        except OSError as error:
            raise StartError(f"REST cannot listen at {_address(options.host, port)}: {error.strerror}") from None
        self.rest_port = self._rest.addresses[0][1]

    def _texts(self) -> dict[str, Text]:
        texts = page_texts(self.catalog)
        if self._metrics_path:
            texts[self._metrics_path] = (self.metrics.exposition, "text/plain")
        return texts

    def _reception(self, entrypoint: str, executor: concurrent.futures.Executor) -> Reception:
        return Reception(
            entrypoint,
            executor,
            self._options.max_pending_requests,
            metrics=self.metrics,
            is_known=lambda name: name in self.catalog.models,
            log_requests=self._options.log_requests,
        )

    async def _stop_grpc(self) -> None:
        if self._grpc:
            await self._grpc.stop(self._options.shutdown_grace_seconds)

    async def _stop_rest(self) -> None:
        if self._rest and self._rest_service:
            for site in list(self._rest.sites):
                await site.stop()
            await self._rest_service.drain(self._options.shutdown_grace_seconds)
            await self._rest.cleanup()

    def _start_polling(self) -> None:
        options = self._options
        if options.file_system_poll_wait_seconds:
            self._polling.append(asyncio.create_task(_repeat(options.file_system_poll_wait_seconds, self._refresh)))
        if options.model_config_file and options.model_config_file_poll_wait_seconds:
            seconds = options.model_config_file_poll_wait_seconds
            self._polling.append(asyncio.create_task(_repeat(seconds, self._reread_models)))

    async def _refresh(self) -> None:
        await self._load_models(self.catalog.refresh)

    async def _reread_models(self) -> None:
        """Goes by the file of models where it says anything new; a file that cannot be used changes nothing."""
        try:
            configs = read_model_configs(pathlib.Path(self._options.model_config_file))
            if configs != self._configs:
                await self.reconfigure(configs)
                self._configs = configs
        except (ConfigError, ServingError) as error:
            _LOGGER.warning("--model_config_file is not followed: %s", error)

    async def _load_models(self, load: Callable[..., None], *args: Any, **kwargs: Any) -> None:
        """Runs `load` in the one thread that loads and unloads; health follows what has become available."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._load_thread, functools.partial(load, *args, **kwargs))
        finally:
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


async def _repeat(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
        except Exception:  # polling must outlive whatever one look at the files runs into
            _LOGGER.exception("looking for changes of the models failed")


def _model_configs(options: Options) -> dict[str, ModelConfig]:
    if options.model_config_file:
        return read_model_configs(pathlib.Path(options.model_config_file))
    return {options.model_name: ModelConfig(options.model_name, pathlib.Path(options.model_base_path))}


def _versions(model: VersionedModel) -> str:
    versions = model.available_versions()
    if not versions:
        return "no version yet"
    return f"version{'s' if len(versions) > 1 else ''} {', '.join(map(str, versions))}"


def _batching_parameters(options: Options) -> batching.BatchingParameters | None:
    if not options.enable_batching:
        return None
    if not options.batching_parameters_file:
        return batching.BatchingParameters()
    return batching.read_batching_parameters(pathlib.Path(options.batching_parameters_file))


def _loader(
    name: str, parameters: batching.BatchingParameters | None, enable_model_warmup: bool, metrics: Metrics
) -> Loader:
    def load(folder: pathlib.Path, version: int) -> Servable:
        servable = Servable(folder, version, parameters, functools.partial(metrics.add_batch, name))
        if enable_model_warmup:
            with metrics.warmup(folder):
                warmup.replay(folder, servable)
        return servable

    return load


def _default_threads(parameters: batching.BatchingParameters | None) -> int:
    """Enough to keep the cores busy; a thread waits while its rows are in a batch, so enough for two full batches."""
    threads = _THREADS_PER_CORE * len(os.sched_getaffinity(0))
    return max(threads, min(2 * parameters.max_batch_size, 256)) if parameters else threads


def _channel_arguments(text: str) -> list[tuple[str, str | int]]:
    pairs = (argument.split("=") for argument in text.split(",") if argument)
    return [(name, int(value) if re.fullmatch(r"-?\d{1,9}", value) else value) for name, value in pairs]


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
