"""Exports the run in a workdir as a versioned SavedModel that TensorFlow Serving loads."""

import sys

from absl import flags

from tfdgm.core.loading import load_tensorflow
from trainers import command_line


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command_line.run(_COMMAND, argv)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_string("workdir", None, "folder of a trained run", flag_values=values)
    flags.DEFINE_string(
        "base", None, "folder of the model's versions; the export is <base>/<version>", flag_values=values
    )
    flags.DEFINE_integer(
        "version", None, "version number (default: one above the newest there)", lower_bound=1, flag_values=values
    )


def _export(values: flags.FlagValues) -> int:
    command_line.require_workdir(values.workdir)
    load_tensorflow()
    from tfdgm.export import saved_model

    print(saved_model.export(values.workdir, values.base, version=values.version))
    return command_line.SUCCESS


_COMMAND = command_line.Command(
    module="trainers.export",
    script="tfdgm-export",
    summary=(
        "Exports a trained run as a SavedModel. It is loaded again and compared with the live model before it gets its "
        "version number, so a server that watches the folder never sees half of it. Prints the folder written."
    ),
    usage="--workdir=DIR --base=DIR [--version=N]",
    examples=("--workdir=/tmp/digits --base=/tmp/models/digits",),
    define=_define,
    run=_export,
    required=("workdir", "base"),
)

if __name__ == "__main__":
    sys.exit(main())
