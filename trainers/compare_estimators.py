"""Gradient estimators side by side on models small enough to enumerate: bias, variance, and both while they learn."""

import sys

from absl import flags

from tfdgm.core.loading import load_tensorflow
from trainers import command_line, picture_file

MAX_VISIBLE, MAX_HIDDEN = 6, 4


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command_line.run(_COMMAND, argv)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_integer("seed", 0, "of data and weights", lower_bound=0, flag_values=values)
    # What enumeration takes; `tfdgm.evaluation.tiny_belief_net` says the same, but loads TensorFlow.
    flags.DEFINE_integer(
        "num_visible", 5, "visible units, 2 to 6", lower_bound=2, upper_bound=MAX_VISIBLE, flag_values=values
    )
    flags.DEFINE_integer(
        "num_hidden", 3, "hidden units, 1 to 4", lower_bound=1, upper_bound=MAX_HIDDEN, flag_values=values
    )
    flags.DEFINE_string(
        "out", None, "plot to write, .png: variance and bias while the models learn", flag_values=values
    )


def _compare(values: flags.FlagValues) -> int:
    picture_file.require_png(values.out)
    load_tensorflow()
    from tfdgm.evaluation import estimator_training, gradient_estimators

    x = estimator_training.planted_data(values.seed, values.num_visible, gradient_estimators.NUM_EXAMPLES)
    run = estimator_training.boltzmann_run(values.seed, x, values.num_hidden)
    print(gradient_estimators.report(gradient_estimators.sections(values.seed, x, values.num_hidden, run)))
    if values.out:
        from tfdgm.evaluation import estimator_curves, plots

        plots.panel_plot(values.out, estimator_curves.panels(values.seed, x, values.num_hidden, run), num_columns=2)
        print(values.out)
    return command_line.SUCCESS


_COMMAND = command_line.Command(
    module="trainers.compare_estimators",
    script="tfdgm-compare-estimators",
    summary=(
        "Gradient estimators on a sigmoid belief net, an RBM and a VAE so small that all they can draw is enumerated: "
        "wake and sleep phases, reweighted wake-sleep, Gibbs, the score function with each control variate, VIMCO, CD, "
        "PCD, pathwise. Bias is relative to the norm of the gradient; variance is the trace of the covariance for one "
        "example and one set of samples."
    ),
    usage="[--seed=0] [--num_visible=5] [--num_hidden=3] [--out=FILE]",
    examples=("", "--seed=1 --num_visible=4 --num_hidden=2 --out=gradient-estimators.png"),
    define=_define,
    run=_compare,
    required=(),
)

if __name__ == "__main__":
    sys.exit(main())
