"""Command lines whose mistakes get one line that names the nearest right flag."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from tfdgm.configs import nearest


class FlagParser(argparse.ArgumentParser):
    """An `ArgumentParser` without abbreviations that exits with code 2 and one line for any mistake."""

    def __init__(self, **kwargs: Any) -> None:
        """Takes what `ArgumentParser` takes."""
        super().__init__(allow_abbrev=False, **kwargs)

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> argparse.Namespace:
        """The values given; None takes the process's arguments.

        Raises:
          SystemExit: with code 2 for an unknown flag or a wrong value, 0 for `--help`.
        """
        parsed, unknown = self.parse_known_args(args, namespace)
        if unknown:
            name = unknown[0].partition("=")[0]
            known = [option for option in self._option_string_actions if option.startswith("--")]
            self.error(f"{name} is unknown; {nearest(name, known)}")
        return parsed

    def error(self, message: str) -> NoReturn:
        """Exits with code 2 and one line."""
        self.exit(2, f"{self.prog}: {message}\n")


def boolean(text: str) -> bool:
    """The truth value that `true`, `false`, `1` or `0` names, in any case.

    Raises:
      ArgumentTypeError: for anything else.
    """
    if text.lower() in ("true", "1"):
        return True
    if text.lower() in ("false", "0"):
        return False
    raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
