"""What draws x from noise and what it is conditioned on."""

from collections.abc import Sequence

import keras

from tfdgm.networks.dcgan import dcgan_generator
from tfdgm.networks.mlp import mlp


def generator_network(
    input_size: int,
    shape: Sequence[int],
    *,
    network: str,
    hidden_sizes: Sequence[int],
    num_filters: Sequence[int],
    activation: str,
    normalization: str,
    dense_sizes: Sequence[int] = (),
) -> keras.Sequential:
    """G: [B, input_size] to [B, *shape], by `network`, `dcgan` or `mlp`; the fields are those of `GANConfig`."""
    if network == "dcgan":
        return dcgan_generator(
            input_size, shape, num_filters, normalization=normalization, dense_sizes=dense_sizes, name="generator"
        )
    return mlp([input_size], hidden_sizes, shape, activation=activation, name="generator")
