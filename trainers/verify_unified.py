"""The identities that make GAN, VAE and wake-sleep one, checked on random finite models; exit code 1 if one fails."""

import sys

from absl import flags

from tfdgm.core.loading import load_tensorflow
from trainers import command_line


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command_line.run(_COMMAND, argv)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_integer("num_models", 200, "random models to check on", lower_bound=1, flag_values=values)
    flags.DEFINE_integer("seed", 0, "of the models", lower_bound=0, flag_values=values)


def _verify(values: flags.FlagValues) -> int:
    load_tensorflow()
    from tfdgm.evaluation import unified_report

    results = unified_report.verify(values.num_models, values.seed)
    print(unified_report.table(results))
    return command_line.SUCCESS if all(result.passed for result in results) else command_line.FAILURE


_COMMAND = command_line.Command(
    module="trainers.verify_unified",
    script="tfdgm-verify-unified",
    summary=(
        "Checks the unified view of Hu, Yang, Salakhutdinov & Xing (2018) on random finite models in float64: losses, "
        "and their gradients by autodiff, against closed forms. Prints the largest error of each identity over the "
        "models and, of what holds at one point only, the smallest difference elsewhere; exit code 1 if one fails."
    ),
    usage="[--num_models=200] [--seed=0]",
    examples=("--num_models=2000 --seed=1",),
    define=_define,
    run=_verify,
    required=(),
)

if __name__ == "__main__":
    sys.exit(main())
