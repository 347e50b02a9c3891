"""What a training step costs on any number of replicas, read off the built model and its traced step; nothing is run.

The step is traced as one of many replicas runs it, at two numbers of rows; sizes at others follow, for each tensor's is
linear in the rows.
"""

import contextlib
import dataclasses
import functools
import math
from collections.abc import Iterator, Sequence

import keras
import tensorflow as tf

from tfdgm.configs import ExperimentConfig
from tfdgm.core.sizes import num_bytes
from tfdgm.core.types import DataSpec, Phase
from tfdgm.models.base import GenerativeModel
from tfdgm.models.registry import build_from_config
from tfdgm.training.counted_replica import CountedReplica
from tfdgm.training.live_bytes import peak_bytes
from tfdgm.training.optimizers import make_optimizers
from tfdgm.training.run import completed
from tfdgm.training.sent_bytes import Sent, sent_by
from tfdgm.training.step_program import Program, at_rows, read_program, row_share, total_flops

REPLICAS = (1, 8, 32, 128, 512)
_MANY_ROWS = 1024


@dataclasses.dataclass(frozen=True)
class StepEstimate:
    """A step of one phase of a configuration.

    Attributes:
      phase: the last of the run, its batch size known.
      num_phases: of the run.
      replicas: the numbers of replicas that it is for, the least first.
      parameters: trainable numbers by variable group.
      weights: bytes of all of the model's variables.
      slots: of the optimizers' variables.
      averages: of the averaged weights.
      sent: what goes between replicas.
    """

    phase: Phase
    num_phases: int
    replicas: tuple[int, ...]
    parameters: dict[str, int]
    weights: int
    slots: int
    averages: int
    sent: Sent
    _rows: tuple[int, int]
    _programs: tuple[Program, Program]

    @property
    def num_open_loops(self) -> int:
        """Loops counted as one pass, for the graph does not say how many there are."""
        return self._programs[0].num_open_loops

    @property
    def num_unknown(self) -> int:
        """Tensors of numbers left out, for the graph does not say how large they are."""
        return self._programs[0].num_unknown

    @property
    def variable_bytes(self) -> int:
        """On each replica, whatever its rows."""
        return self.weights + self.slots + self.averages

    def flops(self, num_rows: int) -> float:
        """Of a replica's step on so many rows."""
        return total_flops(self._at(num_rows))

    def working_bytes(self, num_rows: int) -> float:
        """The most that the step has in use at once besides variables; 0 rows: what does not depend on their number."""
        return peak_bytes(self._at(num_rows))

    def activation_bytes(self, num_rows: int) -> float:
        """The most that tensors whose size grows with the rows have in use at once."""
        return peak_bytes(row_share(self._programs, self._rows, num_rows))

    def _at(self, num_rows: int) -> Program:
        return at_rows(self._programs, self._rows, num_rows)


def estimate_step(config: ExperimentConfig, spec: DataSpec, replicas: Sequence[int] = ()) -> StepEstimate:
    """Builds the model of a configuration and traces its step.

    Args:
      config: from `tfdgm.get_config`, maybe changed.
      spec: of the data, which need not be there: see `tfdgm.data.opening.declared_spec`.
      replicas: numbers of replicas that share the batch; empty: those of `REPLICAS` that can.

    Raises:
      ValueError: naming a field with a value that it cannot have, or a number of replicas that cannot share the batch.
    """
    with _precision(config.training.precision):
        # Only shapes are asked for; orthogonal matrices of large models take minutes.
        with keras.saving.custom_object_scope({"orthogonal": keras.initializers.Zeros}):
            model = build_from_config(config.model, spec, seed=config.seed)
        phases = [completed(phase, config.training) for phase in model.phases()]
        model.phase = phases[-1]
        model.compile(make_optimizers(config.optimizers, model, model.phase.steps))
        numbers, rows, programs, sent = _traced_for(model, spec, replicas)
    groups, optimizers = model.groups(), model.optimizers.values()
    return StepEstimate(
        phase=model.phase,
        num_phases=len(phases),
        replicas=numbers,
        parameters={name: sum(math.prod(variable.shape) for variable in group) for name, group in groups.items()},
        weights=num_bytes(model.variables),
        slots=num_bytes([variable for optimizer in optimizers for variable in optimizer.variables]),
        averages=num_bytes(model.trainable_variables) if config.training.ema_decay else 0,
        sent=sent,
        _rows=rows,
        _programs=programs,
    )


def _traced_for(
    model: GenerativeModel, spec: DataSpec, replicas: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, int], tuple[Program, Program], Sent]:
    """The numbers of replicas, the two numbers of rows of the traces, both programs, and what is sent."""
    batch_size = model.phase.batch_size
    for number in replicas:
        if batch_size % number:
            raise ValueError(f"replicas is {number}; it must divide the batch of {batch_size} rows")
    numbers = sorted(replicas or [number for number in REPLICAS if batch_size % number == 0])
    while True:
        try:
            return tuple(numbers), *_traced_twice(model, spec, batch_size // numbers[-1])
        except ValueError:  # so few rows cannot be dealt out to the minibatches of a step
            if replicas or len(numbers) == 1:
                raise
            numbers.pop()


def _traced_twice(
    model: GenerativeModel, spec: DataSpec, num_rows: int
) -> tuple[tuple[int, int], tuple[Program, Program], Sent]:
    """Two numbers of rows and their programs; many where few have other operations, as small constants can have."""
    first, sent = _traced(model, spec, num_rows)
    second, _ = _traced(model, spec, 2 * num_rows)
    if first.kinds == second.kinds:
        return (num_rows, 2 * num_rows), (first, second), sent
    rows = -(-_MANY_ROWS // num_rows) * num_rows
    return (rows, 2 * rows), (_traced(model, spec, rows)[0], _traced(model, spec, 2 * rows)[0]), sent


@contextlib.contextmanager
def _precision(policy: str) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _traced(model: GenerativeModel, spec: DataSpec, num_rows: int) -> tuple[Program, Sent]:
    replica = CountedReplica(2)

    @functools.partial(tf.function, autograph=False)
    def step(batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        with replica:
            return model._counted_train_step(batch)

    shape = model.phase.event_shape or spec.shape
    batch = {"x": tf.TensorSpec([num_rows, *shape], spec.dtype), "index": tf.TensorSpec([num_rows], tf.int64)}
    if spec.num_classes:
        batch["label"] = tf.TensorSpec([num_rows], tf.int32)
    graph = step.get_concrete_function(batch).graph
    return read_program(graph), sent_by(model, replica, graph)
