"""How noisy gradients of a constraint's expectation are: the log-derivative trick beside steps towards q*, exactly."""

import sys

from absl import flags

from tfdgm.core.loading import load_tensorflow
from trainers import command_line


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command_line.run(_COMMAND, argv)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_list("strengths", ["0.01", "0.1", "1", "10"], "values of lambda", flag_values=values)


def _compare(values: flags.FlagValues) -> int:
    strengths = [_positive(text) for text in values.strengths]
    load_tensorflow()
    from tfdgm.evaluation import constraint_gradients

    tables = [
        constraint_gradients.table(title, constraint_gradients.estimators(f, strengths))
        for title, f in constraint_gradients.cases().items()
    ]
    print("\n\n".join(tables))
    return command_line.SUCCESS


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value < float("inf"):
        raise command_line.UsageError(f"--strengths has {text!r}; each must be a positive number")
    return value


_COMMAND = command_line.Command(
    module="trainers.constraint_gradients",
    script="tfdgm-constraint-gradients",
    summary=(
        "Gradients of E_p[f] for p of ten independent units and a constraint f that rarely holds or one that every "
        "state has some of: the log-derivative trick, with and without a baseline, and (1/lambda) E_q*[grad log p], "
        "from q* itself or by importance weights. Bias and noise of one draw, by enumeration of all 1,024 states."
    ),
    usage="[--strengths=0.01,0.1,1,10]",
    examples=("", "--strengths=0.5,5"),
    define=_define,
    run=_compare,
    required=(),
)

if __name__ == "__main__":
    sys.exit(main())
