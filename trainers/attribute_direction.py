"""Moves examples of one class towards another along the line between the classes' mean codes."""

import sys

from absl import flags

from tfdgm.core.loading import load_tensorflow
from trainers import command_line, picture_file

_AMOUNTS = (-0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 1.25)


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command_line.run(_COMMAND, argv)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_string("workdir", None, "folder of a trained flow on labelled images", flag_values=values)
    flags.DEFINE_integer("source", None, "class that examples are of", lower_bound=0, flag_values=values)
    flags.DEFINE_integer("target", None, "class that they move towards", lower_bound=0, flag_values=values)
    flags.DEFINE_integer("num_rows", 8, "examples to move, one a row", lower_bound=1, flag_values=values)
    flags.DEFINE_integer(
        "num_examples", 2000, "training images, of all classes, to take codes of", lower_bound=1, flag_values=values
    )
    command_line.define_manual_dir(values)
    flags.DEFINE_string("out", None, "picture to write, .png", flag_values=values)


def _move(values: flags.FlagValues) -> int:
    picture_file.require_png(values.out)
    command_line.require_workdir(values.workdir)
    load_tensorflow()
    from tfdgm.data import open_data
    from tfdgm.evaluation.comparison import RealSide
    from tfdgm.models import flow_pictures
    from tfdgm.workdir.files import read_config
    from tfdgm.workdir.restore import restore_model

    config, spec = read_config(values.workdir)
    for name in ("source", "target"):
        if values[name].value >= spec.num_classes:
            raise command_line.UsageError(
                f"--{name} is {values[name].value}; {config.data.name} has {spec.num_classes} classes, from 0"
            )
    model, _ = restore_model(values.workdir)
    if not (spec.is_image and hasattr(model, "bijector")):
        raise command_line.UsageError(f"{model.name} is no flow of images; take a run of glow")
    data = open_data(config.data, manual_dir=values.manual_dir)
    real = RealSide(data, config.data.name, "validation", config.seed)
    train, held_out = (real.first(split, values.num_examples) for split in ("train", "validation"))
    by_class = [train["x"][train["label"] == label] for label in (values.source, values.target)]
    direction = flow_pictures.attribute_direction(model, *by_class)
    x = held_out["x"][held_out["label"] == values.source][: values.num_rows]
    picture_file.write(values.out, flow_pictures.attribute_grid(model, x, direction, _AMOUNTS))
    return command_line.SUCCESS


_COMMAND = command_line.Command(
    module="trainers.attribute_direction",
    script="tfdgm-attribute-direction",
    summary=(
        "Moves validation images of one class along the difference of two classes' mean codes, estimated on training "
        "images: columns by -0.5, 0 (the image itself), 0.25, 0.5, 0.75, 1 and 1.25 times the difference."
    ),
    usage="--workdir=DIR --source=LABEL --target=LABEL --out=FILE",
    examples=("--workdir=/tmp/glow --source=3 --target=8 --out=3-to-8.png",),
    define=_define,
    run=_move,
    required=("workdir", "source", "target", "out"),
)

if __name__ == "__main__":
    sys.exit(main())
