"""A metric of several runs by training step, from what each wrote to `metrics.jsonl`."""

import dataclasses
import os
from collections import Counter
from collections.abc import Sequence

import numpy as np

from tfdgm.configs import nearest
from tfdgm.evaluation.plots import Curve
from tfdgm.workdir import files

BEST = ("max", "min")
_NOT_METRICS = ("step", "phase")


@dataclasses.dataclass(frozen=True)
class LearningCurve:
    """One run.

    Attributes:
      label: its preset, and its folder where another run has the same preset.
      steps: [T], over all phases.
      values: [T], at least one.
    """

    label: str
    steps: np.ndarray
    values: np.ndarray

    def best(self, mode: str) -> int:
        """Where the value is highest (`max`) or lowest (`min`), the first of several; values that are NaN never are.

        Raises:
          ValueError: when all values are NaN.
        """
        if np.isnan(self.values).all():
            raise ValueError(f"every value of {self.label} is NaN")
        return int(np.nanargmax(self.values) if mode == "max" else np.nanargmin(self.values))


def read(workdirs: Sequence[str | os.PathLike[str]], metric: str) -> list[LearningCurve]:
    """The metric of each run.

    Args:
      workdirs: folders of runs, each once.
      metric: a name in `metrics.jsonl`, such as `val_elbo`.

    Raises:
      WorkdirError: when a folder holds no run, or one that has logged nothing.
      ValueError: when a run does not log the metric, naming the nearest and listing what it logs.
    """
    presets = [files.read_config(workdir)[0].preset for workdir in workdirs]
    count = Counter(presets)
    labels = [
        preset if count[preset] == 1 else f"{preset} ({workdir})"
        for preset, workdir in zip(presets, workdirs, strict=True)
    ]
    return [_read_one(workdir, metric, label) for workdir, label in zip(workdirs, labels, strict=True)]


def table(curves: Sequence[LearningCurve], mode: str) -> str:
    """A row a run: last value, best value and its step; `mode` is one of `BEST`."""
    width = 2 + max(len("run"), *(len(curve.label) for curve in curves))
    word = {"max": "highest", "min": "lowest"}[mode]
    lines = [f"{'run':<{width}}{'last step':>10}{'last value':>14}{word:>14}{'at step':>10}"]
    for curve in curves:
        best = curve.best(mode)
        lines.append(
            f"{curve.label:<{width}}{curve.steps[-1]:>10}{curve.values[-1]:>14.6g}"
            f"{curve.values[best]:>14.6g}{curve.steps[best]:>10}"
        )
    return "\n".join(lines)


def to_plot(curves: Sequence[LearningCurve]) -> list[Curve]:
    """The runs as lines of a panel."""
    return [Curve(curve.label, curve.steps, curve.values) for curve in curves]


def _read_one(workdir: str | os.PathLike[str], metric: str, label: str) -> LearningCurve:
    lines = files.read_metrics(workdir)
    if not lines:
        raise files.WorkdirError(f"{workdir} holds a run that has logged nothing yet")
    points = [(line["step"], line[metric]) for line in lines if metric in line and metric not in _NOT_METRICS]
    if not points:
        logged = sorted({name for line in lines for name in line} - {*_NOT_METRICS})
        raise ValueError(f"{workdir} does not log {metric!r}; {_offer(metric, logged)}")
    steps, values = np.array(points, float).T
    return LearningCurve(label, steps.astype(int), values)


def _offer(metric: str, logged: list[str]) -> str:
    guess = nearest(metric, logged)
    everything = f"it logs {', '.join(logged)}"
    return f"{guess} {everything.capitalize()}" if guess.endswith("?") else everything
