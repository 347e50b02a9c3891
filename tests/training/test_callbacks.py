"""What happens around an interval of steps; the loop as a whole is tested in `test_run.py`."""

import tensorflow as tf

from tfdgm.training.callbacks import Log
from tfdgm.training.metrics_log import MetricsLog
from tfdgm.workdir import files


class _Model:
    def __init__(self):
        self.step = tf.Variable(20)

    def interval_logs(self):
        return {"singular_value_0/generator_first": 2.5}


def test_a_line_has_the_steps_logs_and_what_the_model_works_out_for_the_interval(tmp_path):
    log = Log(MetricsLog(tmp_path, first_step=0), "train")
    log.set_model(_Model())
    log.on_train_begin()
    log.on_epoch_end(0, {"loss/generator": 1.0})
    (line,) = files.read_metrics(tmp_path)
    assert list(line) == [
        "step", "phase", "loss/generator", "singular_value_0/generator_first", "seconds", "steps_per_second",
    ]  # fmt: skip
    assert (line["step"], line["singular_value_0/generator_first"]) == (20, 2.5)
