"""The gRPC services: PredictionService and ModelService."""

import asyncio
import concurrent.futures
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import grpc
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving import model_spec, tensor_proto
from serving.catalog import SIGNATURE_DEF_FIELD, Catalog
from serving.model_config import ModelConfig, parse_model_configs
from serving.model_spec import ModelSpec
from serving.status import invalid_argument, public_error
from serving.text_proto import ConfigError

_LOGGER = logging.getLogger(__name__)
_GRPC_CODES = {code.value[0]: code for code in grpc.StatusCode}


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict and GetModelMetadata; the other methods are answered UNIMPLEMENTED."""

    def __init__(self, catalog: Catalog, executor: concurrent.futures.Executor, max_request_bytes: int) -> None:
        """Keeps what it needs.

        Args:
          catalog: the models.
          executor: runs them.
          max_request_bytes: bound on each input once decoded.
        """
        self._catalog = catalog
        self._executor = executor
        self._max_request_bytes = max_request_bytes

    async def Predict(  # noqa: N802 - gRPC's name
        self, request: predict_pb2.PredictRequest, context: grpc.aio.ServicerContext
    ) -> predict_pb2.PredictResponse:
        """Calls a signature of a model."""
        loop = asyncio.get_running_loop()
        return await _answer(context, lambda: loop.run_in_executor(self._executor, self.predict, request))

    async def GetModelMetadata(  # noqa: N802 - gRPC's name
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, context: grpc.aio.ServicerContext
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Describes the signatures of a model."""

        async def answer() -> get_model_metadata_pb2.GetModelMetadataResponse:
            spec = _spec(request)
            if not request.metadata_field:
                raise invalid_argument("GetModelMetadataRequest must specify at least one metadata_field")
            for field in request.metadata_field:
                if field != SIGNATURE_DEF_FIELD:
                    raise invalid_argument(f"Metadata field {field} is not supported")
            return self._catalog.metadata(spec)

        return await _answer(context, answer)

    async def Classify(  # noqa: N802 - gRPC's name
        self, request: Any, context: grpc.aio.ServicerContext
    ) -> Any:
        """Answered UNIMPLEMENTED, as are Regress and MultiInference: this server has Predict."""
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "this server answers Predict only")

    Regress = MultiInference = Classify

    def predict(self, request: predict_pb2.PredictRequest) -> predict_pb2.PredictResponse:
        """Answers a predict request. Blocks.

        Raises:
          ServingError: for what is wrong with the request.
        """
        spec = _spec(request)
        servable = self._catalog.servable(spec)
        signature = servable.signature(request.model_spec.signature_name)
        inputs = {}
        for name, proto in request.inputs.items():
            try:
                inputs[name] = tensor_proto.decode(proto, self._max_request_bytes)
            except ValueError as error:
                raise invalid_argument(f"input {name!r}: {error}") from None
        outputs = servable.predict(signature.name, inputs, request.output_filter)
        response = predict_pb2.PredictResponse()
        response.model_spec.name = spec.name
        response.model_spec.signature_name = signature.name
        response.model_spec.version.value = servable.version
        for name, array in outputs.items():
            response.outputs[name].CopyFrom(tensor_proto.encode(array))
        return response


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """GetModelStatus and HandleReloadConfigRequest."""

    def __init__(self, catalog: Catalog, reconfigure: Callable[[Mapping[str, ModelConfig]], Awaitable[None]]) -> None:
        """Keeps both.

        Args:
          catalog: the models.
          reconfigure: makes other models those of the catalog.
        """
        self._catalog = catalog
        self._reconfigure = reconfigure

    async def GetModelStatus(  # noqa: N802 - gRPC's name
        self, request: get_model_status_pb2.GetModelStatusRequest, context: grpc.aio.ServicerContext
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """The states of a model's versions."""

        async def answer() -> get_model_status_pb2.GetModelStatusResponse:
            return self._catalog.status(_spec(request))

        return await _answer(context, answer)

    async def HandleReloadConfigRequest(  # noqa: N802 - gRPC's name
        self, request: model_management_pb2.ReloadConfigRequest, context: grpc.aio.ServicerContext
    ) -> model_management_pb2.ReloadConfigResponse:
        """Makes the models of the request those of the server."""

        async def answer() -> model_management_pb2.ReloadConfigResponse:
            if request.config.WhichOneof("config") != "model_config_list":
                raise invalid_argument(
                    "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is "
                    "currently supported"
                )
            try:
                configs = parse_model_configs(request.config)
            except ConfigError as error:
                raise invalid_argument(str(error)) from None
            await self._reconfigure(configs)
            response = model_management_pb2.ReloadConfigResponse()
            response.status.SetInParent()
            return response

        return await _answer(context, answer)


def _spec(request: Any) -> ModelSpec:
    if not request.HasField("model_spec"):
        raise invalid_argument("Missing ModelSpec")
    return model_spec.from_proto(request.model_spec)


async def _answer(context: grpc.aio.ServicerContext, work: Callable[[], Awaitable[Any]]) -> Any:
    """The result of `work`; a failure ends the call with its status and one line."""
    try:
        return await work()
    except Exception as error:  # the boundary: nothing but a status and one line may leave
        failure = public_error(error)
        if failure is not error:
            _LOGGER.exception("gRPC request failed")
        return await context.abort(_GRPC_CODES[int(failure.code)], failure.message)
