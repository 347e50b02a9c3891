"""A trained model out of its folder, without its data."""

import dataclasses
import os

import keras
import tensorflow as tf

from tfdgm.core.validation import require_choice
from tfdgm.models.base import GenerativeModel
from tfdgm.models.ema import WeightAverages
from tfdgm.models.registry import build_from_config
from tfdgm.workdir.checkpoints import Checkpoints
from tfdgm.workdir.files import WorkdirError, read_config


@dataclasses.dataclass(frozen=True)
class Restored:
    """Which weights a restored model has: `which` is `best` or `last`."""

    step: int
    which: str
    uses_ema: bool


def restore_model(workdir: str | os.PathLike[str], *, which: str = "auto") -> tuple[GenerativeModel, Restored]:
    """The model of a run, averaged weights where the run keeps them.

    Args:
      workdir: folder of the run.
      which: `best`, `last`, or `auto`: the best where one is marked, else the last.

    Raises:
      WorkdirError: when there is no such run or checkpoint.
    """
    require_choice("which", which, ("auto", "best", "last"))
    config, spec = read_config(workdir)
    checkpoints = Checkpoints(workdir)
    latest = checkpoints.latest()
    if latest is None:
        raise WorkdirError(f"{workdir} has no checkpoint yet")
    if which == "best" and latest.best is None:
        raise WorkdirError(f"{workdir} marks no best checkpoint: training.best_metric is empty or was not measured yet")
    step = latest.best.step if latest.best and which != "last" else latest.step
    keras.config.set_dtype_policy(config.training.precision)
    model = build_from_config(config.model, spec, seed=config.seed)
    averages = WeightAverages(model, config.training.ema_decay) if config.training.ema_decay else None
    parts = {"model": model, **({"averages": averages} if averages else {})}
    status = tf.train.Checkpoint(**parts).read(checkpoints.weights(step))
    status.assert_existing_objects_matched().expect_partial()
    if averages:
        averages.replace_weights()
    model.settle()
    return model, Restored(step, "best" if latest.best and which != "last" else "last", averages is not None)
