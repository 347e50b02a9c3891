"""What a training step of a preset needs on other machines: parameters, FLOPs, memory and communication by replicas."""

import sys

from absl import flags

from tfdgm.core.loading import load_tensorflow
from trainers import command_line


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command_line.run(_COMMAND, argv)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_list(
        "replicas",
        "",
        "numbers of replicas, as in 1,4,16 (else those of 1, 8, 32, 128 and 512 that can share the batch)",
        flag_values=values,
    )


def _estimate(values: flags.FlagValues) -> int:
    replicas = _numbers(values.replicas)
    load_tensorflow()
    from tfdgm.data.opening import declared_spec
    from tfdgm.training.estimate import estimate_step
    from tfdgm.training.estimate_report import report
    from tfdgm.training.run import check

    check(values.config.training)
    estimate = estimate_step(values.config, declared_spec(values.config.data), replicas)
    print(report(values.config.preset, estimate))
    return command_line.SUCCESS


def _numbers(words: list[str]) -> list[int]:
    for word in words:
        if not word.strip().isdecimal() or int(word) < 1:
            raise command_line.UsageError(
                f"--replicas has {word!r}; it must be whole numbers from 1, separated by commas, as in 1,4,16"
            )
    return sorted({int(word) for word in words})


_COMMAND = command_line.Command(
    module="trainers.estimate",
    script="tfdgm-estimate",
    summary=(
        "Says what a training step of a preset needs on machines that are not here: parameters, FLOPs, memory and "
        "communication for several numbers of replicas, read off the built model and its traced step. Nothing is run, "
        "and the data need not be there."
    ),
    usage="--config=<model>:<dataset>[:<argument>] [--replicas=1,8] [--config.<field>=<value>]",
    examples=(
        "--config=biggan:imagenet128",
        "--config=biggan:imagenet128 --config.model.num_accumulations=8 --replicas=8,16",
        "--config=glow:digits --config.training.batch_size=4096",
    ),
    define=_define,
    run=_estimate,
    required=(),
    takes_config=True,
)

if __name__ == "__main__":
    sys.exit(main())
