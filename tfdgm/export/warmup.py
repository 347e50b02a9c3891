"""Requests stored with a SavedModel, which a server answers before its first client, who then does not wait."""

import pathlib
from collections.abc import Mapping

import tensorflow as tf
from tensorflow_serving.apis import model_pb2, predict_pb2, prediction_log_pb2

from tfdgm.core.types import DataSpec
from tfdgm.export.requests import request
from tfdgm.export.signatures import ConcreteFunction

FILE = pathlib.PurePath("assets.extra", "tf_serving_warmup_requests")

_BATCH_SIZES = (1, 4, 16)


def write(
    folder: pathlib.Path, model_name: str, functions: Mapping[str, ConcreteFunction], spec: DataSpec
) -> pathlib.Path:
    """Writes one request a signature and batch size, as TFRecord of PredictionLog.

    Args:
      folder: of the SavedModel.
      model_name: under which it will be served.
      functions: the signatures by name.
      spec: of the model's data.

    Returns:
      The file.
    """
    path = folder / FILE
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for name, function in functions.items():
            inputs = function.structured_input_signature[1]
            for num_rows in _BATCH_SIZES:
                record = _record(model_name, name, request(inputs, spec, num_rows, seed=num_rows))
                writer.write(record)
    return path


def _record(model_name: str, signature: str, inputs: Mapping) -> bytes:
    predict = predict_pb2.PredictRequest(
        model_spec=model_pb2.ModelSpec(name=model_name, signature_name=signature),
        inputs={key: tf.make_tensor_proto(value) for key, value in inputs.items()},
    )
    log = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=predict))
    return log.SerializeToString()
