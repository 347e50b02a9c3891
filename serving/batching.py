"""Merging concurrent requests into one call, by TensorFlow's own batch scheduler.

The scheduler is the C++ one of `tf.nondifferentiable_batch_function`, the same library that TensorFlow Serving
batches with. The op is called raw here because that wrapper names every scheduler after its own name scope: two
signatures would share one queue, and a batch runs only the function of its last request.
"""

import dataclasses
import os
import pathlib
import time
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from serving.signatures import Signature
from serving.text_proto import ConfigError, define_message, read_text_proto

ConcreteFunction = Any  # TensorFlow does not export the type

BatchObserver = Callable[[int, float, float], None]
"""Takes the rows of a batch, when it began in seconds since the epoch, and the seconds that a request waited for it."""

_WRAPPED = "google.protobuf.Int64Value"
_MESSAGE = define_message(
    "tensorflow.serving.BatchingParameters",
    {
        "max_batch_size": _WRAPPED,
        "batch_timeout_micros": _WRAPPED,
        "max_enqueued_batches": _WRAPPED,
        "num_batch_threads": _WRAPPED,
        "allowed_batch_sizes": "repeated int64",
    },
)


@dataclasses.dataclass(frozen=True)
class BatchingParameters:
    """How to batch; names and defaults are those of TensorFlow Serving's batching file.

    Attributes:
      max_batch_size: rows in one call at most; a request of more is refused.
      batch_timeout_micros: microseconds a request waits for others.
      max_enqueued_batches: full batches a queue holds before it refuses requests as UNAVAILABLE.
      num_batch_threads: calls at a time, over all models, versions and signatures.
      allowed_batch_sizes: batches are padded up to one of these; none allows every size.
    """

    max_batch_size: int = 1000
    batch_timeout_micros: int = 0
    max_enqueued_batches: int = 10
    num_batch_threads: int = dataclasses.field(default_factory=lambda: len(os.sched_getaffinity(0)))
    allowed_batch_sizes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuses values the scheduler could not use."""
        for field in ("max_batch_size", "max_enqueued_batches", "num_batch_threads"):
            if getattr(self, field) < 1:
                raise ConfigError(f"{field} is {getattr(self, field)}; it must be at least 1")
        if self.batch_timeout_micros < 0:
            raise ConfigError(f"batch_timeout_micros is {self.batch_timeout_micros}; it must be at least 0")
        sizes = self.allowed_batch_sizes
        if sizes and (sizes[0] < 1 or list(sizes) != sorted(set(sizes)) or sizes[-1] != self.max_batch_size):
            raise ConfigError(
                f"allowed_batch_sizes is {list(sizes)}; it must increase, start at 1 or more and end with "
                f"max_batch_size {self.max_batch_size}"
            )


def read_batching_parameters(path: pathlib.Path) -> BatchingParameters:
    """The parameters in a batching file, a text-format `BatchingParameters`.

    Raises:
      ConfigError: naming the file and what is wrong in it.
    """
    message = read_text_proto(path, _MESSAGE)
    given = {
        field.name: tuple(value) if field.name == "allowed_batch_sizes" else value.value
        for field, value in message.ListFields()
    }
    try:
        return BatchingParameters(**given)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def is_batchable(signature: Signature) -> bool:
    """True where rows of several requests can be joined without one request failing another.

    Every tensor must be `[B, ...]` with B the only unknown size: joining rows of different sizes is an error, and it
    would be that of all requests in the batch.
    """
    return bool(signature.inputs) and all(
        info.is_batch for info in (*signature.inputs.values(), *signature.outputs.values())
    )


def batch(
    function: Callable[..., dict[str, tf.Tensor]],
    signature: Signature,
    parameters: BatchingParameters,
    queue: str,
    observe: BatchObserver | None = None,
) -> Callable[..., dict[str, tf.Tensor]]:
    """`function` behind a queue of the batch scheduler.

    Args:
      function: takes the signature's inputs by name, gives its outputs by name.
      signature: one that `is_batchable`.
      parameters: those of the server.
      queue: name of the queue, unique in the process. Queues share the scheduler's threads, so a version that is
        unloaded leaves an empty queue behind, not idle threads.
      observe: told of the batch that each request was in.

    Returns:
      A function of the same inputs and outputs that blocks until its rows were in a batch.
    """
    concrete = _enqueuing(_reporting(function, signature), signature, parameters, queue)

    def call(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        enqueued = time.time()
        num_rows, started, *outputs = concrete(*(inputs[name] for name in signature.inputs))
        if observe is not None and num_rows.shape[0]:
            start = float(started.numpy()[0])
            observe(int(num_rows.numpy()[0]), start, start - enqueued)
        return dict(zip(signature.outputs, outputs, strict=True))

    return call


def _reporting(function: Callable[..., dict[str, tf.Tensor]], signature: Signature) -> ConcreteFunction:
    """`function` of a whole batch, whose outputs, in the signature's order, follow its size and when it began."""

    @tf.function(input_signature=_specs(signature), autograph=False)
    def run_batch(*inputs: tf.Tensor) -> list[tf.Tensor]:
        num_rows = tf.shape(inputs[0])[:1]
        started = tf.timestamp()
        with tf.control_dependencies([started]):
            outputs = function(**dict(zip(signature.inputs, inputs, strict=True)))
        # The scheduler deals out rows and nothing else, so what is true of the whole batch is told by each row.
        about = [tf.fill(num_rows, num_rows[0]), tf.fill(num_rows, started)]
        return [*about, *(outputs[name] for name in signature.outputs)]

    return run_batch.get_concrete_function()


def _enqueuing(
    computation: ConcreteFunction, signature: Signature, parameters: BatchingParameters, queue: str
) -> ConcreteFunction:
    """What hands a request's rows to the scheduler, which runs `computation` on a batch, and waits for its own."""

    @tf.function(input_signature=_specs(signature), autograph=False)
    def enqueue(*inputs: tf.Tensor) -> list[tf.Tensor]:
        return tf.raw_ops.BatchFunction(
            in_tensors=inputs,
            captured_tensors=computation.captured_inputs,
            f=computation,
            Tout=[output.dtype for output in computation.outputs],
            max_batch_size=parameters.max_batch_size,
            batch_timeout_micros=parameters.batch_timeout_micros,
            max_enqueued_batches=parameters.max_enqueued_batches,
            num_batch_threads=parameters.num_batch_threads,
            allowed_batch_sizes=parameters.allowed_batch_sizes,
            enable_large_batch_splitting=False,
            # A scheduler keeps the parameters it was first made with, so its name tells them.
            shared_name=f"scheduler of {parameters}",
            batching_queue=queue,
        )

    return enqueue.get_concrete_function()


def _specs(signature: Signature) -> list[tf.TensorSpec]:
    return [
        tf.TensorSpec(info.shape, tf.as_dtype(info.dtype.name), name=name) for name, info in signature.inputs.items()
    ]
