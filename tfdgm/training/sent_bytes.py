"""What a traced step sends to other replicas: gradients by variable group, and all else."""

import dataclasses
from typing import Any

import tensorflow as tf

from tfdgm.core.sizes import num_bytes
from tfdgm.models.base import GenerativeModel
from tfdgm.training.counted_replica import CountedReplica


@dataclasses.dataclass(frozen=True)
class Sent:
    """What a step sums over replicas, in bytes of one replica's share.

    Attributes:
      gradients: by variable group, how many sums of all its gradients there are, and the bytes of one.
      rest: all other sums: statistics of batches, losses, marks of faults.
      gathered: what each replica gives to all others besides.
    """

    gradients: dict[str, tuple[int, int]]
    rest: int
    gathered: int

    def bytes_sent(self, num_replicas: int) -> float:
        """By each replica, sums going round a ring."""
        summed = sum(number * size for number, size in self.gradients.values()) + self.rest
        return 2 * (num_replicas - 1) / num_replicas * summed + (num_replicas - 1) * self.gathered


def sent_by(model: GenerativeModel, replica: CountedReplica, graph: Any) -> Sent:
    """What a step sends.

    Args:
      model: built and compiled.
      replica: in which the step was traced.
      graph: of the step.
    """
    gradients, rest = {}, list(replica.sums)
    for name, group in model.groups().items():
        if model.phase.groups and name not in model.phase.groups:
            continue
        of_group = [tf.TensorSpec(variable.shape, variable.dtype) for variable in group]
        own = [specs for specs in rest if specs == of_group]
        rest = [specs for specs in rest if specs != of_group]
        gradients[name] = len(own), num_bytes(of_group)
    return Sent(gradients, sum(map(num_bytes, rest)) + _agreed_bytes(model, graph), replica.gathered_bytes)


def _agreed_bytes(model: GenerativeModel, graph: Any) -> int:
    """Of writes to variables that are no weights and that replicas bring together when a step writes them."""
    agreed = [v for v in model.non_trainable_variables if v.aggregation in ("mean", "sum")]
    sizes = {id(variable.value.handle): num_bytes([variable]) for variable in agreed}
    captured = {id(placeholder): id(handle) for handle, placeholder in graph.captures}
    writes = [op for op in graph.get_operations() if op.type.startswith("Assign")]
    return sum(sizes.get(captured.get(id(write.inputs[0])), 0) for write in writes)
