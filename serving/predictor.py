"""Answers to requests of both protocols, in threads of their own: what a client sent in, what it gets back out."""

from collections.abc import Mapping

import numpy as np
from tensorflow_serving.apis import classification_pb2, inference_pb2, input_pb2, predict_pb2, regression_pb2

from serving import inference, json_examples, json_request, json_response, model_spec, tensor_proto
from serving.catalog import Catalog
from serving.metrics import Metrics
from serving.model_spec import ModelSpec
from serving.servable import Servable
from serving.signatures import DEFAULT_SIGNATURE, Signature
from serving.status import invalid_argument


class Predictor:
    """Answers requests from a catalog. All methods block, are safe in any number of threads, and raise ServingError.

    Attributes:
      catalog: the models.
    """

    def __init__(
        self, catalog: Catalog, metrics: Metrics, max_request_bytes: int, check_method_name: bool = False
    ) -> None:
        """Keeps what it needs.

        Args:
          catalog: the models.
          metrics: where the models' times are kept.
          max_request_bytes: bound on each input of a gRPC request once decoded.
          check_method_name: whether signatures to classify and regress with must name these methods.
        """
        self.catalog = catalog
        self._metrics = metrics
        self._max_request_bytes = max_request_bytes
        self._check_method_name = check_method_name

    def predict(self, request: predict_pb2.PredictRequest) -> predict_pb2.PredictResponse:
        """A signature's outputs, over gRPC."""
        spec = model_spec.from_proto(request.model_spec)
        servable = self.catalog.servable(spec)
        signature = servable.signature(request.model_spec.signature_name)
        inputs = {}
        for name, proto in request.inputs.items():
            try:
                inputs[name] = tensor_proto.decode(proto, self._max_request_bytes)
            except ValueError as error:
                raise invalid_argument(f"input {name!r}: {error}") from None
        with self._metrics.runtime(spec.name, "Predict"):
            outputs = servable.predict(signature.name, inputs, request.output_filter)
        response = predict_pb2.PredictResponse()
        _fill_spec(response, spec, signature.name, servable)
        for name, array in outputs.items():
            response.outputs[name].CopyFrom(tensor_proto.encode(array))
        return response

    def classify(self, request: classification_pb2.ClassificationRequest) -> classification_pb2.ClassificationResponse:
        """Classes of examples, over gRPC."""
        spec = model_spec.from_proto(request.model_spec)
        servable = self.catalog.servable(spec)
        name = request.model_spec.signature_name or DEFAULT_SIGNATURE
        response = classification_pb2.ClassificationResponse()
        response.result.CopyFrom(self._classify(spec, servable, name, request.input))
        _fill_spec(response, spec, name, servable)
        return response

    def regress(self, request: regression_pb2.RegressionRequest) -> regression_pb2.RegressionResponse:
        """A number an example, over gRPC."""
        spec = model_spec.from_proto(request.model_spec)
        servable = self.catalog.servable(spec)
        name = request.model_spec.signature_name or DEFAULT_SIGNATURE
        response = regression_pb2.RegressionResponse()
        response.result.CopyFrom(self._regress(spec, servable, name, request.input))
        _fill_spec(response, spec, name, servable)
        return response

    def multi_inference(self, request: inference_pb2.MultiInferenceRequest) -> inference_pb2.MultiInferenceResponse:
        """Several signatures on the same examples, over gRPC."""
        spec = model_spec.from_proto(request.tasks[0].model_spec)
        servable = self.catalog.servable(spec)
        with self._metrics.runtime(spec.name, "MultiInference"):
            response = inference.multi_inference(servable, request, self._check_method_name)
        self._metrics.add_examples(spec.name, inference.num_examples(request.input))
        return response

    def predict_json(self, spec: ModelSpec, body: bytes) -> bytes:
        """A signature's outputs, over REST: JSON in, JSON out."""
        document = json_request.parse_document(body)
        name = json_request.signature_name(document) or DEFAULT_SIGNATURE
        servable = self.catalog.servable(spec)
        inputs = json_request.decode_inputs(document, _rest_signature(servable, name))
        with self._metrics.runtime(spec.name, "Predict"):
            outputs: Mapping[str, np.ndarray] = servable.predict(name, inputs)
        return json_response.encode_outputs(dict(outputs), json_request.is_row_format(document))

    def classify_json(self, spec: ModelSpec, body: bytes) -> bytes:
        """Classes of examples, over REST."""
        servable, name, examples = self._json_examples(spec, body)
        return json_examples.encode_classifications(self._classify(spec, servable, name, examples))

    def regress_json(self, spec: ModelSpec, body: bytes) -> bytes:
        """A number an example, over REST."""
        servable, name, examples = self._json_examples(spec, body)
        return json_examples.encode_regressions(self._regress(spec, servable, name, examples))

    def _json_examples(self, spec: ModelSpec, body: bytes) -> tuple[Servable, str, input_pb2.Input]:
        document = json_request.parse_document(body)
        name = json_request.signature_name(document) or DEFAULT_SIGNATURE
        return self.catalog.servable(spec), name, json_examples.decode_examples(document)

    def _classify(
        self, spec: ModelSpec, servable: Servable, name: str, examples: input_pb2.Input
    ) -> classification_pb2.ClassificationResult:
        with self._metrics.runtime(spec.name, "Classify"):
            result = inference.classify(servable, name, examples, self._check_method_name)
        self._metrics.add_examples(spec.name, len(result.classifications))
        return result

    def _regress(
        self, spec: ModelSpec, servable: Servable, name: str, examples: input_pb2.Input
    ) -> regression_pb2.RegressionResult:
        with self._metrics.runtime(spec.name, "Regress"):
            result = inference.regress(servable, name, examples, self._check_method_name)
        self._metrics.add_examples(spec.name, len(result.regressions))
        return result


_Response = predict_pb2.PredictResponse | classification_pb2.ClassificationResponse | regression_pb2.RegressionResponse


def _fill_spec(response: _Response, spec: ModelSpec, signature_name: str, servable: Servable) -> None:
    response.model_spec.name = spec.name
    response.model_spec.signature_name = signature_name
    response.model_spec.version.value = servable.version


def _rest_signature(servable: Servable, name: str) -> Signature:
    # TensorFlow Serving words this differently from the same fault over gRPC, and gives it another code.
    if name not in servable.signatures:
        raise invalid_argument(f'Serving signature name: "{name}" not found in signature def')
    signature = servable.signatures[name]
    if not signature.inputs:
        raise invalid_argument(f"Failed to get input map for signature: {name}")
    return signature
