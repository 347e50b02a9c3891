"""A run's pictures by step: an animation, or a strip."""

import os
import sys

from absl import flags

from trainers import command_line

_LEAST_MILLISECONDS = 10  # the format's unit


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command_line.run(_COMMAND, argv)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_string("workdir", None, "folder of a run", flag_values=values)
    flags.DEFINE_string("out", None, "file to write: .gif, an animation, or .png, a strip", flag_values=values)
    flags.DEFINE_string("kind", "samples", "which pictures, such as samples or reconstructions", flag_values=values)
    flags.DEFINE_integer(
        "max_frames", 0, "at most so many, spread evenly over the steps; 0 takes all", lower_bound=0, flag_values=values
    )
    flags.DEFINE_list(
        "phases",
        None,
        "names of phases, or beginnings of names: of each such phase its last picture alone, the name above it",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "num_rows", 0, "of each sheet of images its first rows alone; 0 takes all", lower_bound=0, flag_values=values
    )
    flags.DEFINE_integer("num_columns", 0, ".png: frames a row; 0 puts all in one", lower_bound=0, flag_values=values)
    flags.DEFINE_integer(
        "milliseconds", 300, ".gif: how long each is seen", lower_bound=_LEAST_MILLISECONDS, flag_values=values
    )


def _animate(values: flags.FlagValues) -> int:
    suffix = os.path.splitext(values.out)[1]
    if suffix not in (".gif", ".png"):
        raise command_line.UsageError(f"--out is {values.out!r}; it must end in .gif or .png")
    command_line.require_workdir(values.workdir)
    from tfdgm.evaluation import animation

    steps, frames = animation.frames(
        values.workdir, values.kind, values.max_frames, phases=values.phases or (), num_rows=values.num_rows
    )
    if suffix == ".gif":
        animation.write_gif(values.out, frames, values.milliseconds)
    else:
        animation.write_strip(values.out, frames, values.num_columns)
    print(f"{len(steps)} pictures of {values.kind}, steps {steps[0]:,} to {steps[-1]:,}")
    print(values.out)
    return command_line.SUCCESS


_COMMAND = command_line.Command(
    module="trainers.animate",
    script="tfdgm-animate",
    summary=(
        "The pictures that training left in a run's folder, in the order of its steps, the step written above each: "
        "an endless animation (.gif) or all side by side (.png). The run may still be going on."
    ),
    usage="--workdir=DIR --out=FILE [--kind=samples] [--max_frames=N]",
    examples=(
        "--workdir=/tmp/mixture --out=samples.gif",
        "--workdir=/tmp/digits --kind=reconstructions --max_frames=6 --out=strip.png",
        "--workdir=/tmp/faces --phases=stabilize --num_rows=1 --num_columns=1 --out=growth.png",
    ),
    define=_define,
    run=_animate,
    required=("workdir", "out"),
)

if __name__ == "__main__":
    sys.exit(main())
