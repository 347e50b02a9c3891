"""tfdgm: deep generative models on TensorFlow and Keras 3, under one contract.

    model = tfdgm.load("/tmp/digits")                        # a trained run
    model = tfdgm.build("vae", spec=(28, 28, 1), latent_dim=16)  # a new model
    x = model.sample(tf.range(16, dtype=tf.int64))           # sample i depends on seed i alone

Importing this package imports no TensorFlow; the first use of a name that needs it does.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from tfdgm.configs import get_config
    from tfdgm.core.types import DataSpec
    from tfdgm.data import open_data
    from tfdgm.models.base import GenerativeModel
    from tfdgm.models.registry import list_models

__version__ = "0.1.0"

__all__ = [
    "DataSpec",
    "GenerativeModel",
    "__version__",
    "build",
    "get_config",
    "list_models",
    "load",
    "open_data",
]

_MODULES = {
    "DataSpec": "tfdgm.core.types",
    "GenerativeModel": "tfdgm.models.base",
    "get_config": "tfdgm.configs",
    "list_models": "tfdgm.models.registry",
    "open_data": "tfdgm.data",
}


def build(name: str, spec: DataSpec | Sequence[int] | None = None, **config: Any) -> GenerativeModel:
    """A new model with weights drawn by `seed`.

    Args:
      name: one of `list_models()`.
      spec: what one example is: a `DataSpec`, or just its shape, such as (28, 28, 1), for 8-bit values in [0, 1].
        Default: the embedded 8x8 digits, binarised.
      **config: fields of the model's configuration, such as `latent_dim=16`, and `seed`, `name`, `dtype`.

    Raises:
      UnknownNameError: for an unknown model, naming the nearest.
      ValueError: for a field with a value that it cannot have.
    """
    from tfdgm.core.types import DataSpec
    from tfdgm.models import registry

    if spec is None:
        spec = DataSpec((8, 8, 1), domain="binary", num_levels=2)
    elif not isinstance(spec, DataSpec):
        spec = DataSpec(tuple(spec))
    return registry.build(name, spec, **config)


def load(workdir: str | os.PathLike[str], *, which: str = "auto") -> GenerativeModel:
    """The trained model of a run, without its data; averaged weights where the run keeps them.

    Args:
      workdir: folder of the run.
      which: checkpoint: `best`, `last`, or `auto`, the best where one is marked, else the last.

    Raises:
      WorkdirError: when the folder holds no such run or checkpoint.
    """
    from tfdgm.workdir.restore import restore_model

    return restore_model(workdir, which=which)[0]


def __getattr__(name: str) -> Any:
    """Imports the module of a public name when the name is first used."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
