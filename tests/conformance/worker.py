"""One of a pair of workers (TF_CONFIG says which): trains the exemplars, and the chief writes the runs to a file.

TF_CONFIG=... python -m tests.conformance.worker OUT.npz
"""

import sys

import numpy as np
import tensorflow as tf

from tests.goldens.runs import train
from tests.goldens.table import EXEMPLARS, GOLDENS
from tfdgm.training.strategy import chiefs_number, is_chief, make_strategy

# In float32 too where replicas exchange most.
WORKER_RUNS = [*((name, "float64") for name in EXEMPLARS), ("biggan", "float32")]


def main(path: str) -> None:
    """Writes `<policy>/<golden>/<key of the run>`."""
    strategy = make_strategy("multi_worker")
    assert strategy.num_replicas_in_sync == 2, strategy
    assert chiefs_number(strategy, 7 if is_chief(strategy) else 8) == 7
    runs = {
        f"{policy}/{name}/{key}": value
        for name, policy in WORKER_RUNS
        for key, value in train(GOLDENS[name], strategy, policy).items()
    }
    if is_chief(strategy):
        np.savez(path, **runs)


if __name__ == "__main__":
    tf.get_logger().setLevel("ERROR")
    main(sys.argv[1])
