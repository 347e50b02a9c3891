"""Generator and discriminator of Radford, Metz & Chintala (2016), for images of any size that strides divide."""

from collections.abc import Sequence

import keras

from tfdgm.core.validation import require_choice
from tfdgm.networks.mlp import built_sequential
from tfdgm.networks.spectral_norm import SpectralConv2D, SpectralDense

_KERNEL_SIZE, _SLOPE = 5, 0.2

NORMALIZATIONS = ("none", "batch", "layer", "spectral")  # the last one of the kernels


def dcgan_generator(
    input_size: int,
    image_shape: Sequence[int],
    num_filters: Sequence[int],
    *,
    normalization: str,
    dense_sizes: Sequence[int] = (),
    name: str,
) -> keras.Sequential:
    """[B, input_size] to [B, H, W, C]: dense layers, a stride-2 stage for each of `num_filters`, the last one linear.

    Args:
      input_size: of the noise, and what it is conditioned on.
      image_shape: [H, W, C].
      num_filters: filters at each size from the largest to the smallest, as in the discriminator.
      normalization: `none`, `batch` or `layer`, after every layer but the last. By `batch` the smallest image is
        normalised by channel, and behind other dense layers by unit: what these put out has a mean, and the pattern
        that it makes in the image, the same in all rows, would else drown what tells rows apart.
      dense_sizes: units of dense layers before that of the smallest image, from the last to the first.
      name: of the network.

    Raises:
      ValueError: naming a field with a value that it cannot have, sizes with the nearest ones that strides divide.
    """
    require_choice("generator_normalization", normalization, ("none", "batch", "layer"))
    height, width = _smallest(image_shape, num_filters)
    first = (height, width, num_filters[-1])
    layers: list[keras.Layer] = []
    for size in reversed(dense_sizes):
        layers += [
            keras.layers.Dense(size, **_dense(normalization)),
            *_normalized(normalization, rank=1),
            keras.layers.ReLU(),
        ]
    reshape, normalized = keras.layers.Reshape(first), _normalized(normalization, rank=1 if dense_sizes else 3)
    layers += [
        keras.layers.Dense(first[0] * first[1] * first[2], **_dense(normalization)),
        *([*normalized, reshape] if dense_sizes else [reshape, *normalized]),
        keras.layers.ReLU(),
    ]
    for filters in reversed(num_filters[:-1]):
        layers += [_upsampling(filters, normalization), *_normalized(normalization), keras.layers.ReLU()]
    layers += [_upsampling(image_shape[-1], "none")]
    return built_sequential(layers, (input_size,), name)


def dcgan_features(
    image_shape: Sequence[int],
    num_filters: Sequence[int],
    *,
    normalization: str,
    dense_sizes: Sequence[int] = (),
    name: str,
) -> keras.Sequential:
    """[B, H, W, C] to features [B, D]: stride-2 convolutions with leaky ReLU, then the dense layers.

    Arguments are as in `dcgan_generator`, `dense_sizes` from the first to the last. `normalization` may be `spectral`
    besides; the first convolution has no other (Radford et al., section 3).
    """
    require_choice("discriminator_normalization", normalization, NORMALIZATIONS)
    layers = _downsampling(image_shape, num_filters, normalization)
    dense = SpectralDense if normalization == "spectral" else keras.layers.Dense
    for index, size in enumerate(dense_sizes, len(num_filters)):
        layers += [
            dense(size, **_dense(normalization)),
            *_normalized(normalization, rank=1),
            keras.layers.Activation(_leaky_relu, name=f"leaky_relu_{index}"),
        ]
    return built_sequential(layers, image_shape, name)


def dcgan_encoder(
    image_shape: Sequence[int], num_filters: Sequence[int], output_size: int, *, normalization: str, name: str
) -> keras.Sequential:
    """[B, H, W, C] to [B, output_size]: the layers of `dcgan_features`, then a linear one."""
    require_choice("normalization", normalization, ("none", "batch", "layer"))
    layers = _downsampling(image_shape, num_filters, normalization)
    return built_sequential([*layers, keras.layers.Dense(output_size, name="outputs")], image_shape, name)


def _downsampling(
    image_shape: Sequence[int], num_filters: Sequence[int], normalization: str
) -> list[keras.layers.Layer]:
    _smallest(image_shape, num_filters)
    convolution = SpectralConv2D if normalization == "spectral" else keras.layers.Conv2D
    layers: list[keras.Layer] = []
    for index, filters in enumerate(num_filters):
        kind = normalization if index else "none"
        layers += [
            convolution(filters, _KERNEL_SIZE, strides=2, padding="same", **_dense(kind)),
            *_normalized(kind),
            keras.layers.Activation(_leaky_relu, name=f"leaky_relu_{index}"),
        ]
    return [*layers, keras.layers.Flatten()]


def _leaky_relu(x: keras.KerasTensor) -> keras.KerasTensor:
    # Not LeakyReLU: after a convolution with a bias grappler's remapper fails on it, with a message at every start.
    return keras.ops.maximum(x, _SLOPE * x)


def _upsampling(filters: int, normalization: str) -> keras.layers.Layer:
    return keras.layers.Conv2DTranspose(filters, _KERNEL_SIZE, strides=2, padding="same", **_dense(normalization))


def _dense(normalization: str) -> dict[str, object]:
    """A layer's bias and first weights: before batch normalisation as in Radford et al., section 4."""
    if normalization == "batch":
        return {"use_bias": False, "kernel_initializer": keras.initializers.RandomNormal(stddev=0.02)}
    return {}


def _normalized(normalization: str, rank: int = 3) -> list[keras.layers.Layer]:
    """What follows a layer whose outputs have `rank` axes besides that of the batch."""
    if normalization == "batch":
        return [keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5, synchronized=True)]
    if normalization == "layer":
        return [keras.layers.LayerNormalization(axis=tuple(range(-rank, 0)), epsilon=1e-5)]
    return []


def _smallest(image_shape: Sequence[int], num_filters: Sequence[int]) -> tuple[int, int]:
    if not num_filters or min(num_filters) < 1:
        raise ValueError(f"num_filters is {tuple(num_filters)}; it needs at least one stage, each of at least 1 filter")
    if len(image_shape) != 3:
        raise ValueError(f"shape is {tuple(image_shape)}; a DCGAN needs images [height, width, channels]")
    step = 2 ** len(num_filters)
    for field, size in zip(("image_height", "image_width"), image_shape[:2], strict=True):
        if size % step:
            below, above = size // step * step, -(-size // step) * step
            nearest = f"{below} or {above}" if below else str(above)
            raise ValueError(
                f"data.{field} is {size}; {len(num_filters)} stages of stride 2 need a multiple of {step}: {nearest}"
            )
    return image_shape[0] // step, image_shape[1] // step
