"""Evaluates the run in a workdir, on its test split if not told otherwise: a table, and `evaluation.json`."""

import sys

from absl import flags

from tfdgm.core.loading import load_tensorflow
from trainers import command_line, extractor_training


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command_line.run(_COMMAND, argv)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_string(
        "workdir", None, "folder of a trained run; evaluation.json is written there", flag_values=values
    )
    flags.DEFINE_string(
        "split",
        "test",
        "test, validation or train; of the latter two the report is evaluation-<split>.json",
        flag_values=values,
    )
    flags.DEFINE_list(
        "metrics",
        None,
        "figures to work out, separated by commas (default: those of single examples, and what the preset lists); of "
        "samples: fid, kid, prdc, is and what docs/metrics.md names",
        flag_values=values,
    )
    command_line.define_manual_dir(values)
    flags.DEFINE_string(
        "results_dir", "", "folder that gets <preset>.json as well, for the table of results", flag_values=values
    )
    extractor_training.define(values)


def _evaluate(values: flags.FlagValues) -> int:
    command_line.require_workdir(values.workdir)
    load_tensorflow()
    from tfdgm.evaluation import run

    run.evaluate(
        values.workdir,
        metrics=values.metrics,
        split=values.split,
        results_dir=values.results_dir,
        **extractor_training.options(values),
    )
    return command_line.SUCCESS


_COMMAND = command_line.Command(
    module="trainers.evaluate",
    script="tfdgm-evaluate",
    summary=(
        "Evaluates a trained run on its test split. Prints a table and writes evaluation.json: each figure with its "
        "unit, whether it is exact, a bound or an estimate, its standard error, the number of examples and the seed."
    ),
    usage="--workdir=DIR [--metrics=a,b] [--split=test]",
    examples=(
        "--workdir=/tmp/digits",
        "--workdir=/tmp/digits --metrics=elbo",
        "--workdir=/tmp/mnist --metrics=fid,kid,prdc,is",
    ),
    define=_define,
    run=_evaluate,
)

if __name__ == "__main__":
    sys.exit(main())
