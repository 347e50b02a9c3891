"""Which processes train together: what the environment says of it, checked before anything heavy loads."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tfdgm.core.validation import require_choice

CLUSTERS = ("tf_config", "slurm", "kubernetes")
SLURM_VARIABLES = ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_STEP_NODELIST", "SLURM_STEP_TASKS_PER_NODE")
POD_SELECTOR, NUM_WORKERS, HOST_IP = "TFDGM_POD_SELECTOR", "TFDGM_NUM_WORKERS", "TFDGM_HOST_IP"

_EXAMPLE = '{"cluster": {"worker": ["host0:2222", "host1:2222"]}, "task": {"type": "worker", "index": 0}}'
_LAUNCHER = "on one machine, python -m trainers.launch_local sets it"
_MOST_PORT = 2**16 - 1


def tf_config(addresses: Sequence[str], index: int) -> str:
    """TF_CONFIG of worker `index` among workers at `addresses`, each `host:port`."""
    return json.dumps({"cluster": {"worker": list(addresses)}, "task": {"type": "worker", "index": index}})


def check_cluster(strategy: str, cluster: str, tpu: str, environment: Mapping[str, str] = os.environ) -> None:
    """Checks that the three fit each other, and that the environment says who the workers are.

    Args:
      strategy: name of a strategy.
      cluster: where `multi_worker` looks: `tf_config`, `slurm` or `kubernetes`.
      tpu: name or address of a TPU, for strategy `tpu`.
      environment: of the process.

    Raises:
      ValueError: naming the variable or field, its value and what would be right.
    """
    require_choice("cluster", cluster, CLUSTERS)
    if tpu and strategy != "tpu":
        raise ValueError(f"tpu is {tpu!r}, but strategy is {strategy!r}; it must be empty, or strategy tpu")
    if strategy == "multi_worker":
        _CHECKS[cluster](environment)
    elif cluster != "tf_config":
        raise ValueError(f"cluster is {cluster!r}, but strategy is {strategy!r}; it must be multi_worker")
    elif strategy != "tpu" and _has_company(environment.get("TF_CONFIG", "")):
        raise ValueError(f"strategy is {strategy!r}, but TF_CONFIG names several workers; it must be multi_worker")


def check_tf_config(text: str) -> None:
    """Raises ValueError for a TF_CONFIG that names no group of workers, or not which of them this process is."""
    try:
        config = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"TF_CONFIG is not JSON ({error}); it must be like {_EXAMPLE}") from None
    _require(isinstance(config, dict), "TF_CONFIG", config, f"like {_EXAMPLE}")
    cluster, task = config.get("cluster"), config.get("task")
    known = isinstance(cluster, dict) and cluster and cluster.keys() <= {"chief", "worker"}
    _require(known, "TF_CONFIG.cluster", cluster, 'like {"worker": ["host0:2222", "host1:2222"]}, maybe with a chief')
    for job, addresses in cluster.items():
        _check_addresses(f"TF_CONFIG.cluster.{job}", addresses)
    _require(len(cluster.get("chief", [0])) == 1, "TF_CONFIG.cluster.chief", cluster.get("chief"), "one address")
    everyone = [address for addresses in cluster.values() for address in addresses]
    twice = next((address for address in everyone if everyone.count(address) > 1), None)
    _require(twice is None, "TF_CONFIG.cluster", twice, "a list that names each address once")
    _require(isinstance(task, dict), "TF_CONFIG.task", task, 'like {"type": "worker", "index": 0}')
    kind, index = task.get("type"), task.get("index")
    _require(kind in cluster, "TF_CONFIG.task.type", kind, f"one of {', '.join(cluster)}")
    last = len(cluster[kind]) - 1
    whole = re.fullmatch(r"\d+", str(index)) is not None and int(index) <= last
    _require(whole, "TF_CONFIG.task.index", index, f"a whole number from 0 to {last}")


def _check_addresses(field: str, addresses: Any) -> None:
    _require(isinstance(addresses, list) and addresses, field, addresses, "a list of host:port")
    for number, address in enumerate(addresses):
        found = re.fullmatch(r"\S+:(\d+)", address) if isinstance(address, str) else None
        right = found is not None and 1 <= int(found[1]) <= _MOST_PORT
        _require(right, f"{field}[{number}]", address, f"host:port with a port from 1 to {_MOST_PORT}")


def _check_own(environment: Mapping[str, str]) -> None:
    text = environment.get("TF_CONFIG", "")
    if not text:
        raise ValueError(
            f"TF_CONFIG is not set; strategy multi_worker needs it in the environment of each worker, like {_EXAMPLE}; "
            f"{_LAUNCHER}"
        )
    check_tf_config(text)


def _check_slurm(environment: Mapping[str, str]) -> None:
    for name in SLURM_VARIABLES:
        if not environment.get(name):
            raise ValueError(f"{name} is not set; cluster slurm is for the tasks of a job step, as srun starts them")


def _check_kubernetes(environment: Mapping[str, str]) -> None:
    meanings = {
        POD_SELECTOR: "the label that all workers' pods have, as in job-name=train",
        NUM_WORKERS: "how many they are, 1 or more",
        HOST_IP: "the address of this pod's node, from status.hostIP",
    }
    for name, meaning in meanings.items():
        if not environment.get(name):
            raise ValueError(f"{name} is not set; cluster kubernetes needs it: {meaning}")
    number = environment[NUM_WORKERS]
    _require(re.fullmatch(r"[1-9]\d*", number) is not None, NUM_WORKERS, number, "a whole number of at least 1")


def _has_company(text: str) -> bool:
    # Some platforms set a TF_CONFIG for one process, or one that is not for training: no concern of other strategies.
    try:
        check_tf_config(text)
    except ValueError:
        return False
    return sum(map(len, json.loads(text)["cluster"].values())) > 1


def _require(right: Any, field: str, value: Any, wanted: str) -> None:
    if not right:
        raise ValueError(f"{field} is {value!r}; it must be {wanted}")


_CHECKS = {"tf_config": _check_own, "slurm": _check_slurm, "kubernetes": _check_kubernetes}
