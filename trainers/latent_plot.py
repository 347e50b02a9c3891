"""The latents of a run with two of them, as points in the colours of the classes."""

import sys

from absl import flags

from tfdgm.core.loading import load_tensorflow
from trainers import command_line, picture_file


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command_line.run(_COMMAND, argv)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_string("workdir", None, "folder of a run with two latents and an encoder", flag_values=values)
    flags.DEFINE_enum("split", "test", ["test", "validation", "train"], "which examples", flag_values=values)
    flags.DEFINE_string("manual_dir", "", "folder of raw data files", flag_values=values)
    flags.DEFINE_string("out", None, "plot to write, .png", flag_values=values)


def _plot(values: flags.FlagValues) -> int:
    command_line.require_workdir(values.workdir)
    picture_file.require_png(values.out)
    load_tensorflow()
    from tfdgm.evaluation import latent_plot, plots

    points, labels = latent_plot.latent_points(values.workdir, split=values.split, manual_dir=values.manual_dir)
    plots.line_plot(
        values.out,
        latent_plot.by_class(points, labels),
        x_label="first latent",
        y_label="second latent",
        title=f"one z of q(z|x) for each of {len(points):,} examples",
    )
    print(values.out)
    return command_line.SUCCESS


_COMMAND = command_line.Command(
    module="trainers.latent_plot",
    script="tfdgm-latent-plot",
    summary="Where a run with two latents puts the examples of a split, in the colours of their classes.",
    usage="--workdir=DIR --out=FILE [--split=test|validation|train] [--manual_dir=DIR]",
    examples=("--workdir=runs/aae-digits-plane --out=latents.png",),
    define=_define,
    run=_plot,
    required=("workdir", "out"),
)

if __name__ == "__main__":
    sys.exit(main())
