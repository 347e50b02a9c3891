"""Classifiers that this package trains as extractors, each once: a folder that holds it finished, or not at all."""

import hashlib
import json
import os
import pathlib
import time
from collections.abc import Callable

import filelock
import platformdirs

from tfdgm.configs import ExperimentConfig, get_config, presets
from tfdgm.workdir.files import sync_folder

DIR_VARIABLE = "TFDGM_EXTRACTOR_DIR"

Train = Callable[[ExperimentConfig, pathlib.Path], None]


def extractor_dir(folder: str = "") -> pathlib.Path:
    """Where trained extractors are kept: `folder`, else TFDGM_EXTRACTOR_DIR, else `tfdgm/extractors` in the cache."""
    default = os.path.join(platformdirs.user_cache_dir("tfdgm"), "extractors")
    return pathlib.Path(folder or os.environ.get(DIR_VARIABLE) or default).expanduser()


def require_classifier(preset: str) -> None:
    """Refuses, by ValueError, a preset that trains no extractor."""
    known = [name for name in presets() if name.startswith("classifier:")]
    if ":".join(preset.split(":")[:2]) not in known:
        raise ValueError(
            f"extractor is {preset!r}, which is no preset; those are {', '.join(known) or 'none'}. Other data need an "
            "extractor of their own: the folder of a run, a .keras file, a SavedModel or inception_v3:<file of weights>"
        )


def trained_classifier(preset: str, folder: pathlib.Path, train: Train | None) -> pathlib.Path:
    """The run of a classifier's preset, trained where it is not there yet.

    The folder's name holds a digest of the configuration, so that a preset that changed is trained anew. An unfinished
    training is never used: it has another name, goes on where it stopped, and is renamed at its end. Processes wait for
    each other.

    Args:
      preset: such as `classifier:mnist`.
      folder: the cache.
      train: trains a configuration in a folder; None: a classifier that is not there is refused.

    Raises:
      ValueError: for no preset of a classifier; or one that is not there, without `train`.
    """
    require_classifier(preset)
    config = get_config(preset)
    digest = hashlib.sha256(json.dumps(config.to_dict(), sort_keys=True).encode()).hexdigest()[:8]
    name = f"{preset.replace(':', '-')}-{digest}"
    workdir = folder / name
    if workdir.is_dir():
        return workdir
    if train is None:
        raise ValueError(f"extractor {preset!r} is not trained yet in {folder}; trainers.evaluate trains it")
    folder.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(folder / f".{name}.lock"):
        if not workdir.is_dir():
            _train(config, folder / f".training-{name}", train)
            (folder / f".training-{name}").rename(workdir)
            sync_folder(folder)
    return workdir


def _train(config: ExperimentConfig, workdir: pathlib.Path, train: Train) -> None:
    summary = presets()[":".join(config.preset.split(":")[:2])].summary
    print(f"extractor {config.preset} is not in {workdir.parent}: it is trained there once ({summary})", flush=True)
    start = time.monotonic()
    train(config, workdir)
    print(f"extractor {config.preset} is trained: {(time.monotonic() - start) / 60.0:.1f} minutes", flush=True)
