"""What training needs in memory at each resolution, read off the graphs of both players; nothing is run."""

import dataclasses
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tfdgm.core.sizes import num_bytes

# Operations whose result is a weight, or takes the memory of an operand that nothing else needs.
_NO_MEMORY = frozenset(
    {"AddV2", "BiasAdd", "Cast", "Const", "Identity", "Mul", "Placeholder", "ReadVariableOp", "Reshape", "Sub"}
)


@dataclasses.dataclass(frozen=True)
class MemoryEstimate:
    """Bytes that a step needs at one resolution, on one replica.

    Attributes:
      resolution: `8`, or `8x16`.
      num_rows: of the replica's batch.
      parameters: the variables that train, and their gradients.
      optimizer_slots: Adam's two of each of them.
      activations: what the larger of both players' steps keeps of its passes forward, with their gradients.
    """

    resolution: str
    num_rows: int
    parameters: int
    optimizer_slots: int
    activations: int

    def __str__(self) -> str:
        """One line for people."""
        parts = {
            "parameters and gradients": self.parameters,
            "optimizer slots": self.optimizer_slots,
            "activations": self.activations,
        }
        told = ", ".join(f"{name} {num / 2**20:.1f}" for name, num in parts.items())
        total = sum(parts.values()) / 2**20
        return f"memory at resolution {self.resolution}, {self.num_rows} rows: about {total:.1f} MiB ({told})"


def step_bytes(generator: int, critic: int) -> int:
    """Bytes of the larger step of a Wasserstein pair with a gradient penalty, from those of a pass of each player.

    The critic's step keeps its passes over real, generated and interpolated images, and over the last ones back to the
    image; the generator's keeps a pass of both players. Each of these has a gradient.
    """
    return max(generator + 2 * 4 * critic, 2 * (generator + critic))


def forward_bytes(network: Callable[..., Any], spec: tf.TensorSpec) -> int:
    """Of the floating-point results that a network's pass forward leaves in memory.

    Args:
      network: of one tensor.
      spec: of the tensor, its batch size known.
    """
    operations = tf.function(network, autograph=False).get_concrete_function(spec).graph.get_operations()
    return num_bytes(
        output
        for operation in operations
        if operation.type not in _NO_MEMORY
        for output in operation.outputs
        if output.dtype.is_floating and output.shape.is_fully_defined()
    )
