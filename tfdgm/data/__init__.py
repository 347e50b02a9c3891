"""From a DataConfig to batches, by TFDS; order and noise are functions of (seed, epoch, position).

Importing this package imports neither TensorFlow nor TFDS; the first use of a name does.
"""

import importlib
from typing import Any

from tfdgm.data.catalog import list_datasets

_MODULES = {
    "Data": "source",
    "Split": "source",
    "open_data": "opening",
    "Shard": "pipelines",
    "train_batches": "pipelines",
    "eval_batches": "pipelines",
}

__all__ = ["Data", "Shard", "Split", "eval_batches", "list_datasets", "open_data", "train_batches"]


def __getattr__(name: str) -> Any:
    """Imports the module of a public name when the name is first used."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
