"""A critic's estimate while it trains, beside the exact Wasserstein distance."""

import sys
from typing import Any

from absl import flags

from tfdgm.core.loading import load_tensorflow
from trainers import command_line, picture_file


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command_line.run(_COMMAND, argv)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_list(
        "presets", ["wgan_gp:mixture25", "wgan:mixture25"], "models with a critic, to train", flag_values=values
    )
    flags.DEFINE_integer("num_steps", 3000, "of each training", lower_bound=1, flag_values=values)
    flags.DEFINE_integer(
        "every", 250, "steps between looks; num_steps is a multiple of it", lower_bound=1, flag_values=values
    )
    flags.DEFINE_integer("num_points", 500, "real and generated points of a look", lower_bound=1, flag_values=values)
    flags.DEFINE_integer("seed", 0, "of weights, noise and the order of examples", lower_bound=0, flag_values=values)
    command_line.define_manual_dir(values)
    flags.DEFINE_string("out", None, "plot to write, .png", flag_values=values)


def _follow(values: flags.FlagValues) -> int:
    import tfdgm

    picture_file.require_png(values.out)
    if values.num_steps % values.every:
        raise command_line.UsageError(
            f"--num_steps is {values.num_steps}; it must be a multiple of --every, {values.every}"
        )
    configs = {preset: tfdgm.get_config(preset) for preset in values.presets}
    for preset, config in configs.items():
        if not hasattr(config.model, "num_critic_steps"):
            raise command_line.UsageError(
                f"--presets names {preset!r}, which has no critic; take one of wgan or wgan_gp"
            )
    load_tensorflow()
    from tfdgm.evaluation import critic_curve_report, plots

    curves = []
    for preset, config in configs.items():
        curves.append(_curve(preset, config, values))
        print(critic_curve_report.table(curves[-1]) + "\n", flush=True)
    if values.out:
        plots.panel_plot(values.out, critic_curve_report.panels(curves), num_columns=2)
        print(values.out)
    return command_line.SUCCESS


def _curve(preset: str, config: Any, values: flags.FlagValues) -> Any:
    """Trains as `trainers.train` would for so many steps, rates' schedules and all, without a folder."""
    import math

    import keras

    from tfdgm.data import open_data
    from tfdgm.evaluation import critic_curve
    from tfdgm.models.registry import build_from_config
    from tfdgm.training.determinism import deterministic_operations
    from tfdgm.training.optimizers import make_optimizers

    data = open_data(config.data, manual_dir=values.manual_dir)
    keras.utils.set_random_seed(values.seed)
    model = build_from_config(config.model, data.spec, seed=values.seed)
    together = math.gcd(config.training.steps_per_execution, values.every)
    model.compile(make_optimizers(config.optimizers, model, values.num_steps), steps_per_execution=together)
    with deterministic_operations(config.training.deterministic):
        return critic_curve.follow(
            model,
            data,
            name=preset,
            num_steps=values.num_steps,
            every=values.every,
            batch_size=config.training.batch_size,
            num_points=values.num_points,
            seed=values.seed,
        )


_COMMAND = command_line.Command(
    module="trainers.critic_against_exact",
    script="tfdgm-critic-against-exact",
    summary=(
        "Trains Wasserstein GANs and looks at both players every few steps: what the critic tells apart, how steep it "
        "is, and W_1 between real and generated points by exact assignment. What it tells apart, over its largest "
        "slope, is at most W_1; how far below says how good a critic it is."
    ),
    usage="[--presets=NAME,NAME] [--num_steps=3000] [--every=250] [--out=FILE]",
    examples=("--out=critics.png", "--presets=wgan_gp:mixture25 --num_steps=10000 --every=1000"),
    define=_define,
    run=_follow,
    required=(),
)

if __name__ == "__main__":
    sys.exit(main())
