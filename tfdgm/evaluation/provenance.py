"""Where a figure comes from: versions, machine, commit, command, and how long training took."""

import importlib.metadata
import json
import os
import pathlib
import platform
import subprocess
from collections.abc import Iterator
from typing import Any

from tfdgm.configs import ExperimentConfig, get_config
from tfdgm.workdir import files

_PACKAGES = ("tfdgm", "tensorflow", "keras", "tensorflow-probability", "numpy")
_PACKAGE_FOLDER = pathlib.Path(__file__).parents[1]


def package_versions() -> dict[str, str]:
    """Versions of Python and of what decides the numbers."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:  # run from a checkout that is not installed
            found[package] = "unknown"
    return found


def num_cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def commit() -> str | None:
    """The commit of the checkout this package runs from, `-dirty` with changes; None outside a checkout."""
    # An installed package may lie within some other project's repository, which does not track it.
    if _git("ls-files", "--error-unmatch", "__init__.py") is None:
        return None
    return _git("describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")


def training_minutes(workdir: str | os.PathLike[str]) -> float | None:
    """Wall-clock minutes of training, from the last whole line of the run's log; None without one."""
    path = pathlib.Path(workdir) / files.METRICS
    for line in reversed(path.read_text(encoding="utf-8").splitlines() if path.exists() else []):
        try:
            return round(json.loads(line)["seconds"] / 60.0, 2)
        except json.JSONDecodeError:  # a crash cut it short
            continue
    return None


def train_command(config: ExperimentConfig) -> str:
    """The command that trains this configuration: its preset, and each field that differs from it."""
    preset, stored = get_config(config.preset).to_dict(), config.to_dict()
    overrides = [f"--config.{path}={_flag_value(value)}" for path, value in _differences(preset, stored)]
    return " ".join(["python -m trainers.train", f"--config={config.preset}", *overrides, "--workdir=W"])


def _differences(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in new.items():
        if isinstance(value, dict):
            yield from _differences(old[name], value, f"{prefix}{name}.")
        elif value != old[name]:
            yield prefix + name, value


def _flag_value(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments],  # noqa: S607 - the user's own git, wherever it is installed
            cwd=_PACKAGE_FOLDER,
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
