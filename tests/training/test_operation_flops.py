"""FLOPs against counts by hand, and against TensorFlow's own profiler where it counts."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.training.operation_flops import operation_flops

B, H, C, D, K = 3, 8, 5, 7, 3


def _graph(function, *shapes):
    return tf.function(function, autograph=False).get_concrete_function(*map(tf.TensorSpec, shapes)).graph


def _flops(graph):
    return {op.type: operation_flops(op) for op in graph.get_operations() if operation_flops(op)}


def _profiled(graph):
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    return tf.compat.v1.profiler.profile(graph, options=options).total_float_ops


def test_a_product_of_matrices():
    graph = _graph(lambda a, b: tf.matmul(a, b, transpose_a=True), (C, B), (C, D))
    assert _flops(graph) == {"MatMul": 2 * B * C * D}
    assert _profiled(graph) == 2 * B * C * D


@pytest.mark.parametrize("transposed", [False, True])
def test_a_batch_of_products(transposed):
    shape = (B, H, D, C) if transposed else (B, H, C, D)
    graph = _graph(lambda a, b: tf.matmul(a, b, transpose_a=transposed), shape, (B, H, D, K))
    assert _flops(graph) == {"BatchMatMulV2": 2 * B * H * C * D * K}


def test_an_einsum_has_the_product_of_all_indices():
    graph = _graph(lambda a, b: tf.einsum("bhc,hcd->bhd", a, b), (B, H, C), (H, C, D))
    assert list(_flops(graph).values()) == [2 * B * H * C * D]


def _convolution_and_gradients(x, kernel):
    with tf.GradientTape() as tape:
        tape.watch([x, kernel])
        y = tf.nn.conv2d(x, kernel, strides=2, padding="SAME")
    return tape.gradient(y, [x, kernel])


def test_a_convolution_and_its_gradients_multiply_the_same_pairs():
    graph = _graph(_convolution_and_gradients, (B, H, H, C), (K, K, C, D))
    pairs = B * (H // 2) ** 2 * K * K * C * D  # with those at the rim, as is usual
    kinds = ("Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter")
    assert _flops(graph) == dict.fromkeys(kinds, 2 * pairs)


def test_a_convolution_by_the_profiler():
    graph = _graph(lambda x, kernel: tf.nn.conv2d(x, kernel, strides=1, padding="SAME"), (B, H, H, C), (K, K, C, D))
    assert _profiled(graph) == sum(_flops(graph).values()) == 2 * B * H * H * K * K * C * D


def test_a_depthwise_convolution():
    graph = _graph(
        lambda x, kernel: tf.nn.depthwise_conv2d(x, kernel, (1, 1, 1, 1), "SAME"), (B, H, H, C), (K, K, C, 2)
    )
    assert _flops(graph) == {"DepthwiseConv2dNative": 2 * B * H * H * K * K * C * 2}


def test_what_has_no_known_shape_and_what_is_elementwise_counts_nothing():
    assert not _flops(_graph(tf.matmul, (None, C), (C, D)))
    assert not _flops(_graph(lambda a: tf.nn.relu(a) + np.float32(1.0), (B, C)))
