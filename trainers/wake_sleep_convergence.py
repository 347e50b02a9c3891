"""Wake-sleep beside variational learning on a belief net of two causes, by expected gradients: no noise at all."""

import math
import sys
from typing import Any

from absl import flags

from tfdgm.core.loading import load_tensorflow
from trainers import command_line, picture_file

_NUM_RECORDS = 1000  # points of a curve


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command_line.run(_COMMAND, argv)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_float("learning_rate", 0.5, "of p and q alike, above 0 and at most 1", flag_values=values)
    flags.DEFINE_integer(
        "num_steps", 20_000, f"a multiple of {_NUM_RECORDS}", lower_bound=_NUM_RECORDS, flag_values=values
    )
    flags.DEFINE_string("out", None, "plot to write, .png", flag_values=values)


def _follow(values: flags.FlagValues) -> int:
    picture_file.require_png(values.out)
    if not 0.0 < values.learning_rate <= 1.0 or math.isnan(values.learning_rate):
        raise command_line.UsageError(f"--learning_rate is {values.learning_rate}; it must be above 0 and at most 1")
    if values.num_steps % _NUM_RECORDS:
        raise command_line.UsageError(f"--num_steps is {values.num_steps}; it must be a multiple of {_NUM_RECORDS}")
    load_tensorflow()
    from tfdgm.evaluation import plots, wake_sleep_convergence, wake_sleep_report

    problems = wake_sleep_convergence.PROBLEMS
    runs = [_runs(problem, values) for problem in problems]
    for problem, each in zip(problems, runs, strict=True):
        print(wake_sleep_report.table(problem, each) + "\n")
    print(wake_sleep_report.resting_line(wake_sleep_report.held_resting_point()))
    if values.out:
        plots.panel_plot(values.out, wake_sleep_report.panels(problems, runs))
        print(values.out)
    return command_line.SUCCESS


def _runs(problem: Any, values: flags.FlagValues) -> list[Any]:
    """Each procedure from the same start, and variational learning from where wake-sleep got."""
    from tfdgm.evaluation import wake_sleep_convergence

    def follow(procedure: str, after: Any = None) -> Any:
        return wake_sleep_convergence.follow(
            problem,
            procedure,
            learning_rate=values.learning_rate,
            num_steps=values.num_steps,
            record_every=values.num_steps // _NUM_RECORDS,
            after=after,
        )

    found = {procedure: follow(procedure) for procedure in wake_sleep_convergence.PROCEDURES}
    return [*found.values(), follow("variational", after=found["wake-sleep"])]


_COMMAND = command_line.Command(
    module="trainers.wake_sleep_convergence",
    script="tfdgm-wake-sleep-convergence",
    summary=(
        "Variational learning climbs one objective and settles; wake-sleep follows two and need not. Both on a sigmoid "
        "belief net of two causes and two visibles, with gradients summed over all states: once with all weights "
        "learned, where both reach the data, and once with some held, where wake-sleep goes round for ever."
    ),
    usage="[--learning_rate=0.5] [--num_steps=20000] [--out=FILE]",
    examples=("", "--out=wake-sleep-convergence.png", "--learning_rate=0.05 --num_steps=200000"),
    define=_define,
    run=_follow,
    required=(),
)

if __name__ == "__main__":
    sys.exit(main())
