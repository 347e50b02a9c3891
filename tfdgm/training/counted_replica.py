"""A replica among others that are not there, which takes down what a step would send them."""

from typing import Any

import numpy as np
import tensorflow as tf

from tfdgm.core.sizes import num_bytes


class CountedReplica(tf.distribute.ReplicaContext):
    """To be entered while a step is traced: the step then does what one of several replicas does.

    A sum over replicas is this replica's share of it, and what all replicas give is this one's again and again; values
    mean nothing, shapes are right.

    Attributes:
      sums: shapes and types of what each sum over replicas takes, in the order of the trace.
      gathered_bytes: what the replica gives to the others beside sums.
    """

    def __init__(self, num_replicas: int) -> None:
        """Args: num_replicas: how many there seem to be."""
        super().__init__(tf.distribute.get_strategy(), 0)
        self._num_replicas = num_replicas
        self.sums: list[list[tf.TensorSpec]] = []
        self.gathered_bytes = 0

    @property
    def num_replicas_in_sync(self) -> int:
        """How many there seem to be."""
        return self._num_replicas

    def all_reduce(self, reduce_op: Any, value: Any, options: Any = None) -> Any:
        """As `tf.distribute.ReplicaContext` has it: the gradient of a sum is a sum."""

        @tf.custom_gradient
        def summed(*values: tf.Tensor) -> tuple[list[tf.Tensor], Any]:
            self.sums.append([tf.TensorSpec(each.shape, each.dtype) for each in values])
            return [tf.identity(each) for each in values], lambda *slopes: self.all_reduce(reduce_op, list(slopes))

        return tf.nest.pack_sequence_as(value, summed(*tf.nest.flatten(value)))

    def all_gather(self, value: Any, axis: int, options: Any = None) -> Any:
        """Likewise; numbers that are known in the trace stay known."""

        def gathered(each: tf.Tensor) -> tf.Tensor:
            self.gathered_bytes += num_bytes([each])
            known = tf.get_static_value(each)
            copies = [each if known is None else known] * self._num_replicas
            return tf.concat(copies, axis) if known is None else tf.constant(np.concatenate(copies, axis))

        return tf.nest.map_structure(gathered, value)
