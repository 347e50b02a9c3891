"""Collapse, of samples or of the spectra of kernels, read off the run's own log and said in words."""

import dataclasses
import json
import os
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
import tqdm

from tfdgm.models import singular_values
from tfdgm.workdir import files

LEAST_VARIANCE = 0.1  # of samples, as a share of the data's
LEAST_MODES = 0.5  # of the most that were covered before

_VARIANCE, _MODES = "val_sample_variance", "val_modes_covered"


@dataclasses.dataclass(frozen=True)
class Collapse:
    """A collapse that has not been overcome.

    Attributes:
      step: of the first evaluation that shows it, after which all do.
      words: what shows it.
    """

    step: int
    words: str


def find_collapse(lines: Iterable[Mapping[str, float | int | str]]) -> Collapse | None:
    """The collapse in which a run is, if it is in one, by what shows it first.

    Samples have collapsed where they vary by less than a tenth of what the data do, or cover less than half of the
    modes that they covered before; a generator, where a first singular value explodes (`tfdgm.models.singular_values`).

    Args:
      lines: of `metrics.jsonl`, in order.
    """
    lines = list(lines)
    found = [collapse for collapse in (_of_samples(lines), _of_spectra(lines)) if collapse]
    return min(found, key=lambda collapse: collapse.step, default=None)


def report(collapse: Collapse) -> str:
    """One line for people."""
    return f"collapse: since step {collapse.step} {collapse.words}"


class CollapseWatch(keras.callbacks.Callback):
    """Says in words that samples have collapsed, when it is seen and at the end, and keeps `diagnosis.json`."""

    def __init__(self, workdir: str | os.PathLike[str]) -> None:
        """Args: workdir: whose log is read."""
        super().__init__()
        self._workdir = pathlib.Path(workdir)
        self._known: Collapse | None = None

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Looks where there was an evaluation."""
        if not any(name.startswith("val_") for name in logs or {}):
            return
        found = find_collapse(files.read_metrics(self._workdir))
        if found and found != self._known:
            tqdm.tqdm.write(report(found))
        elif self._known and not found:
            tqdm.tqdm.write(f"the collapse of step {self._known.step} is overcome")
        self._known = found
        told = {"collapse": dataclasses.asdict(found) if found else None}
        files.write_atomically(self._workdir / files.DIAGNOSIS, json.dumps(told, indent=2) + "\n")

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """The last word."""
        if self._known:
            print(report(self._known), flush=True)


def _variance_words(line: Mapping) -> str:
    variance = line.get(_VARIANCE)
    if variance is None or variance >= LEAST_VARIANCE:
        return ""
    return f"samples vary by {variance:.2g} of what the data do; below {LEAST_VARIANCE} they are almost all alike"


def _modes_words(line: Mapping, most: float, at: int) -> str:
    modes = line.get(_MODES)
    if modes is None or modes >= LEAST_MODES * most:
        return ""
    return f"samples cover {modes:g} modes, of {most:g} that they covered at step {at}"


def _of_samples(lines: Sequence[Mapping[str, Any]]) -> Collapse | None:
    found: Collapse | None = None
    most_modes, most_at = 0.0, 0
    for line in lines:
        if _VARIANCE not in line and _MODES not in line:
            continue
        modes = line.get(_MODES)
        if modes is not None and modes > most_modes:
            most_modes, most_at = modes, line["step"]
        words = _variance_words(line) or _modes_words(line, most_modes, most_at)
        found = (found or Collapse(line["step"], words)) if words else None
    return found


def _of_spectra(lines: Sequence[Mapping[str, Any]]) -> Collapse | None:
    growth = singular_values.explosion(*singular_values.read(lines))
    return Collapse(growth.step, growth.words) if growth else None
