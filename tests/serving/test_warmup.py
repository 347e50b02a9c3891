"""Warm-up requests are replayed before a version is available, and a bad file keeps it from being so."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from serving import warmup
from serving.servable import Servable
from serving.status import ServingError


class _Recorder:
    """Stands for a Servable."""

    def __init__(self) -> None:
        self.calls: list[tuple] = []

    def predict(self, signature_name, inputs, output_filter):
        self.calls.append(
            (signature_name, {name: array.tolist() for name, array in inputs.items()}, list(output_filter))
        )


def _record(signature_name: str, value: object, **fields: object) -> bytes:
    request = predict_pb2.PredictRequest(**fields)
    request.model_spec.name = "any"
    request.model_spec.signature_name = signature_name
    request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.float32(value)))
    return prediction_log_pb2.PredictionLog(
        predict_log=prediction_log_pb2.PredictLog(request=request)
    ).SerializeToString()


def _write(folder: Path, *records: bytes) -> Path:
    path = folder / warmup.WARMUP_FILE
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)
    return path


def test_records_are_replayed_in_order(tmp_path):
    _write(tmp_path, _record("", [1, 2]), _record("other", [3], output_filter=["y"]))
    recorder = _Recorder()
    assert warmup.replay(tmp_path, recorder) == 2
    assert recorder.calls == [("", {"x": [1, 2]}, []), ("other", {"x": [3]}, ["y"])]


def test_no_file_is_no_requests(tmp_path):
    assert warmup.replay(tmp_path, _Recorder()) == 0


def test_records_the_model_refuses_fail(scale_copy):
    _write(scale_copy / "1", _record("", [1.0]), _record("nope", [1.0]))
    with pytest.raises(ServingError, match='FAILED_PRECONDITION: Serving signature key "nope" not found'):
        warmup.replay(scale_copy / "1", Servable(scale_copy / "1", 1))


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (b"\x12\x34not a message", "Failed to parse warmup record"),
        (
            prediction_log_pb2.PredictionLog(classify_log=prediction_log_pb2.ClassifyLog()).SerializeToString(),
            "Unsupported log_type for warmup: classify_log",
        ),
        (b"", "Unsupported log_type for warmup: None"),
    ],
)
def test_other_records_fail(tmp_path, record, message):
    _write(tmp_path, record)
    with pytest.raises(ValueError, match=message):
        warmup.replay(tmp_path, _Recorder())


def test_too_many_records_fail(tmp_path, monkeypatch):
    monkeypatch.setattr(warmup, "MAX_NUM_RECORDS", 2)
    _write(tmp_path, *[_record("", [1])] * 2)
    assert warmup.replay(tmp_path, _Recorder()) == 2
    _write(tmp_path, *[_record("", [1])] * 3)
    with pytest.raises(ValueError, match=r"Number of warmup records exceeds the maximum \(2\)"):
        warmup.replay(tmp_path, _Recorder())


def test_a_file_that_is_no_tfrecord_fails(tmp_path):
    _write(tmp_path, _record("", [1])).write_bytes(b"not records at all")
    with pytest.raises(ServingError, match="DATA_LOSS"):
        warmup.replay(tmp_path, _Recorder())
