"""The client's side of gRPC. Imports TensorFlow for its messages, so import it only where gRPC is spoken."""

from collections.abc import Mapping
from typing import Any

import grpc
import numpy as np
from tensorflow.core.framework import types_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2, prediction_service_pb2_grpc

from serving import tensor_proto
from serving.dtypes import DTYPES, DType
from serving.transport import ClientError, SignatureTypes


class GrpcTransport:
    """Requests to one model over one channel."""

    def __init__(self, address: str, model_name: str, timeout_seconds: float) -> None:
        """Connects with the first request.

        Args:
          address: `HOST:PORT`.
          model_name: the model.
          timeout_seconds: how long one request may take.
        """
        self._address = address
        self._model_name = model_name
        self._timeout_seconds = timeout_seconds
        # Replies of images are soon larger than the 4 MB that gRPC takes by default.
        self._channel = grpc.insecure_channel(
            address, options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        )
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

    def signatures(self) -> dict[str, SignatureTypes]:
        """As `Transport.signatures`."""
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        request.model_spec.name = self._model_name
        response = self._call(self._stub.GetModelMetadata, request)
        signature_map = get_model_metadata_pb2.SignatureDefMap()
        response.metadata["signature_def"].Unpack(signature_map)
        return {
            name: SignatureTypes(_types(definition.inputs), _types(definition.outputs))
            for name, definition in signature_map.signature_def.items()
        }

    def predict(
        self, signature_name: str, inputs: Mapping[str, np.ndarray], types: SignatureTypes
    ) -> dict[str, np.ndarray]:
        """As `Transport.predict`; replies tell their types themselves."""
        request = predict_pb2.PredictRequest()
        request.model_spec.name = self._model_name
        request.model_spec.signature_name = signature_name
        for name, array in inputs.items():
            request.inputs[name].CopyFrom(tensor_proto.encode(array))
        response = self._call(self._stub.Predict, request)
        return {name: tensor_proto.decode(proto) for name, proto in response.outputs.items()}

    def close(self) -> None:
        """As `Transport.close`."""
        self._channel.close()

    def _call(self, method: grpc.UnaryUnaryMultiCallable, request: Any) -> Any:
        try:
            return method(request, timeout=self._timeout_seconds)
        except grpc.RpcError as error:
            raise ClientError(f"grpc://{self._address}: {error.code().name}: {error.details()}") from None


def _types(infos: Mapping[str, Any]) -> dict[str, DType]:
    by_name = {name: types_pb2.DataType.Name(info.dtype) for name, info in infos.items()}
    return {name: DTYPES[dtype] for name, dtype in by_name.items() if dtype in DTYPES}
