"""Presets: one module a family, found by name; `get_config("<model>:<dataset>[:<argument>]")` builds one.

A family's module has `PRESETS`, a dict of `"<model>:<dataset>"` to a `Preset`. Nothing here imports TensorFlow.
"""

import dataclasses
import difflib
import importlib

from tfdgm.configs.experiment import (
    DataConfig,
    ExperimentConfig,
    OptimizerConfig,
    Preset,
    Published,
    TrainingConfig,
    from_json,
)

__all__ = [
    "DataConfig",
    "ExperimentConfig",
    "OptimizerConfig",
    "Preset",
    "Published",
    "TrainingConfig",
    "UnknownNameError",
    "get_config",
    "nearest",
    "presets",
    "restore_config",
]

_FAMILIES = (
    "vae",
    "semi_supervised",
    "aavae",
    "aae",
    "rbm",
    "dbn",
    "dbm",
    "sbn",
    "predictability_minimization",
    "classifier",
    "teacher_student",
    "tagger",
    "gan",
    "wgan",
    "iwgan",
    "constrained_gan",
    "vae_gan",
    "infogan",
    "ali",
    "biggan",
    "progan",
    "flow",
    "glow",
    "gaussian",
)


class UnknownNameError(ValueError):
    """A name that is not in its table; the message names the nearest one that is."""

    def __init__(self, kind: str, name: str, known: list[str]) -> None:
        """Names the kind of thing, the value given and the nearest right ones."""
        super().__init__(f"{kind} {name!r} is unknown; {nearest(name, known)}")


def presets() -> dict[str, Preset]:
    """All packaged presets by `"<model>:<dataset>"`, in the order of their families."""
    found: dict[str, Preset] = {}
    for family in _FAMILIES:
        found.update(importlib.import_module(f"tfdgm.configs.{family}").PRESETS)
    return found


def get_config(name: str) -> ExperimentConfig:
    """The preset `<model>:<dataset>[:<argument>]`.

    Raises:
      UnknownNameError: naming the nearest preset or argument.
    """
    model_dataset, argument = _split(name)
    known = presets()
    if model_dataset not in known:
        raise UnknownNameError("preset", model_dataset, list(known))
    preset = known[model_dataset]
    if argument and argument not in preset.arguments:
        raise UnknownNameError(f"argument of {model_dataset}", argument, list(preset.arguments))
    config = preset.config(argument)
    config.preset = name
    return config


def restore_config(stored: dict) -> ExperimentConfig:
    """The configuration that `ExperimentConfig.to_dict` gave, typed again by its preset.

    Raises:
      ValueError: naming a field that this version does not have.
    """
    config = get_config(stored["preset"])
    _assign(config, stored, "config")
    return config


def nearest(name: str, known: list[str]) -> str:
    """`did you mean 'x'?` where one is close, else the list of what there is."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"known are {', '.join(sorted(known))}"


def _split(name: str) -> tuple[str, str]:
    parts = name.split(":")
    if len(parts) not in (2, 3):
        raise ValueError(f"config is {name!r}; it must be <model>:<dataset> or <model>:<dataset>:<argument>")
    return ":".join(parts[:2]), parts[2] if len(parts) == 3 else ""


def _assign(target: object, values: dict, path: str) -> None:
    fields = {field.name for field in dataclasses.fields(target)}
    for name, value in values.items():
        if name not in fields:
            raise ValueError(f"{path}.{name} is unknown; {nearest(name, sorted(fields))}")
        current = getattr(target, name)
        if dataclasses.is_dataclass(current):
            _assign(current, value, f"{path}.{name}")
        else:
            setattr(target, name, from_json(value) if isinstance(current, float | tuple) else value)
