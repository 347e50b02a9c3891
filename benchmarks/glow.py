"""What a deep Glow costs: the wait for its first step, a step, and the most memory that the process held.

python -m benchmarks.glow --num_scales=4 --num_steps=32 --num_filters=512 --side=64 --batch_size=16 --recompute

One size a process, for memory is that of the process, TensorFlow's own among it. The images are noise.
"""

import resource
import time
from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf
from absl import app, flags

from tfdgm.core.types import DataSpec
from tfdgm.models.glow import Glow

_NUM_SCALES = flags.DEFINE_integer("num_scales", 3, "L.")
_NUM_STEPS = flags.DEFINE_integer("num_steps", 32, "K, steps of flow at each scale.")
_NUM_FILTERS = flags.DEFINE_integer("num_filters", 64, "Filters of a coupling's hidden convolutions.")
_SIDE = flags.DEFINE_integer("side", 32, "Height and width of the colour images.")
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 8, "Images in a batch.")
_RECOMPUTE = flags.DEFINE_boolean("recompute", False, "Whether activations are worked out again from outputs.")
_NUM_TIMED = 3


def main(argv: Sequence[str]) -> None:
    """Prints a row of the table below its head."""
    del argv
    shape = (_SIDE.value, _SIDE.value, 3)
    model = Glow(
        DataSpec(shape, dtype="uint8", domain="uint8", num_levels=256),
        num_scales=_NUM_SCALES.value,
        num_steps=_NUM_STEPS.value,
        num_filters=_NUM_FILTERS.value,
        recompute=_RECOMPUTE.value,
    )
    model.compile(keras.optimizers.Adam(1e-5))
    x = np.random.default_rng(0).integers(0, 256, (_BATCH_SIZE.value, *shape)).astype(np.uint8)
    batches = tf.data.Dataset.from_tensors({"x": x}).repeat()
    initialization = _seconds(lambda: model.ensure_initialized(batches))
    step, iterator = model.make_train_function(), iter(batches)
    losses = []

    def run() -> None:
        losses.append(float(np.mean(step(iterator)["bits_per_dim"])))

    first, times = _seconds(run), [_seconds(run) for _ in range(_NUM_TIMED)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    print(
        "| L | K | filters | images | recompute | initialization, s | first step, s | step, s | peak, MiB | bits/dim |"
    )
    print("| ---: | ---: | ---: | --- | --- | ---: | ---: | ---: | ---: | ---: |")
    print(
        f"| {_NUM_SCALES.value} | {_NUM_STEPS.value} | {_NUM_FILTERS.value} | {_BATCH_SIZE.value} of {shape} |"
        f" {_RECOMPUTE.value} | {initialization:.1f} | {first:.1f} | {np.median(times):.2f} | {peak:,.0f} |"
        f" {losses[-1]:.3f} |"
    )


def _seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


if __name__ == "__main__":
    app.run(main)
