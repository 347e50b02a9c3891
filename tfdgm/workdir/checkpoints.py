"""Checkpoints that a crash can't harm: each a folder that appears whole, by one rename, or not at all.

    checkpoints/step-000006000/weights.index, weights.data-...   model, optimizers, averages
    checkpoints/step-000006000/state.json                        step, phase, the best so far

What is best stands in every checkpoint, so that a run resumed from it remembers exactly what that run knew.
"""

import dataclasses
import json
import os
import pathlib
import shutil
import socket
from collections.abc import Mapping

import tensorflow as tf

from tfdgm.workdir import files

_WEIGHTS, _STATE = "weights", "state.json"


@dataclasses.dataclass(frozen=True)
class Best:
    """The step of the best value of the watched validation log, so far."""

    step: int
    metric: str
    value: float


@dataclasses.dataclass(frozen=True)
class State:
    """What a checkpoint says of itself."""

    step: int
    phase: str
    best: Best | None = None

    @classmethod
    def from_dict(cls, stored: Mapping) -> "State":
        """From what `dataclasses.asdict` gave."""
        best = stored["best"]
        return cls(stored["step"], stored["phase"], Best(**best) if best else None)


class Checkpoints:
    """The checkpoints of one run.

    Attributes:
      folder: where they stand.
      keep: how many of the newest stay; the best stays besides.
    """

    def __init__(self, workdir: str | pathlib.Path, keep: int = 2) -> None:
        """Makes nothing yet."""
        self.folder = pathlib.Path(workdir) / files.CHECKPOINTS
        self.keep = keep

    def save(self, checkpoint: tf.train.Checkpoint, state: State, *, is_chief: bool = True) -> None:
        """Writes a checkpoint, then drops those no longer kept.

        Every worker of a strategy must call it, since values are gathered from all; only the chief's stays.
        """
        temporary = self.folder / f".tmp-{socket.gethostname()}-{os.getpid()}-{state.step:09d}"
        temporary.mkdir(parents=True)
        checkpoint.write(str(temporary / _WEIGHTS))
        final = self._path(state.step)
        if not is_chief or final.exists():
            shutil.rmtree(temporary)
            return
        files.write_atomically(temporary / _STATE, json.dumps(dataclasses.asdict(state)) + "\n")
        for path in temporary.iterdir():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        temporary.rename(final)
        files.sync_folder(self.folder)
        self._drop(state)

    def steps(self) -> list[int]:
        """Steps of all whole checkpoints, ascending."""
        return sorted(int(path.name.removeprefix("step-")) for path in self.folder.glob("step-*"))

    def latest(self) -> State | None:
        """The newest checkpoint's state, or None."""
        steps = self.steps()
        return self.state(steps[-1]) if steps else None

    def state(self, step: int) -> State:
        """The state of the checkpoint at `step`."""
        return State.from_dict(json.loads((self._path(step) / _STATE).read_text(encoding="utf-8")))

    def weights(self, step: int) -> str:
        """The path that `tf.train.Checkpoint.read` takes."""
        return str(self._path(step) / _WEIGHTS)

    def clean(self) -> None:
        """Removes what a crash left half-written."""
        for path in self.folder.glob(".tmp-*"):
            shutil.rmtree(path, ignore_errors=True)

    def _path(self, step: int) -> pathlib.Path:
        return self.folder / f"step-{step:09d}"

    def _drop(self, state: State) -> None:
        kept = {*self.steps()[-self.keep :], *([state.best.step] if state.best else [])}
        for step in self.steps():
            if step not in kept:
                # Out of sight in one rename first: a crash in the midst of removing must not leave half of it.
                doomed = self.folder / f".tmp-drop-{step:09d}"
                self._path(step).rename(doomed)
                shutil.rmtree(doomed, ignore_errors=True)
