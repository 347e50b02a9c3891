"""Estimates of a step's memory beside what a process really takes more for more rows.

python -m benchmarks.step_memory --config=dcgan:mnist --rows=64,2048

Each size has a process of its own, with noise for data and one thread: the growth is of its resident memory from before
the first step to its highest point in four steps (Linux). What grows with the rows is the difference of two sizes.
MALLOC_MMAP_THRESHOLD_=16384 MALLOC_MMAP_MAX_=10000000 in the environment makes glibc give memory back at once.
"""

import gc
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from absl import app, flags

from tfdgm.configs import get_config
from tfdgm.data.opening import declared_spec
from tfdgm.models.registry import build_from_config
from tfdgm.training.estimate import estimate_step
from tfdgm.training.optimizers import make_optimizers

_CONFIG = flags.DEFINE_string("config", "dcgan:mnist", "Preset of one phase.")
_ROWS = flags.DEFINE_list("rows", ["64", "2048"], "Two batch sizes.")
_ONE = flags.DEFINE_integer("one", 0, "Measure so many rows in this process and print MiB.")
_NUM_STEPS = 4


def main(argv: Sequence[str]) -> None:
    """Prints one line: the growth by the estimate and as measured, MiB."""
    del argv
    if _ONE.value:
        print(_growth(_CONFIG.value, _ONE.value))
        return
    few, many = map(int, _ROWS.value)
    config = get_config(_CONFIG.value)
    step = estimate_step(config, declared_spec(config.data), [1])
    estimated = (step.working_bytes(many) - step.working_bytes(few)) / 2**20
    measured = _in_a_process(many) - _in_a_process(few)
    print(f"{_CONFIG.value}: from {few} to {many} rows estimated {estimated:.0f} MiB, measured {measured:.0f} MiB")


def _in_a_process(num_rows: int) -> float:
    command = [sys.executable, "-m", "benchmarks.step_memory", f"--config={_CONFIG.value}", f"--one={num_rows}"]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def _growth(preset: str, num_rows: int) -> float:
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    config = get_config(preset)
    spec = declared_spec(config.data)
    model = build_from_config(config.model, spec, seed=0)
    model.compile(make_optimizers(config.optimizers, model, config.training.num_steps))
    x = np.random.RandomState(0).uniform(size=(num_rows, *spec.shape)).astype(spec.dtype)
    batch = {"x": tf.constant(x), "index": tf.range(num_rows, dtype=tf.int64)}
    if spec.num_classes:
        batch["label"] = tf.range(num_rows) % spec.num_classes
    model.ensure_initialized([batch])
    step = tf.function(model._counted_train_step, autograph=False)
    step.get_concrete_function(batch)
    gc.collect()
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # the highest point begins anew
    for _ in range(_NUM_STEPS):
        step(batch)
    return _status("VmHWM") - before


def _status(name: str) -> float:
    return int(re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))[1]) / 1024


if __name__ == "__main__":
    app.run(main)
