"""Replay of the requests stored with a SavedModel, so that the first client does not pay for the first call."""

import pathlib

import tensorflow as tf
from google.protobuf import message
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from serving import tensor_proto
from serving.servable import Servable, from_tensorflow

WARMUP_FILE = pathlib.PurePath("assets.extra", "tf_serving_warmup_requests")
"""A TFRecord file of PredictionLog messages, within the SavedModel's folder."""
MAX_NUM_RECORDS = 1000


def replay(folder: pathlib.Path, servable: Servable) -> int:
    """Sends the stored requests of the version in `folder` to `servable`.

    A file that cannot be replayed fails the version: it would be served cold, or is broken in other ways too.

    Returns:
      How many requests there were; 0 without a file.

    Raises:
      ServingError: where the model refuses one.
      ValueError: for a record that is no predict request, or too many of them.
    """
    path = folder / WARMUP_FILE
    if not path.exists():
        return 0
    num_records = 0
    try:
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            if num_records == MAX_NUM_RECORDS:
                raise ValueError(f"Number of warmup records exceeds the maximum ({MAX_NUM_RECORDS}) at {path}")
            request = _predict_request(record, path)
            inputs = {name: tensor_proto.decode(proto) for name, proto in request.inputs.items()}
            servable.predict(request.model_spec.signature_name, inputs, request.output_filter)
            num_records += 1
    except tf.errors.OpError as error:
        raise from_tensorflow(error) from error
    return num_records


def _predict_request(record: bytes, path: pathlib.Path) -> predict_pb2.PredictRequest:
    try:
        log = prediction_log_pb2.PredictionLog.FromString(record)
    except message.DecodeError as error:
        raise ValueError(f"Failed to parse warmup record from {path}: {error}") from error
    kind = log.WhichOneof("log_type")
    if kind != "predict_log":
        raise ValueError(f"Unsupported log_type for warmup: {kind} at {path}; only predict_log is replayed")
    return log.predict_log.request
