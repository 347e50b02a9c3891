"""The RBM as an infinitely deep directed net: a small one exactly, a trained one by ancestral passes and chains."""

import itertools
import os
import sys
from typing import Any

from absl import flags

from tfdgm.core.loading import load_tensorflow
from trainers import command_line, picture_file

_EXACT_DEPTH = 12
_NUM_COLUMNS = 16


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command_line.run(_COMMAND, argv)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_string(
        "workdir", None, "folder of a trained RBM; without it, the exact part alone", flag_values=values
    )
    flags.DEFINE_string("depths", "1,3,10,30,100,300,1000", "numbers of weight layers", flag_values=values)
    flags.DEFINE_integer("num", 500, "ancestral passes a depth, and chains", lower_bound=2, flag_values=values)
    flags.DEFINE_integer("num_sweeps", 5000, "Gibbs sweeps of the chains", lower_bound=1, flag_values=values)
    flags.DEFINE_integer("seed", 0, "of the small RBM, and of the first pass", lower_bound=0, flag_values=values)
    flags.DEFINE_string("out", None, "picture to write, .png: a row a depth, then the chains", flag_values=values)


def _unroll(values: flags.FlagValues) -> int:
    depths = _depths(values.depths)
    picture_file.require_png(values.out)
    if values.workdir:
        _require_run(values.workdir)
    elif values.out:
        raise command_line.UsageError("--out is given without --workdir; the picture shows a trained RBM's fantasies")
    load_tensorflow()
    model = _load(values.workdir) if values.workdir else None
    from tfdgm.evaluation import infinite_depth

    print(f"RBM of 4 visible and 3 hidden units, weights by seed {values.seed}, enumerated:")
    print(infinite_depth.table(infinite_depth.small_harmonium(values.seed), _EXACT_DEPTH))
    if model:
        _compare(model, depths, values)
    return command_line.SUCCESS


def _require_run(workdir: str) -> None:
    if not os.path.isfile(os.path.join(workdir, "config.json")):
        raise command_line.UsageError(
            f"--workdir is {workdir!r}, which has no config.json; "
            f"first train there: python -m trainers.train --config=rbm:digits --workdir={workdir}"
        )


def _load(workdir: str) -> Any:
    import tfdgm
    from tfdgm.evaluation import fantasies

    model = tfdgm.load(workdir)
    try:
        fantasies.require_binary_rbm(model)
    except ValueError as error:
        raise command_line.UsageError(f"--workdir is {workdir!r}: {error}") from None
    return model


def _compare(model: Any, depths: list[int], values: flags.FlagValues) -> None:
    import tensorflow as tf

    from tfdgm.evaluation import fantasies

    seeds = tf.range(values.seed, values.seed + values.num, dtype=tf.int64)
    rows = [
        *fantasies.by_ancestral_passes(model, depths, seeds),
        fantasies.by_chains(model, values.num_sweeps, seeds),
    ]
    draws, exact_means = fantasies.by_enumeration(model, seeds) or (None, None)
    if draws:
        rows.append(draws)
    print(f"\nRBM of {values.workdir}, {values.num} ancestral passes a depth, chains of {values.num_sweeps} sweeps:")
    print(fantasies.table(rows, exact_means))
    if values.out:
        picture_file.write(values.out, fantasies.picture(model, rows, min(values.num, _NUM_COLUMNS)))


def _depths(text: str) -> list[int]:
    depths = [int(number) if number.strip().isdecimal() else 0 for number in text.split(",")]
    if depths[0] < 1 or any(low >= high for low, high in itertools.pairwise(depths)):
        raise command_line.UsageError(
            f"--depths is {text!r}; it must be whole numbers from 1 up, each larger than the last, such as 1,10,100"
        )
    return depths


_COMMAND = command_line.Command(
    module="trainers.infinite_depth",
    script="tfdgm-infinite-depth",
    summary=(
        "An RBM is an infinitely deep directed net whose layers share their weights (Hinton, Osindero & Teh 2006, "
        "section 3). Cuts such nets off at growing depths: for a small RBM by enumeration, with the rates that theory "
        "names, and for a trained one by ancestral passes beside the RBM's own Gibbs chains."
    ),
    usage="[--workdir=DIR] [--depths=1,3,10,30,100,300,1000] [--out=FILE]",
    examples=("", "--workdir=/tmp/rbm --depths=1,10,100,1000 --out=infinite-depth.png"),
    define=_define,
    run=_unroll,
    required=(),
)

if __name__ == "__main__":
    sys.exit(main())
