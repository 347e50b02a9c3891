"""`config.json` and the other small files of a run: atomic writes, one writer at a time, no silent change of plan."""

import contextlib
import dataclasses
import fcntl
import json
import os
import pathlib
from collections.abc import Iterator
from typing import Any

from tfdgm.configs import ExperimentConfig, restore_config
from tfdgm.core.types import DataSpec

CONFIG = "config.json"
METRICS = "metrics.jsonl"
DIAGNOSIS = "diagnosis.json"
CHECKPOINTS = "checkpoints"
PICTURES = "pictures"
TENSORBOARD = "tensorboard"


class WorkdirError(ValueError):
    """A folder that does not hold what is asked of it; the message says what and where."""


def write_atomically(path: pathlib.Path, content: str) -> None:
    """Replaces a file whole: after a crash it is the old one or the new one."""
    temporary = path.with_name(f".{path.name}.tmp-{os.getpid()}")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: pathlib.Path) -> None:
    """Makes renames in a folder last through a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_config(workdir: str | os.PathLike[str]) -> tuple[ExperimentConfig, DataSpec]:
    """The configuration and data specification of a run.

    Raises:
      WorkdirError: when there is no readable `config.json`.
    """
    stored = _read_json(pathlib.Path(workdir) / CONFIG)
    return restore_config(stored["config"]), DataSpec(**stored["data_spec"])


def read_metrics(workdir: str | os.PathLike[str]) -> list[dict]:
    """The lines of a run's log; a last line that a crash cut short is left out."""
    path = pathlib.Path(workdir) / METRICS
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            lines.append(json.loads(text))
        except json.JSONDecodeError:
            break
    return lines


def claim(workdir: str | os.PathLike[str], config: ExperimentConfig, spec: DataSpec, version: str) -> None:
    """Makes `workdir` the folder of this configuration, or confirms that it is.

    A folder whose run ended before it logged or saved anything, on a field that was refused, is free to take.

    Raises:
      WorkdirError: when it belongs to another configuration, naming each differing field.
    """
    path = pathlib.Path(workdir) / CONFIG
    path.parent.mkdir(parents=True, exist_ok=True)
    wanted = json.loads(json.dumps({"config": config.to_dict(), "data_spec": dataclasses.asdict(spec)}))
    if not path.exists() or not _has_begun(path.parent):
        write_atomically(path, json.dumps({"version": version, **wanted}, indent=2) + "\n")
        return
    stored = _read_json(path)
    differing = [
        f"  {field}: {old!r} there, {new!r} asked for"
        for part in ("config", "data_spec")
        for field, old, new in _differences(stored[part], wanted[part], part)
    ]
    if differing:
        raise WorkdirError(
            f"{path.parent} holds a run of another configuration:\n" + "\n".join(differing) + "\nUse another --workdir."
        )


@contextlib.contextmanager
def sole_writer(workdir: str | os.PathLike[str]) -> Iterator[None]:
    """Holds the folder's lock; the system frees it however the process ends.

    Raises:
      WorkdirError: when another process trains there.
    """
    folder = pathlib.Path(workdir)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise WorkdirError(f"{folder} is in use: another process trains there") from error
        yield


def _has_begun(folder: pathlib.Path) -> bool:
    metrics = folder / METRICS
    return any((folder / CHECKPOINTS).glob("step-*")) or (metrics.exists() and metrics.stat().st_size > 0)


def _read_json(path: pathlib.Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise WorkdirError(f"{path} does not exist; --workdir must be the folder of a run") from error
    except json.JSONDecodeError as error:
        raise WorkdirError(f"{path} is not JSON: {error}") from error


def _differences(old: Any, new: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            yield from _differences(old.get(name), new.get(name), f"{path}.{name}")
    elif old != new:
        yield path, old, new
