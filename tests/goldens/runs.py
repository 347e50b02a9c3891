"""One training run of a golden, the same under every strategy, as arrays that can be compared."""

import functools
from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf

from tests.goldens.precision import dtype_policy
from tests.goldens.strategies import mirrored
from tests.goldens.table import GOLDENS, Golden
from tfdgm.data.pipelines import Shard
from tfdgm.training.strategy import distribute

# Float64 shows that the mathematics is the same; in float32 rounding is amplified step by step, so one step it is.
NUM_STEPS = {"float64": 20, "float32": 1}

Run = dict[str, np.ndarray]


class BatchLogs(keras.callbacks.Callback):
    """Keeps the logs of every step."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[dict[str, float]] = []

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.steps.append(dict(logs or {}))

    on_test_batch_end = on_train_batch_end


def sliced(global_batches: Mapping[str, np.ndarray], strategy: tf.distribute.Strategy) -> object:
    """Global batches, each entry [steps, B, ...], with each pipeline reading its own rows only."""

    def rows(entry: np.ndarray, shard: Shard) -> np.ndarray:
        by_replica = entry.reshape(len(entry), shard.num_replicas, -1, *entry.shape[2:])
        first = shard.pipeline * shard.replicas_per_pipeline
        mine = by_replica[:, first : first + shard.replicas_per_pipeline]
        return mine.reshape(-1, *mine.shape[2:])

    def of_shard(shard: Shard) -> tf.data.Dataset:
        return tf.data.Dataset.from_tensor_slices({name: rows(e, shard) for name, e in global_batches.items()})

    return distribute(strategy, of_shard)


def train(golden: Golden, strategy: tf.distribute.Strategy, policy: str) -> Run:
    """Trains from scratch, then goes on for two steps of which the second has a NaN in its last row, if it can.

    Returns:
      `logs/<name>` by step and `weights/<index>` after `NUM_STEPS[policy]` steps; `fault`, the text of the model's
      fault after the NaN.
    """
    num_steps = NUM_STEPS[policy]
    batches = golden.arrays(num_steps + 2)
    if np.issubdtype(batches["x"].dtype, np.floating):
        batches["x"][-1, -1] = np.nan
    parts = slice(num_steps), slice(num_steps, None)
    first, rest = ({name: entry[part] for name, entry in batches.items()} for part in parts)
    with dtype_policy(policy), strategy.scope():
        model = golden.build_compiled()
    logs = BatchLogs()
    fit = functools.partial(model.fit, epochs=1, shuffle=False, verbose=0)
    fit(sliced(first, strategy), steps_per_epoch=num_steps, callbacks=[logs])
    run = {f"logs/{name}": np.array([step[name] for step in logs.steps]) for name in logs.steps[0]}
    run |= {f"weights/{index:02}": np.array(weight) for index, weight in enumerate(model.get_weights())}
    assert model.fault() is None
    fit(sliced(rest, strategy), steps_per_epoch=2)
    return {**run, "fault": np.array(str(model.fault()))}


@functools.cache
def single(name: str, policy: str) -> Run:
    """The run on one device."""
    return train(GOLDENS[name], tf.distribute.get_strategy(), policy)


@functools.cache
def replicated(name: str, policy: str) -> Run:
    """The run on two replicas."""
    return train(GOLDENS[name], mirrored(), policy)
