"""What two runs' folders must have in common to be one run."""

import os
from typing import Any

import numpy as np
import tensorflow as tf

from tfdgm.training.metrics_log import WALL_CLOCK
from tfdgm.workdir.checkpoints import Checkpoints
from tfdgm.workdir.files import read_metrics


def log(workdir: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """Its log without the fields that tell the time."""
    return [{name: value for name, value in line.items() if name not in WALL_CLOCK} for line in read_metrics(workdir)]


def outcome(workdir: str | os.PathLike[str], step: int) -> dict[str, Any]:
    """The files of a checkpoint, byte by byte, and the log as `metrics`."""
    folder = Checkpoints(workdir).folder / f"step-{step:09d}"
    return {**{path.name: path.read_bytes() for path in folder.iterdir()}, "metrics": log(workdir)}


def weights(workdir: str | os.PathLike[str], step: int) -> dict[str, np.ndarray]:
    """Everything that a checkpoint holds, by name."""
    reader = tf.train.load_checkpoint(Checkpoints(workdir).weights(step))
    names = sorted(reader.get_variable_to_shape_map())
    return {name: reader.get_tensor(name) for name in names if name != "_CHECKPOINTABLE_OBJECT_GRAPH"}
