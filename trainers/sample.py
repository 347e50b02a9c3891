"""Draws samples from the run in a workdir: a picture, or arrays."""

import inspect
import os
import sys
from typing import Any

import numpy as np
from absl import flags

from tfdgm.core.loading import load_tensorflow
from trainers import command_line, picture_file


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
    flags.DEFINE_float(
        "truncation", None, "latents stay within it, for BigGAN; less is truer and less varied", 0.0, flag_values=values
    )
    flags.DEFINE_string(
        "kind",
        "samples",
        ".png: which picture; besides samples those that a model has, such as classes, class_interpolations of BigGAN, "
        "codes, code_sweeps of InfoGAN and temperatures of Glow",
        flag_values=values,
    )
    flags.DEFINE_string("out", None, "file to write: .png, a grid of images, or .npz, arrays", flag_values=values)


def _sample(values: flags.FlagValues) -> int:
    command_line.require_workdir(values.workdir)
    suffix = os.path.splitext(values.out)[1]
    write = _WRITERS.get(suffix)
    if not write:
        raise command_line.UsageError(f"--out is {values.out!r}; it must end in .png or .npz")
    conditions = _conditions(values)
    if values.kind != "samples" and (suffix != ".png" or conditions):
        raise command_line.UsageError(
            f"--kind is {values.kind!r}, which is a .png picture without --label and --truncation; samples take them"
        )
    load_tensorflow()
    import tfdgm
    from tfdgm.models import pictures

    model = tfdgm.load(values.workdir)
    seeds = np.arange(values.seed, values.seed + values.num, dtype=np.int64)
    _require_sampler(model, conditions)
    if values.kind != "samples":
        picture_file.write(values.out, pictures.seeded_grid(model, values.kind, seeds))
        return command_line.SUCCESS
    os.makedirs(os.path.dirname(os.path.abspath(values.out)), exist_ok=True)
    write(model, seeds, conditions, values.out)
    print(values.out)
    return command_line.SUCCESS


def _conditions(values: flags.FlagValues) -> dict[str, np.ndarray]:
    """What samples are asked to be, as arrays [num]."""
    dtypes = {"label": np.int32, "truncation": np.float32}
    given = {name: values[name].value for name in dtypes}
    return {name: np.full(values.num, value, dtypes[name]) for name, value in given.items() if value is not None}


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
