"""What an optimizer costs by itself: Adam by Keras' operations and by one kernel a variable, on a preset's weights.

python -m benchmarks.adam --config=nsf:bsds300 --manual_dir=DIR
"""

import statistics
import time
from collections.abc import Sequence

import keras
import tensorflow as tf
from absl import app, flags

from tfdgm.configs import get_config
from tfdgm.data import open_data
from tfdgm.models.registry import build_from_config
from tfdgm.training.fused_adam import FusedAdam

_CONFIG = flags.DEFINE_string("config", "vae:digits", "Preset whose trainable weights to move.")
_MANUAL_DIR = flags.DEFINE_string("manual_dir", "", "Folder of raw data files.")

_NUM_STEPS = 50


def main(argv: Sequence[str]) -> None:
    """Prints milliseconds a step, the median of fifty."""
    del argv
    config = get_config(_CONFIG.value)
    data = open_data(config.data, manual_dir=_MANUAL_DIR.value)
    weights = build_from_config(config.model, data.spec, seed=config.seed).trainable_variables
    gradients = [tf.random.stateless_normal(weight.shape, [0, i]) for i, weight in enumerate(weights)]
    print(f"{_CONFIG.value}: {sum(int(tf.size(each)) for each in gradients):,} weights in {len(weights)} variables")
    for kind in (keras.optimizers.Adam, FusedAdam):
        optimizer = kind(1e-3)
        optimizer.build(weights)
        step = tf.function(lambda apply=optimizer.apply: apply(gradients, weights), autograph=False)
        step()
        seconds = []
        for _ in range(_NUM_STEPS):
            start = time.perf_counter()
            step()
            seconds.append(time.perf_counter() - start)
        print(f"{kind.__name__}: {1e3 * statistics.median(seconds):.2f} ms a step")


if __name__ == "__main__":
    app.run(main)
