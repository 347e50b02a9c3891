"""The client's side of gRPC. Imports TensorFlow for its messages, so import it only where gRPC is spoken."""

import pathlib
from collections.abc import Mapping
from typing import Any

import grpc
import numpy as np
from tensorflow.core.framework import types_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2, prediction_service_pb2_grpc

from serving import tensor_proto
from serving.dtypes import DTYPES, DType
from serving.transport import ClientError, SignatureTypes

# Replies of images are soon larger than the 4 MB that gRPC takes by default.
_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class GrpcTransport:
    """Requests to one model over one channel."""

    def __init__(
        self, address: str, model_name: str, timeout_seconds: float, tls: grpc.ChannelCredentials | None = None
    ) -> None:
        """Connects with the first request.

        Args:
          address: `HOST:PORT`.
          model_name: the model.
          timeout_seconds: how long one request may take.
          tls: `channel_credentials`; None speaks without TLS.
        """
        self._address = address
        self._model_name = model_name
        self._timeout_seconds = timeout_seconds
        self._channel = (
            grpc.secure_channel(address, tls, options=_OPTIONS)
            if tls
            else grpc.insecure_channel(address, options=_OPTIONS)
        )
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

    def signatures(self) -> dict[str, SignatureTypes]:
        """As `Transport.signatures`."""
        return _signatures(self._call(self._stub.GetModelMetadata, _metadata_request(self._model_name)))

    def predict(
        self, signature_name: str, inputs: Mapping[str, np.ndarray], types: SignatureTypes
    ) -> dict[str, np.ndarray]:
        """As `Transport.predict`; replies tell their types themselves."""
        return _outputs(self._call(self._stub.Predict, _predict_request(self._model_name, signature_name, inputs)))

    def close(self) -> None:
        """As `Transport.close`."""
        self._channel.close()

    def _call(self, method: grpc.UnaryUnaryMultiCallable, request: Any) -> Any:
        try:
            return method(request, timeout=self._timeout_seconds)
        except grpc.RpcError as error:
            raise _client_error(self._address, error) from None


class AsyncGrpcTransport:
    """The same on an event loop; to be made on it."""

    def __init__(
        self, address: str, model_name: str, timeout_seconds: float, tls: grpc.ChannelCredentials | None = None
    ) -> None:
        """As `GrpcTransport`."""
        self._address = address
        self._model_name = model_name
        self._timeout_seconds = timeout_seconds
        self._channel = (
            grpc.aio.secure_channel(address, tls, options=_OPTIONS)
            if tls
            else grpc.aio.insecure_channel(address, options=_OPTIONS)
        )
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

    async def signatures(self) -> dict[str, SignatureTypes]:
        """As `Transport.signatures`."""
        return _signatures(await self._call(self._stub.GetModelMetadata, _metadata_request(self._model_name)))

    async def predict(
        self, signature_name: str, inputs: Mapping[str, np.ndarray], types: SignatureTypes
    ) -> dict[str, np.ndarray]:
        """As `Transport.predict`; replies tell their types themselves."""
        request = _predict_request(self._model_name, signature_name, inputs)
        return _outputs(await self._call(self._stub.Predict, request))

    async def close(self) -> None:
        """As `Transport.close`."""
        await self._channel.close()

    async def _call(self, method: grpc.aio.UnaryUnaryMultiCallable, request: Any) -> Any:
        try:
            return await method(request, timeout=self._timeout_seconds)
        except grpc.aio.AioRpcError as error:
            raise _client_error(self._address, error) from None


def channel_credentials(ca_file: str | None) -> grpc.ChannelCredentials:
    """Credentials that check the server by the authorities in `ca_file`; None takes those that gRPC brings."""
    return grpc.ssl_channel_credentials(pathlib.Path(ca_file).read_bytes() if ca_file else None)


def _metadata_request(model_name: str) -> get_model_metadata_pb2.GetModelMetadataRequest:
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = model_name
    return request


def _signatures(response: get_model_metadata_pb2.GetModelMetadataResponse) -> dict[str, SignatureTypes]:
    signature_map = get_model_metadata_pb2.SignatureDefMap()
    response.metadata["signature_def"].Unpack(signature_map)
    return {
        name: SignatureTypes(_types(definition.inputs), _types(definition.outputs))
        for name, definition in signature_map.signature_def.items()
    }


def _predict_request(
    model_name: str, signature_name: str, inputs: Mapping[str, np.ndarray]
) -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model_name
    request.model_spec.signature_name = signature_name
    for name, array in inputs.items():
        request.inputs[name].CopyFrom(tensor_proto.encode(array))
    return request


def _outputs(response: predict_pb2.PredictResponse) -> dict[str, np.ndarray]:
    return {name: tensor_proto.decode(proto) for name, proto in response.outputs.items()}


def _client_error(address: str, error: Any) -> ClientError:
    is_unavailable = error.code() == grpc.StatusCode.UNAVAILABLE
    return ClientError(f"grpc://{address}: {error.code().name}: {error.details()}", is_unavailable=is_unavailable)


def _types(infos: Mapping[str, Any]) -> dict[str, DType]:
    by_name = {name: types_pb2.DataType.Name(info.dtype) for name, info in infos.items()}
    return {name: DTYPES[dtype] for name, dtype in by_name.items() if dtype in DTYPES}
