"""JSD and W_1 of sets that share no point, exactly and as a discriminator and a critic see them."""

import sys
from functools import partial
from typing import Any

from absl import flags

from tfdgm.core.loading import load_tensorflow
from trainers import command_line, picture_file

_LINES = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
_NOISE = (0.0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
_SHIFTS = (0, 1, 2, 3, 4)
_STEPS_AT_ONCE = 50  # as in `tfdgm.evaluation.opponents`, which loads TensorFlow
_EARLY = 100  # steps


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command_line.run(_COMMAND, argv)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_integer(
        "num_steps", 1000, f"of each opponent; a multiple of {_STEPS_AT_ONCE} above {_EARLY}", flag_values=values
    )
    flags.DEFINE_integer("seed", 0, "of weights, points and noise", lower_bound=0, flag_values=values)
    flags.DEFINE_string("out", None, "plot to write, .png", flag_values=values)


def _compare(values: flags.FlagValues) -> int:
    picture_file.require_png(values.out)
    if values.num_steps <= _EARLY or values.num_steps % _STEPS_AT_ONCE:
        raise command_line.UsageError(
            f"--num_steps is {values.num_steps}; it must be a multiple of {_STEPS_AT_ONCE} above {_EARLY}"
        )
    load_tensorflow()
    from tfdgm.evaluation import disjoint_supports, disjoint_supports_report, plots

    stages = (_EARLY, values.num_steps)
    panels = []
    for title, t_label, w_label, make_pair, ts, opponents in _cases(values.seed):
        rows = disjoint_supports.measurements(make_pair, ts, opponents, stages)
        print(disjoint_supports_report.table(title, rows, stages) + "\n", flush=True)
        panels += disjoint_supports_report.panels(title, t_label, w_label, rows, stages)
    if values.out:
        plots.panel_plot(values.out, panels, num_columns=3)
        print(values.out)
    return command_line.SUCCESS


def _cases(seed: int) -> list[tuple[Any, ...]]:
    from tfdgm.evaluation import disjoint_supports, opponents

    train, held_out = _digits()
    of_points, of_images = (
        {kind: opponents.opponent(kind, num_dims, sizes, seed) for kind in opponents.KINDS}
        for num_dims, sizes in ((2, (64, 64)), (train[0].size, (128, 128)))
    )
    images = {"train": train, "held_out": held_out}
    line = partial(disjoint_supports.line_pair, seed=seed)
    noise = partial(disjoint_supports.noise_pair, seed=seed, **images)
    shift = partial(disjoint_supports.shift_pair, **images)
    return [
        ("two lines", "t, from line to line", "length", line, _LINES, of_points),
        ("digits and noise", "t, share of noise", "grey values", noise, _NOISE, of_images),
        ("digits, moved", "t, pixels", "grey values", shift, _SHIFTS, of_images),
    ]


def _digits() -> list[Any]:
    from tfdgm.configs import DataConfig
    from tfdgm.data import open_data
    from tfdgm.data.pipelines import eval_batches

    data = open_data(DataConfig(name="digits", domain="unit"))
    return [
        next(iter(eval_batches(data, split, batch_size=data.splits[split].num_examples, seed=0)))["x"].numpy()
        for split in ("train", "validation")
    ]


_COMMAND = command_line.Command(
    module="trainers.compare_distances",
    script="tfdgm-compare-distances",
    summary=(
        "Where two sets share no point, the Jensen-Shannon divergence is log 2 however near they are, and the "
        "Wasserstein distance falls as they draw near: two parallel lines, digits with noise, and digits moved aside; "
        "exactly, and as a discriminator and a critic see it that are trained on them, with the gradients that a "
        "generator would get."
    ),
    usage="[--num_steps=1000] [--seed=0] [--out=FILE]",
    examples=("", "--out=distances.png"),
    define=_define,
    run=_compare,
    required=(),
)

if __name__ == "__main__":
    sys.exit(main())
