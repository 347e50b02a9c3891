"""Explaining away on a net of a few causes and one effect: the exact posterior, its factorial fits, a picture."""

import sys

from absl import flags

from tfdgm.core.loading import load_tensorflow
from trainers import command_line, picture_file


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command_line.run(_COMMAND, argv)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_string("cause_biases", "-10,-10", "log odds of each cause", flag_values=values)
    flags.DEFINE_string("weights", "20,20", "of each cause on the effect", flag_values=values)
    flags.DEFINE_float("effect_bias", -20.0, "log odds of the effect without a cause", flag_values=values)
    flags.DEFINE_string("out", None, "picture to write, .png: a square of states a column", flag_values=values)


def _explain(values: flags.FlagValues) -> int:
    picture_file.require_png(values.out)
    cause_biases, weights = (_numbers(name, values[name].value) for name in ("cause_biases", "weights"))
    load_tensorflow()
    from tfdgm.evaluation import explaining_away

    columns = explaining_away.distributions(cause_biases, weights, values.effect_bias)
    print(explaining_away.table(columns))
    if values.out:
        picture_file.write(values.out, explaining_away.picture(columns))
    return command_line.SUCCESS


def _numbers(name: str, text: str) -> list[float]:
    try:
        return [float(number) for number in text.split(",")]
    except ValueError:
        raise command_line.UsageError(f"--{name} is {text!r}; it must be numbers such as -10,-10") from None


_COMMAND = command_line.Command(
    module="trainers.explaining_away",
    script="tfdgm-explaining-away",
    summary=(
        "Causes that are independent until their common effect is seen (Hinton, Osindero & Teh 2006, figure 2: an "
        "earthquake, a truck, a house that jumps): prior and posterior of the causes, exactly, the posterior's best "
        "factorial fits, and the complementary prior whose posterior is factorial."
    ),
    usage="[--cause_biases=-10,-10] [--weights=20,20] [--effect_bias=-20] [--out=FILE]",
    examples=("", "--cause_biases=-3,-2,-1 --weights=4,5,2 --effect_bias=-4 --out=explaining-away.png"),
    define=_define,
    run=_explain,
    required=(),
)

if __name__ == "__main__":
    sys.exit(main())
