"""Bytes of passes and of variables against counts by hand."""

import tensorflow as tf

from tfdgm.models.growth_memory import MemoryEstimate, forward_bytes, step_bytes


def test_a_pass_leaves_what_its_operations_write():
    kernel = tf.Variable(tf.zeros([3, 5]))

    def network(x):
        h = tf.matmul(x, kernel) + 1.0  # the sum takes the product's place
        return tf.reshape(tf.nn.relu(h), [-1])

    assert forward_bytes(network, tf.TensorSpec([7, 3])) == 2 * 7 * 5 * 4
    assert kernel.numpy().sum() == 0.0


def test_the_larger_step_counts():
    assert step_bytes(generator=10, critic=1) == 22
    assert step_bytes(generator=1, critic=10) == 81


def test_a_line_for_people():
    estimate = MemoryEstimate("8", 16, parameters=2**20, optimizer_slots=2**19, activations=5 * 2**20)
    assert str(estimate) == (
        "memory at resolution 8, 16 rows: about 6.5 MiB "
        "(parameters and gradients 1.0, optimizer slots 0.5, activations 5.0)"
    )
