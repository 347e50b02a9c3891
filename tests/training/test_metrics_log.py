"""The run's log is cut back to the checkpoint, and TensorBoard's files are made from it."""

import json

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.training.metrics_log import MetricsLog
from tfdgm.workdir import files
from tfdgm.workdir.files import read_metrics


def _events(workdir):
    found = []
    for path in sorted((workdir / files.TENSORBOARD).iterdir()):
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            found += [(event.step, value.tag) for value in event.summary.value]
    return found


def test_lines_and_tensorboard(tmp_path):
    log = MetricsLog(tmp_path, first_step=0)
    log.write({"step": 10, "phase": "train", "elbo": -1.5, "seconds": 0.5})
    log.write({"step": 20, "phase": "train", "elbo": -1.0, "seconds": 0.9})
    assert [line["elbo"] for line in read_metrics(tmp_path)] == [-1.5, -1.0]
    assert (20, "elbo") in _events(tmp_path)


def test_a_resumed_log_forgets_what_came_after_the_checkpoint(tmp_path):
    log = MetricsLog(tmp_path, first_step=0)
    for step in (10, 20, 30):
        log.write({"step": step, "elbo": -1.0, "seconds": float(step)})
        log.write_picture("samples", step, np.zeros([4, 4, 1], np.uint8))
    log = MetricsLog(tmp_path, first_step=20)
    assert [line["step"] for line in read_metrics(tmp_path)] == [10, 20]
    assert log.seconds == 20.0
    assert {step for step, _ in _events(tmp_path)} == {10, 20}
    assert (20, "samples") in _events(tmp_path)
    assert (30, "samples") not in _events(tmp_path)


def test_a_line_that_a_crash_cut_short_is_left_out(tmp_path):
    (tmp_path / files.METRICS).write_text(json.dumps({"step": 10, "seconds": 1.0}) + '\n{"step": 2')
    assert read_metrics(tmp_path) == [{"step": 10, "seconds": 1.0}]
    MetricsLog(tmp_path, first_step=10).write({"step": 20, "seconds": 2.0})
    assert [line["step"] for line in read_metrics(tmp_path)] == [10, 20]


def test_pictures_are_png_files(tmp_path):
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    MetricsLog(tmp_path, first_step=0).write_picture("samples", 7, pixels)
    path = tmp_path / files.PICTURES / "samples" / "step-000000007.png"
    np.testing.assert_array_equal(tf.io.decode_png(path.read_bytes()).numpy(), pixels)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite_are_kept(tmp_path, value):
    MetricsLog(tmp_path, first_step=0).write({"step": 1, "elbo": value, "seconds": 0.0})
    np.testing.assert_equal(read_metrics(tmp_path)[0]["elbo"], value)
