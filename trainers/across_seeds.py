"""A preset's figures over several seeds, and two presets held against each other seed by seed."""

import sys

from absl import flags

from trainers import command_line


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command_line.run(_COMMAND, argv)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_list(
        "presets",
        None,
        "one preset, or two whose figures are subtracted: the first less the second",
        flag_values=values,
    )
    flags.DEFINE_string("results_dir", "results", "folder of files that trainers.evaluate wrote", flag_values=values)


def _show(values: flags.FlagValues) -> int:
    if len(values.presets) not in (1, 2):
        raise command_line.UsageError(f"--presets names {len(values.presets)}; it must be one or two")
    from tfdgm.evaluation import across_seeds

    found = [across_seeds.read(preset, values.results_dir) for preset in values.presets]
    for preset, figures in zip(values.presets, found, strict=True):
        print(f"{preset}\n{across_seeds.table(figures)}\n")
    if len(found) == 2:
        print(f"{values.presets[0]} less {values.presets[1]}, seed by seed")
        print(across_seeds.table(across_seeds.difference(*found)))
    return command_line.SUCCESS


_COMMAND = command_line.Command(
    module="trainers.across_seeds",
    script="tfdgm-across-seeds",
    summary=(
        "Means of a preset's figures over the seeds whose results are there, with 95% intervals by Student's t; of two "
        "presets also the differences, seed by seed."
    ),
    usage="--presets=PRESET[,PRESET] [--results_dir=DIR]",
    examples=(
        "--presets=wgan_gp:mixture25",
        "--presets=teacher_student:sst2,classifier:sst2",
    ),
    define=_define,
    run=_show,
    required=("presets",),
)

if __name__ == "__main__":
    sys.exit(main())
