"""Publishes a model as `<base>/<version>/`, a SavedModel for TensorFlow Serving.

It is written to a folder that no server looks at, loaded again, compared with the live model, and only then renamed to
its version: a server that polls `<base>` sees the whole of it or nothing.
"""

import dataclasses
import json
import os
import pathlib
import shutil
import uuid
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tfdgm.core.validation import require_at_least
from tfdgm.evaluation.provenance import package_versions
from tfdgm.export import warmup
from tfdgm.export.signatures import ConcreteFunction, ExportError, captured_variables, trace, with_default
from tfdgm.export.verification import verify
from tfdgm.models.base import GenerativeModel
from tfdgm.workdir.files import read_config, sync_folder
from tfdgm.workdir.restore import restore_model

METADATA = pathlib.PurePath("assets.extra", "tfdgm.json")


def export(workdir: str | os.PathLike[str], base: str | os.PathLike[str], *, version: int | None = None) -> str:
    """Publishes the run in `workdir`: its best checkpoint where one is marked, averaged weights where it has them.

    Args:
      workdir: folder of a trained run.
      base: folder of the model's versions; its name is the model's in warm-up requests.
      version: default: one above the newest in `base`.

    Returns:
      The folder published.

    Raises:
      WorkdirError: when there is no such run.
      ExportError: when the version exists, or the export differs from the live model.
    """
    config, _ = read_config(workdir)
    model, restored = restore_model(workdir)
    metadata = {"config": config.to_dict(), "checkpoint": dataclasses.asdict(restored)}
    return export_model(model, base, version=version, metadata=metadata)


def export_model(
    model: GenerativeModel,
    base: str | os.PathLike[str],
    *,
    version: int | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> str:
    """Publishes a model that is at hand; see `export`.

    Args:
      model: its `endpoints()` become the signatures, `sample`, or else the first, `serving_default` besides.
      base: folder of the model's versions.
      version: default: one above the newest in `base`.
      metadata: what `assets.extra/tfdgm.json` holds besides data specification, versions and endpoints.

    Returns:
      The folder published.

    Raises:
      ExportError: when the version exists, or the export differs from the live model; nothing is published then.
    """
    base = pathlib.Path(base).absolute()
    final = _free_path(base, version)
    functions = with_default(trace(model))
    temporary = base / f".tmp-{final.name}-{uuid.uuid4().hex[:8]}"
    temporary.mkdir(parents=True)
    try:
        _save(temporary, functions, model.tables())
        warmup.write(temporary, base.name, functions, model.spec)
        _write_metadata(temporary, model, functions, metadata or {})
        verify(temporary, model)
        _publish(temporary, final)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return str(final)


def _save(folder: pathlib.Path, functions: Mapping[str, ConcreteFunction], tables: list[Any]) -> None:
    # A module of the captured variables, not the Keras model: saving that stores every weight twice.
    module = tf.Module()
    module.weights = captured_variables(functions)
    module.tables = tables
    tf.saved_model.save(module, str(folder), signatures=dict(functions))


def _write_metadata(
    folder: pathlib.Path,
    model: GenerativeModel,
    functions: Mapping[str, ConcreteFunction],
    metadata: Mapping[str, Any],
) -> None:
    content = {
        **metadata,
        "model": type(model).__name__,
        "step": int(model.step),
        "data_spec": dataclasses.asdict(model.spec),
        "versions": package_versions(),
        "endpoints": {name: _described(function) for name, function in functions.items()},
    }
    (folder / METADATA).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _described(function: ConcreteFunction) -> dict[str, dict[str, Any]]:
    def describe(tensors: Mapping[str, Any]) -> dict[str, Any]:
        return {name: {"dtype": t.dtype.name, "shape": t.shape.as_list()} for name, t in tensors.items()}

    return {
        "inputs": describe(function.structured_input_signature[1]),
        "outputs": describe(function.structured_outputs),
    }


def _free_path(base: pathlib.Path, version: int | None) -> pathlib.Path:
    taken = {int(path.name): path for path in base.glob("*") if path.name.isdecimal()}
    if version is None:
        version = max(taken, default=0) + 1
    require_at_least(1, version=version)
    if version in taken:
        raise ExportError(f"{taken[version]} exists; a published version never changes, take another")
    return base / str(version)


def _publish(temporary: pathlib.Path, final: pathlib.Path) -> None:
    try:
        temporary.rename(final)
    except OSError as error:
        raise ExportError(f"{final} was published by another export meanwhile") from error
    sync_folder(final.parent)
