"""`metrics.jsonl`, one line an interval, and TensorBoard's files, which are made from it."""

import json
import pathlib
import shutil
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from tfdgm.workdir import files

WALL_CLOCK = ("seconds", "steps_per_second")  # the fields in which two equal runs differ


class MetricsLog:
    """The run's log; a resumed run cuts it back to its checkpoint and goes on as if nothing had happened."""

    def __init__(self, workdir: str | pathlib.Path, *, first_step: int) -> None:
        """Cuts the log back to `first_step` and makes TensorBoard's files anew from what is left."""
        self._path = pathlib.Path(workdir) / files.METRICS
        self._pictures = pathlib.Path(workdir) / files.PICTURES
        kept = [line for line in files.read_metrics(workdir) if line["step"] <= first_step]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        files.write_atomically(self._path, "".join(json.dumps(line) + "\n" for line in kept))
        shutil.rmtree(self._path.parent / files.TENSORBOARD, ignore_errors=True)
        self._board = tf.summary.create_file_writer(str(self._path.parent / files.TENSORBOARD))
        for line in kept:
            self._show(line)
        for picture in sorted(self._pictures.glob("*/step-*.png")):
            step = int(picture.stem.removeprefix("step-"))
            if step <= first_step:
                self._show_picture(picture.parent.name, step, tf.io.decode_png(picture.read_bytes()).numpy())
        self._board.flush()

    @property
    def seconds(self) -> float:
        """Wall-clock seconds of the last line, over all runs of the process that led to it."""
        lines = files.read_metrics(self._path.parent)
        return lines[-1]["seconds"] if lines else 0.0

    def write(self, line: Mapping[str, float | int | str]) -> None:
        """Appends one line; it must have `step`."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self._show(line)
        self._board.flush()

    def write_picture(self, kind: str, step: int, pixels: np.ndarray) -> None:
        """Writes uint8 [H, W, C] to `pictures/<kind>/step-<step>.png` and to TensorBoard."""
        path = self._pictures / kind / f"step-{step:09d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tf.io.encode_png(pixels).numpy())
        self._show_picture(kind, step, pixels)

    def _show(self, line: Mapping[str, float | int | str]) -> None:
        with self._board.as_default(step=line["step"]):
            for name, value in line.items():
                if isinstance(value, float):
                    tf.summary.scalar(name, value)

    def _show_picture(self, kind: str, step: int, pixels: np.ndarray) -> None:
        with self._board.as_default(step=step):
            tf.summary.image(kind, pixels[np.newaxis])
