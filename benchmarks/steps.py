"""Step time, first-step time, peak memory and samples a second of presets, each in a process of its own.

python -m benchmarks.steps --configs=rbm:mnist,vae:mnist --manual_dir=DIR
"""

import dataclasses
import itertools
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from absl import app, flags

from tfdgm.configs import get_config
from tfdgm.data import open_data, train_batches
from tfdgm.models.registry import build_from_config
from tfdgm.training.optimizers import make_optimizers

_CONFIGS = flags.DEFINE_list("configs", ["rbm:digits", "vae:digits"], "Presets to measure.")
_MANUAL_DIR = flags.DEFINE_string("manual_dir", "", "Folder of raw data files.")
_STEPS_AN_INTERVAL = flags.DEFINE_integer(
    "steps_an_interval",
    100,
    "Steps in each of the eleven intervals; fewer for models of seconds a step.",
    lower_bound=1,
)
_ONE = flags.DEFINE_string("one", "", "Measure this preset in this process and print JSON lines.")

_NUM_INTERVALS, _NUM_SAMPLES = 10, 64
_COLUMNS = ("preset", "phase", "first step, s", "step, ms", "samples/s", "peak memory, MB")


def table(configs: Sequence[str], manual_dir: str = "") -> str:
    """The measurements of several presets as a Markdown table."""
    for preset in configs:
        steps_per_execution = get_config(preset).training.steps_per_execution
        if _STEPS_AN_INTERVAL.value % steps_per_execution:
            raise app.UsageError(
                f"--steps_an_interval is {_STEPS_AN_INTERVAL.value}; for {preset} it must be a multiple of "
                f"training.steps_per_execution, {steps_per_execution}"
            )
    rows = [row for config in configs for row in _in_a_process(config, manual_dir)]
    lines = [_COLUMNS, ["---", "---", *["---:"] * 4], *[[str(row[column]) for column in _COLUMNS] for row in rows]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def measure(preset: str, manual_dir: str) -> list[dict[str, Any]]:
    """One row a phase of the preset's run; memory is the process's peak so far."""
    config, steps_an_interval = get_config(preset), _STEPS_AN_INTERVAL.value
    data = open_data(config.data, manual_dir=manual_dir)
    keras.utils.set_random_seed(config.seed)
    model = build_from_config(config.model, data.spec, seed=config.seed)
    rows = []
    for index, phase in enumerate(model.phases()):
        model.phase = dataclasses.replace(phase, steps=phase.steps or config.training.num_steps)
        model.phase_step.assign(0)
        if index == 0 or phase.reset_optimizers:
            model.compile(make_optimizers(config.optimizers, model, model.phase.steps))
            model.steps_per_execution = config.training.steps_per_execution
        model.make_train_function(force=True)
        num_steps = (_NUM_INTERVALS + 1) * steps_an_interval
        batch_size = phase.batch_size or config.training.batch_size
        batches = train_batches(data, batch_size=batch_size, seed=config.seed, num_steps=num_steps)
        clock = _Clock()
        start = time.perf_counter()
        epochs = {"epochs": _NUM_INTERVALS + 1, "steps_per_epoch": steps_an_interval}
        model.fit(batches, shuffle=False, verbose=0, callbacks=[clock.callback()], **epochs)
        draw = tf.function(model.sample, autograph=False) if hasattr(model, "sample") else None
        rows.append(
            {
                "preset": f"`{preset}`",
                "phase": phase.name,
                "first step, s": f"{clock.first_execution - start:.1f}",
                "step, ms": f"{1e3 * clock.median_interval() / steps_an_interval:.2f}",
                "samples/s": f"{_samples_a_second(draw):,.0f}" if draw else "",
                "peak memory, MB": f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f}",
            }
        )
    return rows


class _Clock:
    """Ends of executions and of intervals."""

    def __init__(self) -> None:
        self.first_execution = 0.0
        self._ends: list[float] = []

    def callback(self) -> keras.callbacks.Callback:
        """Keras's callback that reads it."""
        return keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs: self._note_execution(),
            on_epoch_end=lambda epoch, logs: self._ends.append(time.perf_counter()),
        )

    def median_interval(self) -> float:
        """Seconds of an interval, the first left out."""
        return statistics.median(end - start for start, end in itertools.pairwise(self._ends))

    def _note_execution(self) -> None:
        self.first_execution = self.first_execution or time.perf_counter()


def _samples_a_second(draw: Any) -> float:
    draw(tf.range(_NUM_SAMPLES, dtype=tf.int64))
    start = time.perf_counter()
    draw(tf.range(_NUM_SAMPLES, 2 * _NUM_SAMPLES, dtype=tf.int64)).numpy()
    return _NUM_SAMPLES / (time.perf_counter() - start)


def _in_a_process(preset: str, manual_dir: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "benchmarks.steps", f"--one={preset}", f"--manual_dir={manual_dir}"]
    command.append(f"--steps_an_interval={_STEPS_AN_INTERVAL.value}")
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(output.strip().splitlines()[-1])


def main(argv: Sequence[str]) -> None:
    """Prints the table."""
    del argv
    if _ONE.value:
        print(json.dumps(measure(_ONE.value, _MANUAL_DIR.value)))
    else:
        print(table(_CONFIGS.value, _MANUAL_DIR.value))


if __name__ == "__main__":
    app.run(main)
