"""Fidelity against variety of the run in a workdir, over truncations of its latents: a table, JSON, and a plot."""

import math
import os
import sys

from absl import flags

from tfdgm.core.loading import load_tensorflow
from trainers import command_line, extractor_training, picture_file

_TRUNCATIONS = ["0.1", "0.2", "0.4", "0.6", "0.8", "1", "1.5", "2", "none"]
_METRICS = ["fid", "is", "precision", "recall", "coverage", "class_accuracy"]


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command_line.run(_COMMAND, argv)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_string(
        "workdir", None, "folder of a trained run; truncation-sweep.json is written there", flag_values=values
    )
    flags.DEFINE_list(
        "truncations", _TRUNCATIONS, "limits of |z|, each above 0; none is without one", flag_values=values
    )
    flags.DEFINE_list("metrics", _METRICS, "figures of samples, as of trainers.evaluate", flag_values=values)
    command_line.define_manual_dir(values)
    extractor_training.define(values)
    flags.DEFINE_string("out", None, "plot to write, .png", flag_values=values)


def _sweep(values: flags.FlagValues) -> int:
    picture_file.require_png(values.out)
    command_line.require_workdir(values.workdir)
    truncations = [_limit(text) for text in values.truncations]
    load_tensorflow()
    from tfdgm.evaluation import plots, truncation_sweep

    points = truncation_sweep.sweep(
        values.workdir,
        truncations,
        metrics=values.metrics,
        **extractor_training.options(values),
    )
    print(truncation_sweep.table(points))
    print(os.path.join(values.workdir, truncation_sweep.SWEEP))
    if values.out:
        plots.panel_plot(values.out, truncation_sweep.panels(points), num_columns=2)
        print(values.out)
    return command_line.SUCCESS


def _limit(text: str) -> float:
    try:
        limit = math.inf if text == "none" else float(text)
    except ValueError:
        limit = math.nan
    if not limit > 0.0:
        raise command_line.UsageError(f"--truncations has {text!r}; each must be a number above 0, or none")
    return limit


_COMMAND = command_line.Command(
    module="trainers.truncation_sweep",
    script="tfdgm-truncation-sweep",
    summary=(
        "Figures of samples whose latents stay within one truncation after another, of the same seeds, against the "
        "validation split: less is truer and less varied. For BigGAN. Choose a truncation here, not on the test split."
    ),
    usage="--workdir=DIR [--truncations=0.5,1,none] [--out=FILE]",
    examples=(
        "--workdir=/tmp/biggan --out=sweep.png",
        "--workdir=/tmp/biggan --truncations=0.5,1,none --metrics=fid,prdc",
    ),
    define=_define,
    run=_sweep,
)

if __name__ == "__main__":
    sys.exit(main())
