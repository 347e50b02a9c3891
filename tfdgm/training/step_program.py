"""A traced step as plain numbers: operations in order, what each reads and writes, bytes and FLOPs; nothing is run.

Functions that the graph calls, branches and loops are programs of their own inside it.
"""

import collections
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfdgm.core.sizes import num_bytes
from tfdgm.training.operation_flops import operation_flops

_BRANCHES = ("then_branch", "else_branch")
_CALLEES = ("f", *_BRANCHES, "body")

# What they give is no memory of the step's: it belongs to the caller, to a variable or to the graph.
_BORROWED = frozenset({"Const", "Placeholder", "ReadVariableOp", "VarHandleOp"})


@dataclasses.dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
      kind: TensorFlow's name of it, such as `MatMul`.
      inputs: numbers of the tensors it reads.
      outputs: of those it writes.
      callees: programs that it runs: a function, all branches, a loop's body.
      num_passes: how often a loop's body is run; 1 where that is not known.
    """

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    callees: tuple["Program", ...] = ()
    num_passes: int = 1


@dataclasses.dataclass(frozen=True)
class Program:
    """What a graph does that its results or variables depend on.

    Attributes:
      operations: in the order in which they are run: what can be run first, first.
      sizes: bytes of the tensors, by number; 0 for those that are no memory of the step's.
      flops: of the operations, those of callees apart.
      results: numbers of the tensors that it gives.
      num_open_loops: loops of which the graph does not say how often they are run.
      num_unknown: floating-point tensors whose size the graph does not say.
    """

    operations: tuple[Operation, ...]
    sizes: np.ndarray
    flops: np.ndarray
    results: tuple[int, ...]
    num_open_loops: int
    num_unknown: int

    @property
    def kinds(self) -> list[str]:
        """Of the operations."""
        return [operation.kind for operation in self.operations]


def read_program(graph: Any) -> Program:
    """The program of a `FuncGraph` traced with known shapes."""
    operations = _in_order(graph)
    numbers = {id(tensor): number for number, tensor in enumerate(t for op in operations for t in op.outputs)}
    sizes, read, num_loops, num_unknown = np.zeros(len(numbers)), [], 0, 0
    for op in operations:
        callees, num_passes = _callees(graph, op), _num_passes(op)
        outputs = tuple(numbers[id(tensor)] for tensor in op.outputs)
        sizes[list(outputs)] = _output_sizes(op, callees)
        num_unknown += sum(t.dtype.is_floating and not t.shape.is_fully_defined() for t in op.outputs)
        num_unknown += sum(callee.num_unknown for callee in callees)
        num_loops += sum(callee.num_open_loops for callee in callees) + (num_passes is None)
        inputs = tuple(numbers[id(tensor)] for tensor in op.inputs)
        read.append(Operation(op.type, inputs, outputs, callees, num_passes or 1))
    flops = np.array([operation_flops(op) for op in operations], float)
    results = tuple(numbers[id(tensor)] for tensor in graph.outputs)
    return Program(tuple(read), sizes, flops, results, num_loops, num_unknown)


def at_rows(programs: Sequence[Program], rows: Sequence[int], num_rows: int) -> Program:
    """The program of one step at `num_rows` rows, from those at two other numbers: every size is linear in the rows.

    Args:
      programs: two of them.
      rows: of each.
      num_rows: wanted.

    Raises:
      ValueError: when both do not consist of the same operations.
    """
    weight = (num_rows - rows[0]) / (rows[1] - rows[0])
    return _combined(*programs, lambda first, second: np.maximum(first + weight * (second - first), 0.0))


def row_share(programs: Sequence[Program], rows: Sequence[int], num_rows: int) -> Program:
    """As `at_rows`, but with only that part of each size that grows with the rows."""
    share = num_rows / (rows[1] - rows[0])
    return _combined(*programs, lambda first, second: share * (second - first))


def total_flops(program: Program) -> float:
    """Of one run, a multiplication and an addition counted as two; of branches those of the longest."""
    own = float(program.flops.sum())
    return own + sum(
        operation.num_passes * max(total_flops(callee) for callee in operation.callees)
        for operation in program.operations
        if operation.callees
    )


def _combined(first: Program, second: Program, combine: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Program:
    if first.kinds != second.kinds:
        raise ValueError(
            "the step's operations differ from one number of rows to another, so sizes at others are unknown"
        )
    pairs = zip(first.operations, second.operations, strict=True)
    callees = [[_combined(*each, combine) for each in zip(a.callees, b.callees, strict=True)] for a, b in pairs]
    operations = (dataclasses.replace(a, callees=tuple(c)) for a, c in zip(first.operations, callees, strict=True))
    return dataclasses.replace(
        first,
        operations=tuple(operations),
        sizes=combine(first.sizes, second.sizes),
        flops=combine(first.flops, second.flops),
    )


def _in_order(graph: Any) -> list[tf.Operation]:
    """What can be run first is run first, as TensorFlow's executor has it with one thread."""
    needed = _needed(graph)
    before = {op: {*(tensor.op for tensor in op.inputs), *op.control_inputs} for op in needed}
    after = collections.defaultdict(list)
    for op, earlier in before.items():
        for each in earlier:
            after[each].append(op)
    num_open = {op: len(earlier) for op, earlier in before.items()}
    ready, order = collections.deque(op for op in needed if not num_open[op]), []
    while ready:
        order.append(ready.popleft())
        for op in after[order[-1]]:
            num_open[op] -= 1
            if not num_open[op]:
                ready.append(op)
    return order


def _needed(graph: Any) -> list[tf.Operation]:
    """Without what the results and the operations with an effect do not depend on; TensorFlow leaves that out too."""
    left = [tensor.op for tensor in graph.outputs] + list(graph.control_outputs)
    found = set(left)
    while left:
        op = left.pop()
        new = {tensor.op for tensor in op.inputs}.union(op.control_inputs) - found
        found |= new
        left.extend(new)
    return [op for op in graph.get_operations() if op in found]


def _callees(graph: Any, op: tf.Operation) -> tuple[Program, ...]:
    names = [op.get_attr(name).name for name in _CALLEES if _has_function(op, name)]
    return tuple(read_program(graph._get_function(name).graph) for name in names)


def _has_function(op: tf.Operation, name: str) -> bool:
    return name in op.node_def.attr and op.node_def.attr[name].HasField("func")


def _num_passes(op: tf.Operation) -> int | None:
    """Of a loop, from the most passes that it is allowed; None where there is no such number."""
    if not _has_function(op, "body"):
        return 1
    most = tf.get_static_value(op.inputs[1])  # the counter comes first, then this
    return int(most) if most is not None and np.ndim(most) == 0 and most > 0 else None


def _output_sizes(op: tf.Operation, callees: tuple[Program, ...]) -> list[int]:
    if op.type in _BORROWED:
        return [0] * len(op.outputs)
    sizes = [_num_bytes(tensor) for tensor in op.outputs]
    if len(callees) == 1 and _has_function(op, "f"):  # a function may hand out what is borrowed
        lent = _borrowed(callees[0])
        sizes = [0 if result in lent else size for size, result in zip(sizes, callees[0].results, strict=True)]
    return sizes


def _borrowed(program: Program) -> set[int]:
    found: set[int] = set()
    for operation in program.operations:
        if operation.kind in _BORROWED or (operation.kind == "Identity" and found.issuperset(operation.inputs)):
            found.update(operation.outputs)
    return found


def _num_bytes(tensor: tf.Tensor) -> int:
    if tensor.dtype in (tf.resource, tf.variant, tf.string) or not tensor.shape.is_fully_defined():
        return 0
    return num_bytes([tensor])
