"""The convolutional conditioner of Glow's couplings: three convolutions, the last of which starts at zero."""

from collections.abc import Sequence

import keras

from tfdgm.core.validation import require_at_least
from tfdgm.networks.mlp import built_sequential


def glow_conditioner(
    kept_shape: Sequence[int], num_outputs: int, num_filters: int, *, name: str = "conditioner"
) -> keras.Sequential:
    """[B, H, W, C] to [B, H, W, outputs]: 3x3, 1x1 and 3x3 convolutions; zero at the start, so steps change nothing.

    Hidden layers begin by He's rule instead of being normalised by activations as in the paper's code.

    Args:
      kept_shape: [H, W, C] of what it sees.
      num_outputs: channels of what it gives.
      num_filters: of both hidden layers.
      name: of the network, and the start of its variables' paths.

    Raises:
      ValueError: for numbers below 1, or when `kept_shape` is no image's.

    References:
      Kingma & Dhariwal (2018), Glow: generative flow with invertible 1x1 convolutions, sections 3.3 and 5.
      He, Zhang, Ren & Sun (2015), Delving deep into rectifiers, section 2.2.
    """
    require_at_least(1, num_outputs=num_outputs, num_filters=num_filters)
    if len(kept_shape) != 3:
        raise ValueError(f"kept_shape is {tuple(kept_shape)}; a convolution needs [height, width, channels]")
    hidden = {"activation": "relu", "kernel_initializer": "he_normal"}
    layers = [
        keras.layers.Conv2D(num_filters, 3, padding="same", name=f"{name}_first", **hidden),
        keras.layers.Conv2D(num_filters, 1, name=f"{name}_second", **hidden),
        keras.layers.Conv2D(num_outputs, 3, padding="same", kernel_initializer="zeros", name=f"{name}_outputs"),
    ]
    return built_sequential(layers, kept_shape, name)
