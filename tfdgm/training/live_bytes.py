"""How many bytes a traced step has in use at once, run operation after operation."""

import collections

from tfdgm.training.step_program import Operation, Program

# What they give is their input under another name.
_ALIASES = frozenset(
    {"Bitcast", "CheckNumerics", "EnsureShape", "ExpandDims", "Identity", "IdentityN", "PreventGradient", "Reshape",
     "Squeeze", "StopGradient"}
)  # fmt: skip

# They ask for a shape, which TensorFlow knows beforehand.
_SHAPES = frozenset({"OnesLike", "Rank", "Shape", "ShapeN", "Size", "VariableShape", "ZerosLike"})

# They write over an input of the same size that nothing else needs.
_IN_PLACE = frozenset(
    {"Abs", "Add", "AddN", "AddV2", "BiasAdd", "ClipByValue", "Cos", "DivNoNan", "Elu", "EluGrad", "Erf", "Exp",
     "Expm1", "LeakyRelu", "LeakyReluGrad", "Log", "Log1p", "LogSoftmax", "Maximum", "Minimum", "Mul", "MulNoNan",
     "Neg", "Pow", "RealDiv", "Reciprocal", "Relu", "ReluGrad", "Rsqrt", "RsqrtGrad", "SelectV2", "Sigmoid",
     "SigmoidGrad", "Sign", "Sin", "Softmax", "Softplus", "SoftplusGrad", "Sqrt", "SqrtGrad", "Square",
     "SquaredDifference", "Sub", "Tanh", "TanhGrad"}
)  # fmt: skip


def peak_bytes(program: Program) -> float:
    """The most bytes in use at once, what the program gives among them, but not what it is given."""
    memory = _Memory(program)
    for operation in program.operations:
        memory.run(operation)
    return float(memory.peak)


class _Memory:
    """What is in use between two operations, and the most that there was."""

    def __init__(self, program: Program) -> None:
        self.in_use = self.peak = 0.0
        self._sizes = program.sizes
        self._uses = collections.Counter(program.results)  # how often each tensor is read
        for operation in program.operations:
            if operation.kind not in _SHAPES:
                self._uses.update(operation.inputs)
        self._buffer: dict[int, int] = {}  # of a tensor: the tensor that first had it
        self._waiting: collections.Counter[int] = collections.Counter()  # uses that are still to come, of a buffer

    def run(self, operation: Operation) -> None:
        """One operation: what it gives comes, then what nothing needs any more goes."""
        inputs = () if operation.kind in _SHAPES else operation.inputs
        reads = collections.Counter(self._buffer[tensor] for tensor in inputs)
        for index, output in enumerate(operation.outputs):
            self._buffer[output] = self._taken(operation, index, reads)
        for output in operation.outputs:
            self._waiting[self._buffer[output]] += self._uses[output]
        new = sum(self._sizes[output] for output in operation.outputs if self._buffer[output] == output)
        inside = max((peak_bytes(callee) for callee in operation.callees), default=0.0)
        self.peak = max(self.peak, self.in_use + max(new, inside))
        self._waiting.subtract(reads)
        touched = {*reads, *(self._buffer[output] for output in operation.outputs)}
        self.in_use += new - sum(self._sizes[each] for each in touched if not self._waiting[each])

    def _taken(self, operation: Operation, index: int, reads: collections.Counter[int]) -> int:
        """The buffer that an output is in: an input's, or its own."""
        output = operation.outputs[index]
        if operation.kind in _ALIASES:
            return self._buffer[operation.inputs[index]]
        if operation.kind in _IN_PLACE:
            for mine in reads:
                if self._waiting[mine] == reads[mine] and self._sizes[mine] == self._sizes[output] > 0:
                    return mine
        return output
