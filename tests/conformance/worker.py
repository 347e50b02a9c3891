"""One of a pair of workers (TF_CONFIG says which): trains a group of exemplars; the chief writes the runs to a file.

TF_CONFIG=... python -m tests.conformance.worker GROUP OUT.npz
"""

import sys

import numpy as np
import tensorflow as tf

from tests.goldens.runs import train
from tests.goldens.table import EXEMPLARS, GOLDENS, REPRESENTATIVES
from tfdgm.training.strategy import chiefs_number, is_chief, make_strategy

WORKER_GROUPS = {
    "representatives": REPRESENTATIVES,
    "others": tuple(name for name in EXEMPLARS if name not in REPRESENTATIVES),
}


def main(group: str, path: str) -> None:
    """Writes `<policy>/<golden>/<key of the run>`."""
    strategy = make_strategy("multi_worker")
    assert strategy.num_replicas_in_sync == 2, strategy
    assert chiefs_number(strategy, 7 if is_chief(strategy) else 8) == 7
    policies = {name: ["float64"] for name in WORKER_GROUPS[group]}
    policies.get("biggan", []).append("float32")  # in which replicas exchange most
    runs = {
        f"{policy}/{name}/{key}": value
        for name in policies
        for policy in policies[name]
        for key, value in train(GOLDENS[name], strategy, policy).items()
    }
    if is_chief(strategy):
        np.savez(path, **runs)


if __name__ == "__main__":
    tf.get_logger().setLevel("ERROR")
    main(*sys.argv[1:])
