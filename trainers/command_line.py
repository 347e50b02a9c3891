"""The command line that all binaries share: one page of help, two lines for a mistake, TensorFlow only after both."""

import dataclasses
import os
import re
import sys
import textwrap
import traceback
from collections.abc import Callable
from pathlib import Path

from absl import flags

import tfdgm
from tfdgm.configs import nearest
from trainers import config_flag

SUCCESS, FAILURE, USAGE, NON_FINITE, LOST_WORKER, INTERRUPTED = 0, 1, 2, 3, 4, 130

_CODES = (
    "Exit codes: 0 done; 1 failed; 2 wrong command line or configuration; 3 a loss or gradient was not finite;\n"
    "4 another worker was lost."
)
_LOG = "TF_CPP_MIN_LOG_LEVEL=0 in the environment shows TensorFlow's own log."
_OWN = (Path(__file__).parent, Path(tfdgm.__file__).parent)


class UsageError(ValueError):
    """What was asked for cannot be done as asked; the message says what would be right. Exit code 2."""


@dataclasses.dataclass(frozen=True)
class Command:
    """One binary.

    Attributes:
      module: where it stands, such as `trainers.train`.
      script: its name once the package is installed.
      summary: what it does, for the help page.
      usage: its arguments in one line.
      examples: command lines that work.
      define: defines its flags on the values given.
      run: does the work and returns the exit code.
      required: the flags that must be given.
      takes_config: whether `--config`, its overrides and `--list` belong to it.
    """

    module: str
    script: str
    summary: str
    usage: str
    examples: tuple[str, ...]
    define: Callable[[flags.FlagValues], None]
    run: Callable[[flags.FlagValues], int]
    required: tuple[str, ...] = ("workdir",)
    takes_config: bool = False


def run(command: Command, argv: list[str] | None = None) -> int:
    """Parses the arguments and does the work.

    Args:
      command: the binary.
      argv: arguments after the program's name; None takes the process's own.

    Returns:
      The exit code. Only errors that are not the user's leave as exceptions.
    """
    argv = sys.argv[1:] if argv is None else argv
    if {"--help", "-help", "-h"} & set(argv):
        print(help_page(command, argv))
        return SUCCESS
    if command.takes_config and {"--list", "-list"} & set(argv):
        print("\n".join(config_flag.preset_lines()))
        return SUCCESS
    try:
        return command.run(parse(command, argv))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except (ValueError, FileNotFoundError) as error:
        if not _is_message(error):
            raise
        print(f"{command.script}: {error}\npython -m {command.module} --help explains.", file=sys.stderr)
        return USAGE


def define_manual_dir(values: flags.FlagValues) -> None:
    """The flag `--manual_dir`, of binaries that read data."""
    flags.DEFINE_string(
        "manual_dir",
        "",
        "folder with one sub-folder of raw files a data set (else TFDGM_MANUAL_DIR)",
        flag_values=values,
    )


def parse(command: Command, argv: list[str]) -> flags.FlagValues:
    """The flags of a command line.

    Raises:
      UsageError: for an unknown flag, a value of the wrong type, a required flag not given.
      UnknownNameError: for a preset or field of a configuration that does not exist.
    """
    values = flags.FlagValues()
    command.define(values)
    if command.takes_config:
        argv = config_flag.define(values, argv)
    try:
        positional = values([command.script, *argv])[1:]
    except flags.UnrecognizedFlagError as error:
        raise UsageError(f"flag --{error.flagname} is unknown; {nearest(error.flagname, _names(command))}") from None
    except flags.IllegalFlagValueError as error:
        raise UsageError(_wrong_value(values, str(error))) from None
    except flags.Error as error:
        raise UsageError(str(error)) from None
    if positional:
        raise UsageError(f"argument {positional[0]!r} is not a flag; every argument is --<flag>=<value>")
    for name in command.required:
        if values[name].value in (None, ""):
            raise UsageError(f"--{name} is missing: {values[name].help}")
    return values


def help_page(command: Command, argv: list[str]) -> str:
    """The help page; with a `--config` among the arguments, its fields and their values besides."""
    values = flags.FlagValues()
    command.define(values)
    rows = [*config_flag.HELP] if command.takes_config else []
    rows += [_flag_row(flag) for flags_ in values.flags_by_module_dict().values() for flag in flags_]
    rows.append(("--help", "this page"))
    pages = [
        textwrap.fill(command.summary, 100),
        f"Usage: python -m {command.module} {command.usage}\n       (installed: {command.script})",
        "Flags:\n" + "\n".join(_row(name, text) for name, text in rows),
        "Examples:\n" + "\n".join(f"  python -m {command.module} {example}" for example in command.examples),
        f"{_CODES}\n{_LOG}",
    ]
    if command.takes_config:
        pages += config_flag.field_page(argv)
    return "\n\n".join(pages)


def require_workdir(workdir: str) -> None:
    """Refuses a folder that is no run's.

    Raises:
      UsageError: when it has no `config.json`.
    """
    if not os.path.isfile(os.path.join(workdir, "config.json")):
        raise UsageError(
            f"--workdir is {workdir!r}, which has no config.json; "
            f"first train there: python -m trainers.train --config=vae:digits:smoke --workdir={workdir}"
        )


def _is_message(error: Exception) -> bool:
    # What this package raises itself speaks to the user; what comes from inside a library, or from a built-in, is a
    # defect and needs its traceback.
    origin = traceback.extract_tb(error.__traceback__)[-1]
    return origin.line.startswith("raise ") and any(root in Path(origin.filename).parents for root in _OWN)


def _names(command: Command) -> list[str]:
    values = flags.FlagValues()
    command.define(values)
    return [*values, "help", *(["config", "list"] if command.takes_config else [])]


def _wrong_value(values: flags.FlagValues, message: str) -> str:
    found = re.match(r"flag --(?P<name>[^=]+)=(?P<value>.*?): (?P<reason>.*)", message, re.DOTALL)
    if not found:
        return message
    flag = values[found["name"]]
    choices = f"one of {', '.join(_choices(flag))}" if _choices(flag) else ""
    right = choices or flag.parser.syntactic_help or ("true or false" if flag.boolean else "")
    return f"--{flag.name} is {found['value']!r}; " + (f"it must be {right}" if right else found["reason"])


def _choices(flag: flags.Flag) -> list[str]:
    return getattr(flag.parser, "enum_values", [])


def _flag_row(flag: flags.Flag) -> tuple[str, str]:
    choices = _choices(flag)
    placeholder = "|".join(choices) or {"int": "N"}.get(flag.flag_type(), flag.name.upper())
    shown = ",".join(flag.default) if isinstance(flag.default, list) else flag.default  # as it is typed
    default = "" if shown in (None, "") else f" (default {shown})"
    text = flag.help.removeprefix(f"<{placeholder}>: ") if choices else flag.help
    return f"--{flag.name}={placeholder}", text + default


def _row(name: str, text: str) -> str:
    lines = textwrap.wrap(text, 74)
    if len(name) > 24:
        lines.insert(0, "")
    first, *rest = lines
    return "\n".join([f"  {name:<24}  {first}".rstrip(), *(" " * 28 + line for line in rest)])
