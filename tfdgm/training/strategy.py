"""Distribution strategies by name, and data sliced for them."""

import functools
from collections.abc import Callable, Iterable
from typing import Any

import tensorflow as tf

from tfdgm.core.validation import require_choice
from tfdgm.data.pipelines import Shard

Strategy = tf.distribute.Strategy

STRATEGIES: dict[str, Callable[[], Strategy]] = {
    "default": tf.distribute.get_strategy,
    "mirrored": lambda: tf.distribute.MirroredStrategy(_all_devices()),
    "multi_worker": tf.distribute.MultiWorkerMirroredStrategy,
    "tpu": lambda: tf.distribute.TPUStrategy(_initialized_tpu()),
}


@functools.cache
def make_strategy(name: str) -> Strategy:
    """The strategy `default`, `mirrored` (all local devices), `multi_worker` (by TF_CONFIG) or `tpu`.

    A process has one of each: collectives of a second mirrored strategy clash with those of the first.
    """
    require_choice("strategy", name, STRATEGIES)
    return STRATEGIES[name]()


def is_chief(strategy: Strategy) -> bool:
    """True on the one worker that writes the run's folder."""
    resolver = strategy.cluster_resolver
    if resolver is None or not resolver.task_type:
        return True
    return resolver.task_type == "chief" or (resolver.task_type == "worker" and resolver.task_id == 0)


def distribute(strategy: Strategy, batches: Callable[[Shard], tf.data.Dataset]) -> Iterable[Any]:
    """Batches for `fit`, every replica getting its own contiguous rows of each global batch.

    Args:
      strategy: from `make_strategy`.
      batches: the data of one input pipeline. Nothing is sharded behind its back.
    """

    def of_pipeline(context: tf.distribute.InputContext) -> tf.data.Dataset:
        replicas = context.num_replicas_in_sync // context.num_input_pipelines
        return batches(Shard(context.num_input_pipelines, context.input_pipeline_id, replicas))

    return strategy.distribute_datasets_from_function(of_pipeline)


def _all_devices() -> list[str] | None:
    if tf.config.list_logical_devices("GPU"):
        return None  # the strategy's own choice: all GPUs
    return [device.name for device in tf.config.list_logical_devices("CPU")]


def _initialized_tpu() -> tf.distribute.cluster_resolver.TPUClusterResolver:
    resolver = tf.distribute.cluster_resolver.TPUClusterResolver()
    tf.config.experimental_connect_to_cluster(resolver)
    tf.tpu.experimental.initialize_tpu_system(resolver)
    return resolver
