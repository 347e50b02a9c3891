"""Errors of collectives, as TensorFlow 2.21 words them when a worker is killed or stopped, and what is made of them."""

import pytest
import tensorflow as tf

from tfdgm.training.lost_workers import LostWorkerError, lost_workers_named
from tfdgm.training.strategy import make_strategy

_RESET = (
    "{{function_node __wrapped__CollectiveReduceV2_device_/job:worker/replica:0/task:0/device:CPU:0}} "
    "Collective ops is aborted by: Socket closed\nAdditional GRPC error information from remote target "
    "/job:worker/replica:0/task:1 while calling /tensorflow.WorkerService/RecvBuf:"
)
_SILENT = (
    "Graph execution error:\n\nDetected at node CollectiveReduceV2 defined at (most recent call last):\n"
    "Collective ops is aborted by: Error reported from /job:worker/task:1: The following tasks are unhealthy (stopped "
    "sending heartbeats):\n/job:worker/replica:0/task:1\nThe tasks have crashed."
)


@pytest.mark.parametrize(
    ("error", "message", "expected"),
    [
        (tf.errors.UnavailableError, _RESET, "worker 1 was lost: Socket closed"),
        (
            tf.errors.UnavailableError,
            _SILENT,
            r"worker 1 was lost: The following tasks are unhealthy \(stopped sending heartbeats\)",
        ),
        (tf.errors.InternalError, _RESET, "worker 1 was lost: Socket closed"),
        (
            tf.errors.FailedPreconditionError,
            "Device /job:worker/replica:0/task:0 current incarnation doesn't match with one there. It restarted.",
            "another worker was lost: Device /job:worker/replica:0/task:0 current incarnation doesn't match with .*",
        ),
        (
            tf.errors.AbortedError,
            "{{function_node f}} Connection refused",
            "another worker was lost: Connection refused",
        ),
        (tf.errors.DeadlineExceededError, "Barrier timed out. Tasks: 1", "another worker was lost: Barrier timed out"),
        (tf.errors.AbortedError, "", "another worker was lost: no reason given"),
    ],
)
def test_a_lost_worker_is_named(error, message, expected):
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": ["h:1", "h:2"]}), task_type="worker", task_id=0
    )
    with pytest.raises(LostWorkerError, match=f"^{expected}$"), lost_workers_named(resolver):
        raise error(None, None, message)


def test_other_errors_are_no_loss_of_workers():
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(tf.train.ClusterSpec({"worker": ["h:1", "h:2"]}))
    with pytest.raises(tf.errors.InternalError), lost_workers_named(resolver):
        raise tf.errors.InternalError(None, None, "a defect")
    with pytest.raises(tf.errors.UnavailableError), lost_workers_named(make_strategy("mirrored").cluster_resolver):
        raise tf.errors.UnavailableError(None, None, "a file system is away")
