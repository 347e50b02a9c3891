"""Distribution strategies by name, workers by what started them, and data sliced for them."""

import functools
import importlib
import os
import time
from collections.abc import Callable, Iterable
from typing import Any

import tensorflow as tf

from tfdgm.core.validation import require_choice
from tfdgm.data.pipelines import Shard
from tfdgm.training.cluster import HOST_IP, NUM_WORKERS, POD_SELECTOR, check_cluster
from tfdgm.training.lost_workers import lost_workers_named

Strategy = tf.distribute.Strategy
_Resolver = tf.distribute.cluster_resolver.ClusterResolver

_POD_SECONDS = 600.0  # a cluster may have to start a machine first

STRATEGIES: dict[str, Callable[[str, str], Strategy]] = {
    "default": lambda cluster, tpu: tf.distribute.get_strategy(),
    "mirrored": lambda cluster, tpu: tf.distribute.MirroredStrategy(_all_devices()),
    "multi_worker": lambda cluster, tpu: _multi_worker(RESOLVERS[cluster]()),
    "tpu": lambda cluster, tpu: tf.distribute.TPUStrategy(_initialized_tpu(tpu)),
}


def make_strategy(name: str, *, cluster: str = "tf_config", tpu: str = "") -> Strategy:
    """The strategy of that name.

    A process has one of each: collectives of a second mirrored strategy clash with those of the first.

    Args:
      name: `default`, `mirrored` (all local devices), `multi_worker` or `tpu`.
      cluster: where `multi_worker` learns who its workers are: `tf_config`, `slurm` or `kubernetes`.
      tpu: name or address of the TPU; "" is the one that the environment names.

    Raises:
      ValueError: for an unknown name, or an environment that does not say who the workers are.
      LostWorkerError: when another worker ended before all had met.
    """
    require_choice("strategy", name, STRATEGIES)
    check_cluster(name, cluster, tpu)
    return _make_strategy(name, cluster, tpu)


@functools.cache
def _make_strategy(name: str, cluster: str, tpu: str) -> Strategy:
    return STRATEGIES[name](cluster, tpu)


def is_chief(strategy: Strategy) -> bool:
    """True on the one worker that writes the run's folder."""
    resolver = strategy.cluster_resolver
    if resolver is None or not resolver.task_type:
        return True
    jobs = resolver.cluster_spec().jobs if resolver.cluster_spec() else []
    chief = "chief" if "chief" in jobs else "worker"
    return resolver.task_type == chief and resolver.task_id == 0


def chiefs_number(strategy: Strategy, number: int) -> int:
    """The chief's value of a whole number, on every worker, all of which must ask."""
    with strategy.scope():  # a variable begins as it is on the chief
        return int(tf.Variable(number, trainable=False, dtype=tf.int64).numpy())


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


def _multi_worker(resolver: _Resolver) -> Strategy:
    num_workers = sum(map(len, resolver.cluster_spec().as_dict().values()))
    print(f"{resolver.task_type} {resolver.task_id} waits until all {num_workers} have started", flush=True)
    with lost_workers_named(resolver):
        return tf.distribute.MultiWorkerMirroredStrategy(resolver)


def _slurm() -> _Resolver:
    # TensorFlow's resolver would also deal out GPUs, fails where there are none, and forgets that srun may have dealt
    # them out: of its answers we take the addresses.
    num_tasks = int(os.environ["SLURM_STEP_NUM_TASKS"])
    port = 12000 + int(os.environ.get("SLURM_JOB_ID", "0")) % 200 * 100  # two jobs may share a node
    resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
        port_base=port, gpus_per_node=num_tasks, gpus_per_task=1, auto_set_gpu=False
    )
    addresses = resolver.cluster_spec().job_tasks("worker")
    rank = int(os.environ["SLURM_PROCID"])
    node = os.environ.get("SLURMD_NODENAME", "")
    if node and addresses[rank].rpartition(":")[0] != node:
        raise ValueError(
            f"SLURM_PROCID {rank} runs on {node}, but TensorFlow takes it to be at {addresses[rank]}, for it sorts "
            "nodes by name; it must be srun --distribution=block, and names with as many digits"
        )
    return _fixed(addresses, rank)


def _kubernetes() -> _Resolver:
    try:
        client, config = (importlib.import_module(f"kubernetes.{part}") for part in ("client", "config"))
    except ModuleNotFoundError as error:
        raise ValueError("cluster kubernetes needs the package kubernetes: pip install kubernetes") from error
    try:
        config.load_incluster_config()
    except config.ConfigException as error:
        raise ValueError(f"cluster kubernetes is for a pod's own process: {error}") from error
    resolver = tf.distribute.cluster_resolver.KubernetesClusterResolver(
        {"worker": [os.environ[POD_SELECTOR]]}, override_client=client.CoreV1Api()
    )
    addresses = _running_pods(resolver, int(os.environ[NUM_WORKERS]))
    own = [number for number, address in enumerate(addresses) if address.startswith(os.environ[HOST_IP] + ":")]
    if len(own) != 1:
        raise ValueError(
            f"{HOST_IP} is {os.environ[HOST_IP]!r}, where {len(own)} of the pods at {', '.join(addresses)} are; it "
            "must be the node of one alone: TensorFlow's resolver knows workers by node"
        )
    return _fixed(addresses, own[0])


def _running_pods(resolver: _Resolver, num_workers: int) -> list[str]:
    deadline = time.monotonic() + _POD_SECONDS
    while True:
        try:
            addresses = resolver.cluster_spec().as_dict().get("worker", [])
            found = f"{len(addresses)} pods run"
        except RuntimeError as error:  # one of them does not run yet
            addresses, found = [], str(error)
        if len(addresses) == num_workers:
            return addresses
        if time.monotonic() > deadline:
            raise ValueError(f"{NUM_WORKERS} is {num_workers}, but after {_POD_SECONDS:.0f} seconds {found}")
        time.sleep(1.0)


def _fixed(addresses: list[str], rank: int) -> _Resolver:
    return tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": addresses}),
        task_type="worker",
        task_id=rank,
        num_accelerators={"GPU": len(tf.config.list_physical_devices("GPU"))},
        rpc_layer="grpc",
    )


RESOLVERS: dict[str, Callable[[], _Resolver]] = {
    "tf_config": tf.distribute.cluster_resolver.TFConfigClusterResolver,
    "slurm": _slurm,
    "kubernetes": _kubernetes,
}


def _initialized_tpu(tpu: str) -> _Resolver:
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu or None)
    except (ValueError, OSError) as error:
        raise ValueError(
            f"tpu is {tpu!r}, and no TPU was found ({error}); it must be a TPU's name, its grpc:// address, or local"
        ) from error
    tf.config.experimental_connect_to_cluster(resolver)
    tf.tpu.experimental.initialize_tpu_system(resolver)
    return resolver
