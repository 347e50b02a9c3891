"""What Boltzmann machines cost: steps of the presets, what seeding by global row adds to a Gibbs sweep, and a peer.

python -m benchmarks.boltzmann --presets=rbm:mnist,dbn:mnist,dbm:mnist --manual_dir=DIR
"""

import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
from absl import app, flags
from sklearn.neural_network import BernoulliRBM

from benchmarks import steps
from tfdgm.configs import get_config
from tfdgm.core import philox, step_rows
from tfdgm.data import eval_batches, open_data
from tfdgm.math.harmonium import Harmonium

_PRESETS = flags.DEFINE_list("presets", ["rbm:digits", "dbn:digits", "dbm:digits"], "Presets whose steps to time.")

_NUM_VISIBLE, _NUM_HIDDEN, _NUM_CHAINS = 784, 500, 100
_NUM_SWEEPS, _NUM_ROUNDS, _NUM_EXAMPLES = 20, 15, 10_000


def gibbs_noise() -> str:
    """100 chains of 784-500: a sweep of training and a sweep of sampling, each with seeds by row and stock noise."""
    rng = np.random.default_rng(0)
    kernel = tf.constant(rng.normal(0.0, 0.05, [_NUM_VISIBLE, _NUM_HIDDEN]), tf.float32)
    harmonium = Harmonium(kernel, tf.zeros([_NUM_VISIBLE]), tf.zeros([_NUM_HIDDEN]))
    v = tf.constant(rng.integers(0, 2, [_NUM_CHAINS, _NUM_VISIBLE]), tf.float32)
    seeds = tf.range(_NUM_CHAINS, dtype=tf.int64)
    width = _NUM_HIDDEN + _NUM_VISIBLE

    def training_noise(step: tf.Tensor) -> tf.Tensor:
        num_rows = tf.constant(_NUM_CHAINS)
        rows = step_rows.StepRows(0, step_rows.TRAIN, step, num_rows, tf.constant(0), num_rows)
        return rows.noise((width,), 0, "float32")

    def sampling_noise(step: tf.Tensor) -> tf.Tensor:
        return philox.row_uniform(seeds, (width,), step=step)

    def stock_noise(step: tf.Tensor) -> tf.Tensor:
        del step
        return tf.random.uniform([_NUM_CHAINS, width])

    noises = {"stock generator": stock_noise, "training, by global row": training_noise}
    noises["sampling, by row seed"] = sampling_noise
    times = _milliseconds({name: _sweeps(harmonium, v, noise) for name, noise in noises.items()})
    stock = times["stock generator"]
    lines = ["| noise of a sweep | ms | times stock |", "| --- | ---: | ---: |"]
    return "\n".join([*lines, *(f"| {name} | {value:.2f} | {value / stock:.2f} |" for name, value in times.items())])


def peer(manual_dir: str) -> str:
    """An epoch of scikit-learn's BernoulliRBM (PCD-1, no centring, float64) and of ours, of the same size."""
    data = open_data(get_config("rbm:mnist").data, manual_dir=manual_dir)
    batches = eval_batches(data, "train", batch_size=100, seed=0, num_examples=_NUM_EXAMPLES)
    x = np.concatenate([batch["x"].numpy().reshape(-1, _NUM_VISIBLE) for batch in batches])
    start = time.perf_counter()
    BernoulliRBM(n_components=_NUM_HIDDEN, batch_size=100, n_iter=1, random_state=0).fit(x)
    seconds = time.perf_counter() - start
    return f"scikit-learn BernoulliRBM, 784-500, batch 100: {1e3 * seconds / (_NUM_EXAMPLES / 100):.2f} ms a step"


def _sweeps(harmonium: Harmonium, v: tf.Tensor, noise: Callable[[tf.Tensor], tf.Tensor]) -> Callable[[], tf.Tensor]:
    @tf.function(autograph=False)
    def run() -> tf.Tensor:
        def sweep(step: tf.Tensor, v: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return step + 1, harmonium.sweep(v, noise(step))

        return tf.while_loop(lambda step, v: step < _NUM_SWEEPS, sweep, (tf.constant(0, tf.int64), v))[1]

    return run


def _milliseconds(functions: dict[str, Callable[[], tf.Tensor]]) -> dict[str, float]:
    """Medians a sweep, measured in turns so that a disturbance falls on all alike."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for function in functions.values():
        function()
    for _ in range(_NUM_ROUNDS):
        for name, function in functions.items():
            start = time.perf_counter()
            function().numpy()
            times[name].append(1e3 * (time.perf_counter() - start) / _NUM_SWEEPS)
    return {name: statistics.median(values) for name, values in times.items()}


def main(argv: Sequence[str]) -> None:
    """Prints three tables."""
    del argv
    manual_dir = flags.FLAGS.manual_dir
    print(gibbs_noise(), peer(manual_dir), steps.table(_PRESETS.value, manual_dir), sep="\n\n")


if __name__ == "__main__":
    app.run(main)
