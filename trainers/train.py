"""Trains a preset in a workdir; the same command again goes on where it stopped."""

import sys

from absl import flags

from tfdgm.core.loading import load_tensorflow
from tfdgm.training.cluster import check_cluster
from trainers import command_line
from trainers.training_measures import measure_maker


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command_line.run(_COMMAND, argv)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_string(
        "workdir", None, "folder of the run: config.json, checkpoints, metrics.jsonl, pictures", flag_values=values
    )
    flags.DEFINE_enum(
        "strategy",
        "default",
        ["default", "mirrored", "multi_worker", "tpu"],
        "how devices share the work: one device; all local ones; all workers of a cluster; a TPU",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "cluster",
        "tf_config",
        ["tf_config", "slurm", "kubernetes"],
        "what says who the workers are: TF_CONFIG (trainers.launch_local sets it); srun; labels of pods",
        flag_values=values,
    )
    flags.DEFINE_string("tpu", "", "name or grpc:// address of the TPU (else the environment's)", flag_values=values)
    command_line.define_manual_dir(values)


def _train(values: flags.FlagValues) -> int:
    check_cluster(values.strategy, values.cluster, values.tpu)
    load_tensorflow()
    from tfdgm.training import run

    try:
        run.train(
            values.config,
            values.workdir,
            strategy=values.strategy,
            cluster=values.cluster,
            tpu=values.tpu,
            manual_dir=values.manual_dir,
            make_measure=measure_maker(values.manual_dir),
        )
    except run.NonFiniteError as error:
        print(error, file=sys.stderr)
        return command_line.NON_FINITE
    except run.LostWorkerError as error:
        print(f"{error}; start all workers again, and the run goes on from its last checkpoint", file=sys.stderr)
        return command_line.LOST_WORKER
    return command_line.SUCCESS


_COMMAND = command_line.Command(
    module="trainers.train",
    script="tfdgm-train",
    summary=(
        "Trains a preset and keeps everything about the run in one folder. The same command on the same folder "
        "goes on exactly where the run stopped, however it stopped."
    ),
    usage="--config=<model>:<dataset>[:<argument>] --workdir=DIR [--config.<field>=<value> ...]",
    examples=(
        "--list",
        "--config=vae:digits:smoke --workdir=/tmp/digits",
        "--config=vae:digits --config.model.latent_dim=8 --config.seed=1 --workdir=/tmp/digits8",
        "--config=vae:folder --config.data.path=photos --workdir=/tmp/photos",
        "--config=vae:mnist --help",
    ),
    define=_define,
    run=_train,
    takes_config=True,
)

if __name__ == "__main__":
    sys.exit(main())
