"""A metric of several runs by training step: a table, and one plot."""

import os
import sys

from absl import flags

from tfdgm.core.loading import load_tensorflow
from trainers import command_line, picture_file

_SPECTRA = "singular_values"


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command_line.run(_COMMAND, argv)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_list("workdirs", None, "folders of runs, separated by commas", flag_values=values)
    flags.DEFINE_string(
        "metric",
        None,
        f"a name in metrics.jsonl, such as val_elbo; or {_SPECTRA}, of all kernels of a run of biggan",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "best", None, ["max", "min"], "which value is best (default: min for a loss, else max)", flag_values=values
    )
    flags.DEFINE_string("out", None, "plot to write, .png", flag_values=values)


def _show(values: flags.FlagValues) -> int:
    picture_file.require_png(values.out)
    _require_runs(values.workdirs)
    if values.metric == _SPECTRA:
        return _show_spectra(values)
    load_tensorflow()
    from tfdgm.evaluation import learning_curves, plots

    curves = learning_curves.read(values.workdirs, values.metric)
    mode = values.best or ("min" if "loss" in values.metric else "max")
    print(f"{values.metric} by training step")
    print(learning_curves.table(curves, mode))
    if values.out:
        plots.line_plot(values.out, learning_curves.to_plot(curves), x_label="step", y_label=values.metric)
        print(values.out)
    return command_line.SUCCESS


def _show_spectra(values: flags.FlagValues) -> int:
    """Of each run a table, a verdict on either player, and a row of panels for each."""
    if values.best:
        raise command_line.UsageError(f"--best is {values.best!r}, and {_SPECTRA} have none; leave it out")
    load_tensorflow()
    from tfdgm.evaluation import plots, spectra_report

    runs = [spectra_report.read(workdir) for workdir in values.workdirs]
    print("\n\n".join(map(spectra_report.table, runs)))
    if values.out:
        panels = [panel for run in runs for panel in spectra_report.panels(run)]
        plots.panel_plot(values.out, panels, num_columns=2)
        print(values.out)
    return command_line.SUCCESS


def _require_runs(workdirs: list[str]) -> None:
    for workdir in workdirs:
        if not os.path.isfile(os.path.join(workdir, "config.json")):
            raise command_line.UsageError(
                f"--workdirs names {workdir!r}, which has no config.json; it must be the folder of a run"
            )
    twice = [workdir for workdir in workdirs if workdirs.count(workdir) > 1]
    if twice:
        raise command_line.UsageError(f"--workdirs names {twice[0]!r} more than once")


_COMMAND = command_line.Command(
    module="trainers.learning_curves",
    script="tfdgm-learning-curves",
    summary=(
        "A metric of one or more runs by training step, of any model: last value, best value and its step, from the "
        "metrics.jsonl that each run wrote, and one plot of all. Of runs of biggan also the singular values of all "
        "kernels, and whether they say that training has collapsed. Runs may still be going on."
    ),
    usage="--workdirs=DIR,DIR --metric=NAME [--best=max|min] [--out=FILE]",
    examples=(
        "--workdirs=runs/vae-mnist --metric=val_elbo",
        "--workdirs=runs/helmholtz,runs/nvil --metric=val_iwae_bound --out=curves.png",
        f"--workdirs=runs/biggan --metric={_SPECTRA} --out=spectra.png",
    ),
    define=_define,
    run=_show,
    required=("workdirs", "metric"),
)

if __name__ == "__main__":
    sys.exit(main())
