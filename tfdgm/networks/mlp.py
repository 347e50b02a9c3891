"""Fully connected networks between any event shapes."""

from collections.abc import Sequence

import keras
import numpy as np

from tfdgm.core.validation import require_choice

ACTIVATIONS = tuple(
    name
    for name, value in vars(keras.activations).items()
    if callable(value) and name not in ("deserialize", "get", "serialize")
)


def mlp(
    input_shape: Sequence[int],
    hidden_sizes: Sequence[int],
    output_shape: Sequence[int],
    *,
    activation: str = "relu",
    name: str,
) -> keras.Sequential:
    """A built network [B, *input_shape] to [B, *output_shape]; the last layer is linear.

    Args:
      input_shape: event shape of the input.
      hidden_sizes: units of the hidden layers.
      output_shape: event shape of the output.
      activation: of the hidden layers.
      name: of the network, and the start of its variables' paths.

    Raises:
      ValueError: for an activation that Keras does not have.
    """
    require_choice("activation", activation, ACTIVATIONS)
    layers: list[keras.Layer] = [keras.layers.Flatten()] if len(input_shape) > 1 else []
    layers += [
        keras.layers.Dense(size, activation=activation, name=f"hidden_{index}")
        for index, size in enumerate(hidden_sizes)
    ]
    layers += [keras.layers.Dense(int(np.prod(output_shape)), name="outputs")]
    layers += [keras.layers.Reshape(output_shape)] if len(output_shape) > 1 else []
    return built_sequential(layers, input_shape, name)


def built_sequential(layers: list[keras.Layer], input_shape: Sequence[int], name: str) -> keras.Sequential:
    """The layers as one network whose variables exist at once."""
    network = keras.Sequential(layers, name=name)
    network.build((None, *input_shape))
    return network
