"""A server in this process, on an event loop in a thread of its own, and ways to ask it."""

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import tensorflow as tf
import urllib3
from tensorflow_serving.apis import model_service_pb2_grpc, predict_pb2, prediction_service_pb2_grpc

from serving.flags import Options
from serving.model_server import ModelServer

_WAIT_SECONDS = 60


class RunningServer:
    """A server on an event loop in a thread of its own."""

    def __init__(self, options: Options) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.model_name = options.model_name
        self.server = ModelServer(options)
        try:
            self.run(self.server.start())
        except BaseException:
            self.close()
            raise
        self.rest_url = f"http://127.0.0.1:{self.server.rest_port}"
        self.grpc_url = f"grpc://127.0.0.1:{self.server.grpc_port}"
        self._http = urllib3.PoolManager(timeout=_WAIT_SECONDS, retries=False)
        self._channel = grpc.insecure_channel(f"127.0.0.1:{self.server.grpc_port}")
        self.prediction = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self.models = model_service_pb2_grpc.ModelServiceStub(self._channel)
        self.channel = self._channel

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_WAIT_SECONDS)

    def submit(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def http(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, bytes]:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        response = self._http.request(method, self.rest_url + path, body=data, **options)
        return response.status, response.data

    def rest(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        status, data = self.http(method, path, body)
        return status, json.loads(data)

    def rest_predict(self, body: Any) -> tuple[int, Any]:
        return self.rest("POST", f"/v1/models/{self.model_name}:predict", body)

    def grpc_predict(self, signature_name: str, inputs: dict[str, Any], **fields: Any) -> predict_pb2.PredictResponse:
        request = predict_pb2.PredictRequest(**fields)
        request.model_spec.name = request.model_spec.name or self.model_name
        request.model_spec.signature_name = signature_name
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        return self.prediction.Predict(request, timeout=_WAIT_SECONDS)

    @staticmethod
    async def _cancel_what_lingers() -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def close(self) -> None:
        self.run(self.server.stop())
        self.run(self._cancel_what_lingers())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextlib.contextmanager
def running_server(model_base_path: Path | str, **flags: Any) -> Iterator[RunningServer]:
    """A server on free ports for the length of a `with`; keywords are flags."""
    options = {"port": 0, "rest_api_port": -1, "model_name": "m", "model_base_path": str(model_base_path)}
    running = RunningServer(Options(**(options | flags)))
    try:
        yield running
    finally:
        running.close()
