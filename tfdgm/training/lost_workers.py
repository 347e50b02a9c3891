"""What becomes of a worker when another is gone: one error that says which and why, in place of TensorFlow's many."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

_OF_PEERS = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError)
# The second: this process is new, and meets a group that has not yet seen its predecessor's end.
_SIGNS = r"Collective ops is aborted by|current incarnation doesn't match"


class LostWorkerError(RuntimeError):
    """Another worker ended or no longer answers; this process cannot train on. The message says which and why."""


@contextlib.contextmanager
def lost_workers_named(resolver: Any) -> Iterator[None]:
    """Raises LostWorkerError for what TensorFlow raises when another worker is gone.

    Args:
      resolver: the strategy's cluster resolver; None is a process by itself, whose errors are its own.
    """
    try:
        yield
    except tf.errors.OpError as error:
        if resolver is None or not (isinstance(error, _OF_PEERS) or re.search(_SIGNS, error.message)):
            raise
        raise LostWorkerError(_told(error.message, (resolver.task_type, resolver.task_id))) from error


def _told(message: str, own: tuple[str, int]) -> str:
    tasks = [(job, int(task)) for job, task in re.findall(r"/job:(\w+)(?:/replica:\d+)?/task:(\d+)", message)]
    lost = [f"{job} {task}" for job, task in tasks if (job, task) != own]
    # The first sentence of what a worker said, without where it was said.
    cause = (message.rpartition("Collective ops is aborted by: ")[2].strip() or "no reason given").splitlines()[0]
    cause = re.sub(r"^(\{\{.*?\}\} )?(Error reported from \S+ )?", "", cause).partition(". ")[0].rstrip(":.")
    return f"{lost[0] if lost else 'another worker'} was lost: {cause}"
