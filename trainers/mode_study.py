"""Which objectives miss modes and which cover them: one small generator under each, all figures by integration."""

import os
import sys
from typing import Any

from absl import flags

from tfdgm.core.loading import load_tensorflow
from trainers import command_line

_STEPS_AT_ONCE = 50  # as in `tfdgm.evaluation.mode_fits`, which loads TensorFlow
_TARGETS = ("gaussian", "line", "ring")  # as in `tfdgm.evaluation.mode_targets`, which does too


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command_line.run(_COMMAND, argv)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_list("targets", list(_TARGETS), f"of {', '.join(_TARGETS)}", flag_values=values)
    flags.DEFINE_integer(
        "num_steps",
        1500,
        f"of the generator in each training, a multiple of {_STEPS_AT_ONCE}",
        lower_bound=_STEPS_AT_ONCE,
        flag_values=values,
    )
    flags.DEFINE_integer("num_seeds", 3, "trainings of each objective", lower_bound=1, flag_values=values)
    flags.DEFINE_integer("seed", 0, "the first, of weights, data and noise", lower_bound=0, flag_values=values)
    flags.DEFINE_string("out", None, "folder for the JSON and the pictures of each target", flag_values=values)


def _study(values: flags.FlagValues) -> int:
    if values.num_steps % _STEPS_AT_ONCE:
        raise command_line.UsageError(f"--num_steps is {values.num_steps}; it must be a multiple of {_STEPS_AT_ONCE}")
    unknown = [name for name in values.targets if name not in _TARGETS]
    if unknown or not values.targets:
        raise command_line.UsageError(f"--targets is {','.join(values.targets)!r}; take some of {', '.join(_TARGETS)}")
    load_tensorflow()
    from tfdgm.evaluation import mode_study, mode_study_report, mode_targets
    from tfdgm.evaluation.mode_fits import OBJECTIVES
    from tfdgm.evaluation.progress import Progress

    seeds = range(values.seed, values.seed + values.num_seeds)
    with Progress("trainings", len(values.targets) * len(OBJECTIVES) * len(seeds), unit="training") as progress:
        for name in values.targets:
            target = mode_targets.TARGETS[name]
            fits = mode_study.fits(target, list(OBJECTIVES), values.num_steps, seeds, lambda: progress.update(1))
            print("\n" + mode_study_report.table(target, fits) + "\n", flush=True)
            if values.out:
                _write(os.path.join(values.out, f"mode-study-{name}"), values.num_steps, target, fits)
    return command_line.SUCCESS


def _write(path: str, num_steps: int, target: Any, fits: list[Any]) -> None:
    """JSON, densities and divergences; `path` is what the three files' names begin with."""
    import json
    import pathlib

    from tfdgm.evaluation import mode_study_report, plots
    from tfdgm.workdir.files import write_atomically

    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    content = {"num_steps": num_steps, **mode_study_report.content(target, fits)}
    json_path, density_path, divergence_path = path + ".json", path + ".png", path + "-divergences.png"
    write_atomically(pathlib.Path(json_path), json.dumps(content, indent=2, allow_nan=False) + "\n")
    mode_study_report.density_plot(density_path, target, fits)
    plots.panel_plot(divergence_path, [mode_study_report.divergence_panel(target, fits)])
    print("\n".join([json_path, density_path, divergence_path]), flush=True)


_COMMAND = command_line.Command(
    module="trainers.mode_study",
    script="tfdgm-mode-study",
    summary=(
        "Which objectives miss modes and which cover them: the same small generator, from the same weights and for as "
        "many steps, under KL(data||model), KL(model||data), JSD, W_1, GAN, IWGAN, VAE, AAVAE and VAE/GAN. Modes "
        "covered, mass between them, both KLs, JSD and W_1 by numerical integration of the generator's own density."
    ),
    usage="[--targets=NAME,NAME] [--num_steps=1500] [--num_seeds=3] [--seed=0] [--out=FOLDER]",
    examples=("", "--out=mode-study", "--targets=line --num_steps=3000 --num_seeds=1"),
    define=_define,
    run=_study,
    required=(),
)

if __name__ == "__main__":
    sys.exit(main())
