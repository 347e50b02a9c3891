"""The server: models, the polling of their folders, and both protocols on one event loop."""

import asyncio
import concurrent.futures
import contextlib
import functools
import json
import logging
import os
import pathlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from serving import batching, warmup
from serving.catalog import Catalog
from serving.flags import Options
from serving.grpc_listener import GrpcListener
from serving.grpc_service import ModelService, PredictionService
from serving.metrics import Metrics, read_prometheus_path
from serving.model_config import ModelConfig, read_model_configs
from serving.page import page_texts
from serving.predictor import Predictor
from serving.reception import Reception
from serving.rest_listener import RestListener
from serving.rest_service import RestService
from serving.servable import Servable
from serving.start_error import StartError, address
from serving.status import ServingError
from serving.text_proto import ConfigError
from serving.versioned_model import Loader, Retries, VersionedModel

_LOGGER = logging.getLogger(__name__)
_THREADS_PER_CORE = 4


class ModelServer:
    """A server of models over gRPC and, where wished, REST.

    Models run in threads, never on the event loop, which only reads and writes. Both ports answer as soon as `start`
    returns, even where no version could be loaded yet: status and health say so, and the next good version is served.

    Attributes:
      catalog: the models.
      metrics: what was counted and timed.
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
        self._grpc = GrpcListener(options)
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
        threads = _default_threads(parameters)
        self._grpc_threads = concurrent.futures.ThreadPoolExecutor(options.grpc_max_threads or threads, "grpc")
        self._rest_threads = concurrent.futures.ThreadPoolExecutor(options.rest_api_num_threads or threads, "rest")
        self._load_thread = concurrent.futures.ThreadPoolExecutor(1, "load")
        self._rest: RestListener | None = None
        self._polling: list[asyncio.Task] = []

    @property
    def grpc_port(self) -> int | None:
        """The gRPC port bound, after `start`."""
        return self._grpc.port

    @property
    def rest_port(self) -> int | None:
        """The REST port bound, after `start`; None without REST."""
        return self._rest.port if self._rest else None

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
        await self._grpc.start(
            PredictionService(self._predictor, self._reception("GRPC", self._grpc_threads)),
            ModelService(self.catalog, self.reconfigure),
        )
        if self._options.rest_api_port:
            self._rest = self._rest_listener()
            await self._rest.start()
        self._start_polling()
        self._write_port_file()

    async def stop(self) -> None:
        """Takes no more requests, finishes those accepted as far as the grace allows, and lets go of the ports."""
        for polling in self._polling:
            polling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await polling
        await self._grpc.stop_health()
        listeners = [listener for listener in (self._grpc, self._rest) if listener]
        await asyncio.gather(*(listener.stop(self._options.shutdown_grace_seconds) for listener in listeners))
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
        rest = f", REST at http://{address(options.host, self.rest_port)}/v1/models{name}" if self.rest_port else ""
        return (
            f"serving {models or 'no models'} from {options.model_config_file or options.model_base_path}: "
            f"gRPC at {address(options.host, self.grpc_port)}{rest}"
        )

    def _rest_listener(self) -> RestListener:
        options = self._options
        texts = page_texts(self.catalog)
        if self._metrics_path:
            texts[self._metrics_path] = (self.metrics.exposition, "text/plain")
        reception = self._reception("REST", self._rest_threads)
        timeout_seconds = options.rest_api_timeout_in_ms / 1000
        service = RestService(self._predictor, reception, timeout_seconds, options.max_request_bytes, texts)
        return RestListener(options, service)

    def _reception(self, entrypoint: str, executor: concurrent.futures.Executor) -> Reception:
        return Reception(
            entrypoint,
            executor,
            self._options.max_pending_requests,
            metrics=self.metrics,
            is_known=lambda name: name in self.catalog.models,
            log_requests=self._options.log_requests,
        )

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
            await self._grpc.set_health(self.catalog.is_available)

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
