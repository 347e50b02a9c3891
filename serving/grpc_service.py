"""The gRPC services: PredictionService and ModelService."""

import functools
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import grpc
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

from serving import model_spec
from serving.catalog import SIGNATURE_DEF_FIELD, Catalog
from serving.model_config import ModelConfig, parse_model_configs
from serving.model_spec import ModelSpec
from serving.predictor import Predictor
from serving.reception import Reception
from serving.status import invalid_argument, public_error
from serving.text_proto import ConfigError

_LOGGER = logging.getLogger(__name__)
_GRPC_CODES = {code.value[0]: code for code in grpc.StatusCode}


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict, Classify, Regress, MultiInference and GetModelMetadata."""

    def __init__(self, predictor: Predictor, reception: Reception) -> None:
        """Keeps what answers requests, and what runs the answering."""
        self._predictor = predictor
        self._reception = reception

    async def Predict(  # noqa: N802 - gRPC's name
        self, request: predict_pb2.PredictRequest, context: grpc.aio.ServicerContext
    ) -> predict_pb2.PredictResponse:
        """Calls a signature of a model."""
        return await self._run("Predict", request, request, self._predictor.predict, context)

    async def Classify(  # noqa: N802 - gRPC's name
        self, request: classification_pb2.ClassificationRequest, context: grpc.aio.ServicerContext
    ) -> classification_pb2.ClassificationResponse:
        """Classifies examples."""
        return await self._run("Classify", request, request, self._predictor.classify, context)

    async def Regress(  # noqa: N802 - gRPC's name
        self, request: regression_pb2.RegressionRequest, context: grpc.aio.ServicerContext
    ) -> regression_pb2.RegressionResponse:
        """Gives a number an example."""
        return await self._run("Regress", request, request, self._predictor.regress, context)

    async def MultiInference(  # noqa: N802 - gRPC's name
        self, request: inference_pb2.MultiInferenceRequest, context: grpc.aio.ServicerContext
    ) -> inference_pb2.MultiInferenceResponse:
        """Classifies and regresses the same examples by several signatures."""
        task = request.tasks[0] if request.tasks else inference_pb2.InferenceTask()
        return await self._run("MultiInference", request, task, self._predictor.multi_inference, context)

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
            return self._predictor.catalog.metadata(spec)

        return await _answer(context, answer)

    async def _run(
        self, api: str, request: Any, has_spec: Any, work: Callable[[Any], Any], context: grpc.aio.ServicerContext
    ) -> Any:
        async def answer() -> Any:
            spec = _spec(has_spec)
            remaining = context.time_remaining()
            return await self._reception.run(api, spec.name, functools.partial(work, request), remaining)

        return await _answer(context, answer)


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
