"""The examples on which rules change the answer of a trained student."""

import sys

from absl import flags

from tfdgm.core.loading import load_tensorflow
from trainers import command_line


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command_line.run(_COMMAND, argv)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_string("workdir", None, "folder of a run of teacher_student", flag_values=values)
    flags.DEFINE_enum("split", "test", ["test", "validation", "train"], "which examples", flag_values=values)
    flags.DEFINE_integer("num", 5, "how many to show of either kind", lower_bound=1, flag_values=values)
    flags.DEFINE_string("manual_dir", "", "folder of raw data files", flag_values=values)


def _show(values: flags.FlagValues) -> int:
    command_line.require_workdir(values.workdir)
    load_tensorflow()
    from tfdgm.evaluation import rule_cases

    cases = rule_cases.rule_cases(values.workdir, split=values.split, manual_dir=values.manual_dir)
    print(rule_cases.report(cases, values.num))
    return command_line.SUCCESS


_COMMAND = command_line.Command(
    module="trainers.rule_cases",
    script="tfdgm-rule-cases",
    summary=(
        "Examples that the rules of a teacher_student run change the answer of: student, teacher and truth, those "
        "that get right and those that get wrong."
    ),
    usage="--workdir=DIR [--split=test|validation|train] [--num=N] [--manual_dir=DIR]",
    examples=("--workdir=runs/sst2",),
    define=_define,
    run=_show,
    required=("workdir",),
)

if __name__ == "__main__":
    sys.exit(main())
