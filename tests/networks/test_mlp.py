"""Fully connected networks between event shapes."""

import pytest
import tensorflow as tf

from tfdgm.networks.mlp import mlp


@pytest.mark.parametrize(
    ("input_shape", "hidden_sizes", "output_shape"),
    [((3,), (), (2,)), ((4, 3, 1), (5, 6), (2,)), ((2,), (5,), (4, 3, 3))],
)
def test_shapes(input_shape, hidden_sizes, output_shape):
    network = mlp(input_shape, hidden_sizes, output_shape, name="net")
    assert network(tf.zeros([7, *input_shape])).shape == (7, *output_shape)
    assert len(network.trainable_variables) == 2 * (len(hidden_sizes) + 1)
    assert all(variable.path.startswith("net/") for variable in network.variables)


def test_last_layer_is_linear_and_the_others_are_not():
    network = mlp((3,), (4,), (2,), activation="tanh", name="net")
    names = [layer.activation.__name__ for layer in network.layers]
    assert names == ["tanh", "linear"]
    assert network.get_layer("outputs").units == 2
