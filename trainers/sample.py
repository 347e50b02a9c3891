"""Draws samples from the run in a workdir: a picture, or arrays."""

import inspect
import os
import sys
from typing import Any

import numpy as np
from absl import flags

from tfdgm.core.loading import load_tensorflow
from trainers import command_line


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command_line.run(_COMMAND, argv)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_string("workdir", None, "folder of a trained run", flag_values=values)
    flags.DEFINE_integer("num", 16, "number of samples", lower_bound=1, flag_values=values)
    flags.DEFINE_integer(
        "seed", 0, "seed of the first sample; sample i depends on seed + i alone", lower_bound=0, flag_values=values
    )
    flags.DEFINE_integer("label", None, "class to draw from, for conditional models", lower_bound=0, flag_values=values)
    flags.DEFINE_string("out", None, "file to write: .png, a grid of images, or .npz, arrays", flag_values=values)


def _sample(values: flags.FlagValues) -> int:
    command_line.require_workdir(values.workdir)
    write = _WRITERS.get(os.path.splitext(values.out)[1])
    if not write:
        raise command_line.UsageError(f"--out is {values.out!r}; it must end in .png or .npz")
    load_tensorflow()
    import tfdgm

    model = tfdgm.load(values.workdir)
    seeds = np.arange(values.seed, values.seed + values.num, dtype=np.int64)
    conditions = {} if values.label is None else {"label": np.full(values.num, values.label, np.int32)}
    _require_sampler(model, conditions)
    os.makedirs(os.path.dirname(os.path.abspath(values.out)), exist_ok=True)
    write(model, seeds, conditions, values.out)
    print(values.out)
    return command_line.SUCCESS


def _require_sampler(model: Any, conditions: dict[str, np.ndarray]) -> None:
    if not hasattr(model, "sample"):
        raise command_line.UsageError(f"{model.name} has no sampler")
    for name in set(conditions) - set(inspect.signature(model.sample).parameters):
        raise command_line.UsageError(f"--{name} is given, and {model.name} is not conditional on it")


def _write_png(model: Any, seeds: np.ndarray, conditions: dict[str, np.ndarray], path: str) -> None:
    import tensorflow as tf

    from tfdgm.models import pictures

    tf.io.write_file(path, tf.io.encode_png(pictures.sample_grid(model, seeds, **conditions)))


def _write_npz(model: Any, seeds: np.ndarray, conditions: dict[str, np.ndarray], path: str) -> None:
    np.savez_compressed(path, samples=np.asarray(model.sample(seeds, **conditions)), seed=seeds, **conditions)


_WRITERS = {".png": _write_png, ".npz": _write_npz}

_COMMAND = command_line.Command(
    module="trainers.sample",
    script="tfdgm-sample",
    summary=(
        "Draws samples from a trained run. The same seeds give the same samples, however many are drawn at once, here "
        "and from an exported model."
    ),
    usage="--workdir=DIR --out=FILE [--num=16] [--seed=0]",
    examples=("--workdir=/tmp/digits --num=64 --out=samples.png", "--workdir=/tmp/digits --num=1000 --out=samples.npz"),
    define=_define,
    run=_sample,
    required=("workdir", "out"),
)

if __name__ == "__main__":
    sys.exit(main())
