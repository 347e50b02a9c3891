"""Strided convolutional encoder and its mirror, for images of any height and width."""

from collections.abc import Sequence

import keras

from tfdgm.core.validation import require_choice
from tfdgm.networks.mlp import ACTIVATIONS, built_sequential


def conv_encoder(
    image_shape: Sequence[int], num_filters: Sequence[int], output_size: int, *, activation: str, name: str
) -> keras.Sequential:
    """[B, H, W, C] to [B, output_size]: stride-2 convolutions, then a linear layer.

    Raises:
      ValueError: when `image_shape` is not [H, W, C], without filters, or for an activation that Keras does not have.
    """
    _require_stages(image_shape, num_filters, activation)
    layers: list[keras.Layer] = [
        keras.layers.Conv2D(filters, 3, strides=2, padding="same", activation=activation) for filters in num_filters
    ]
    layers += [keras.layers.Flatten(), keras.layers.Dense(output_size, name="outputs")]
    return built_sequential(layers, image_shape, name)


def conv_decoder(
    input_size: int, num_filters: Sequence[int], image_shape: Sequence[int], *, activation: str, name: str
) -> keras.Sequential:
    """[B, input_size] to [B, H, W, C]: the mirror of `conv_encoder`.

    Each stage doubles the size and cuts it to that of the encoder's stage, so odd sizes work.

    Raises:
      ValueError: when `image_shape` is not [H, W, C], without filters, or for an activation that Keras does not have.
    """
    _require_stages(image_shape, num_filters, activation)
    height, width, channels = image_shape
    sizes = [(height, width)]
    for _ in num_filters:
        sizes.append((-(-sizes[-1][0] // 2), -(-sizes[-1][1] // 2)))
    first = (*sizes[-1], num_filters[-1])
    layers: list[keras.Layer] = [
        keras.layers.Dense(first[0] * first[1] * first[2], activation=activation),
        keras.layers.Reshape(first),
    ]
    # The last stage gives the image itself and is linear.
    stages = [*((filters, activation) for filters in reversed(num_filters[:-1])), (channels, None)]
    for (filters, function), size, target in zip(stages, sizes[:0:-1], sizes[-2::-1], strict=True):
        layers += [
            keras.layers.Conv2DTranspose(filters, 3, strides=2, padding="same", activation=function),
            keras.layers.Cropping2D(((0, 2 * size[0] - target[0]), (0, 2 * size[1] - target[1]))),
        ]
    return built_sequential(layers, (input_size,), name)


def _require_stages(image_shape: Sequence[int], num_filters: Sequence[int], activation: str) -> None:
    require_choice("activation", activation, ACTIVATIONS)
    if not num_filters:
        raise ValueError(f"num_filters is {tuple(num_filters)}; it needs the filters of at least one stage")
    if len(image_shape) != 3:
        raise ValueError(
            f"shape is {tuple(image_shape)}; a convolutional network needs images [height, width, channels]"
        )
