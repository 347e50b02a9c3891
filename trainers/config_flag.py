"""`--config=<preset>` and `--config.<field>=<value>`: every name and value is checked before anything heavy loads."""

import collections
import dataclasses
import difflib
import re
from typing import Any

import docstring_parser
from absl import flags
from ml_collections import config_flags

from tfdgm.configs import ExperimentConfig, UnknownNameError, get_config, presets

HELP = (
    ("--config=PRESET", "what to train, <model>:<dataset>[:<argument>], one of --list; the argument smoke is a trial"),
    ("--config.FIELD=VALUE", "change one field of the preset; --config=PRESET --help lists the fields"),
    ("--list", "the presets, one a line"),
)


class _TupleParser(flags.ArgumentParser):
    """Numbers or names separated by commas, with or without brackets."""

    def __init__(self, element: type, elements: str) -> None:
        super().__init__()
        self._element = element
        self.syntactic_help = f"{elements} separated by commas, as in 100,50"

    def parse(self, argument: str | tuple) -> tuple:
        if isinstance(argument, tuple):
            return argument
        parts = [part.strip(" '\"") for part in argument.strip("()[] ").split(",")]
        return tuple(self._element(part) for part in parts if part)


# The library's own parser takes elements of any type.
for _element, _elements in ((int, "integers"), (float, "numbers"), (str, "names")):
    config_flags.register_flag_parser_for_type(tuple[_element, ...], _TupleParser(_element, _elements))


def define(values: flags.FlagValues, argv: list[str]) -> list[str]:
    """Defines `--config` with the preset that the arguments name, and a typed flag for each field they override.

    Args:
      values: where the flags are defined; `values.config` is then the `ExperimentConfig`.
      argv: the arguments.

    Returns:
      The arguments without the preset's name.

    Raises:
      ValueError: when no preset is named.
      UnknownNameError: naming the nearest preset or field.
    """
    name, rest = _split(argv)
    if not name:
        raise ValueError("--config is missing: <model>:<dataset>[:<argument>], as in vae:digits; --list names them all")
    config = get_config(name)
    for argument in rest:
        if found := re.match(r"--?(no)?config\.([^=]*)", argument):
            _check_field(config, found[2])
    config_flags.DEFINE_config_dataclass("config", config, "the preset", values, sys_argv=rest)
    return rest


def preset_lines() -> list[str]:
    """The presets, one a line, each with its summary and its arguments."""
    known = presets()
    width = max(map(len, known))
    return [f"{name:<{width}}  {preset.summary} [:{' :'.join(preset.arguments)}]" for name, preset in known.items()]


def field_page(argv: list[str]) -> list[str]:
    """The fields of the preset that the arguments name, with value and meaning; nothing where they name none."""
    name, _ = _split(argv)
    if not name:
        return []
    config = get_config(name)
    meanings = _meanings(config)
    rows = [f"  --config.{path}={_shown(value)}\n        {meanings[path]}" for path, value in _leaves(config).items()]
    return [f"Fields of {name}, their values and what they are:\n" + "\n".join(rows)]


def _split(argv: list[str]) -> tuple[str, list[str]]:
    name, rest, position = "", [], 0
    while position < len(argv):
        argument = argv[position]
        if argument in ("--config", "-config") and position + 1 < len(argv):
            position += 1
            name = argv[position]
        elif argument.startswith(("--config=", "-config=")):
            name = argument.split("=", 1)[1]
        else:
            rest.append(argument)
        position += 1
    return name, rest


def _check_field(config: ExperimentConfig, path: str) -> None:
    leaves = _leaves(config)
    if path in leaves:
        return
    inside = [leaf for leaf in leaves if leaf.startswith(path + ".")]
    if inside:
        raise ValueError(f"--config.{path} is a group of fields; set one of them, as in --config.{inside[0]}")
    close = difflib.get_close_matches(path, leaves, n=1, cutoff=0.5)
    raise UnknownNameError("config field", path, close or sorted({leaf.split(".")[0] for leaf in leaves}))


def _leaves(config: Any, prefix: str = "") -> dict[str, Any]:
    # `preset` is what --config itself sets.
    leaves = {}
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            leaves.update(_leaves(value, f"{prefix}{field.name}."))
        elif prefix or field.name != "preset":
            leaves[prefix + field.name] = value
    return leaves


def _meanings(config: Any, prefix: str = "") -> dict[str, str]:
    # A configuration may inherit fields, which its base describes.
    documented = [
        field for kind in type(config).__mro__[::-1] for field in docstring_parser.parse(kind.__doc__ or "").params
    ]
    meanings = {prefix + field.arg_name: " ".join((field.description or "").split()) for field in documented}
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            meanings.update(_meanings(value, f"{prefix}{field.name}."))
    return collections.defaultdict(str, meanings)


def _shown(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
