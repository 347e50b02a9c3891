"""FLOPs of the operations that networks spend their time in, by their shapes."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf


def operation_flops(op: tf.Operation) -> int:
    """FLOPs of products of matrices and of convolutions, a multiplication and an addition counted as two; 0 of others.

    Args:
      op: of a graph; 0 also where its shapes are not known.
    """
    count = _COUNTS.get(op.type)
    shapes = [tensor.shape for tensor in (*op.inputs, *op.outputs)]
    return 2 * count(op) if count and all(shape.is_fully_defined() for shape in shapes) else 0


def _size(tensor: tf.Tensor) -> int:
    return int(np.prod(tensor.shape.as_list(), dtype=np.int64))


def _product(op: tf.Operation, transposed: str) -> int:
    """[..., m, k] times [..., k, n]: m n k."""
    return _size(op.outputs[0]) * op.inputs[0].shape[-2 if op.get_attr(transposed) else -1]


def _einsum(op: tf.Operation) -> int:
    """The product of the sizes of all indices."""
    operands = op.get_attr("equation").decode().split("->")[0].split(",")
    sizes = {
        index: size
        for indices, tensor in zip(operands, op.inputs, strict=True)
        for index, size in zip(indices, tensor.shape.as_list(), strict=True)
    }
    return int(np.prod(list(sizes.values()), dtype=np.int64))


def _convolution(kernel: tf.Tensor, places: tf.Tensor) -> int:
    """A kernel [..., inputs, outputs] at each place of an image [B, ..., outputs] that it makes."""
    return _size(places) // places.shape[-1] * _size(kernel)


# Gradients of a convolution multiply the same pairs of numbers as the convolution does.
_COUNTS: dict[str, Callable[[tf.Operation], int]] = {
    "MatMul": lambda op: _product(op, "transpose_a"),
    "BatchMatMulV2": lambda op: _product(op, "adj_x"),
    "Einsum": _einsum,
    "Conv2D": lambda op: _convolution(op.inputs[1], op.outputs[0]),
    "Conv2DBackpropInput": lambda op: _convolution(op.inputs[1], op.inputs[2]),
    "Conv2DBackpropFilter": lambda op: _convolution(op.outputs[0], op.inputs[2]),
    "DepthwiseConv2dNative": lambda op: _convolution(op.inputs[1], op.outputs[0]),
    "DepthwiseConv2dNativeBackpropInput": lambda op: _convolution(op.inputs[1], op.inputs[2]),
    "DepthwiseConv2dNativeBackpropFilter": lambda op: _convolution(op.outputs[0], op.inputs[2]),
}
