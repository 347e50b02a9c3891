"""A generator and a critic that grow level by level, each doubling the sides (Karras et al. 2018, figure 2, table 2).

Level l has images of 2^l times the smallest size. All layers exist from the start; a call says at which level it is,
and in a fade how far the newest layers count: alpha = 0 leaves the network of the level below, alpha = 1 the new one.
"""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfdgm.math.resolution import averaged, blended, repeated
from tfdgm.networks.equalized import EqualizedConv2D, EqualizedDense

_SLOPE, _EPSILON = 0.2, 1e-8


def pixel_norm(x: tf.Tensor) -> tf.Tensor:
    """a / sqrt(mean_j a_j^2 + 1e-8) over the channels: [..., C].

    References:
      Karras et al. (2018), section 4.2.
    """
    wide = _wide(x)
    return tf.cast(wide * tf.math.rsqrt(tf.reduce_mean(tf.square(wide), axis=-1, keepdims=True) + _EPSILON), x.dtype)


def minibatch_stddev(x: tf.Tensor, group_size: int) -> tf.Tensor:
    """Appends a channel that tells how much rows differ: [B, H, W, C] to [B, H, W, C + 1].

    Its value is one for each group of `group_size` contiguous rows: the standard deviation of every feature and place
    over the group, averaged over features and places. A last group may be smaller.

    References:
      Karras et al. (2018), section 3.
    """
    wide, (height, width, channels) = _wide(x), x.shape[1:]
    num_rows = tf.shape(x)[0]
    num_groups = -(-num_rows // group_size)
    rest = num_groups * group_size - num_rows
    shape = [num_groups, group_size, height, width, channels]
    groups = tf.reshape(tf.pad(wide, [[0, rest], [0, 0], [0, 0], [0, 0]]), shape)
    is_row = tf.cast(tf.range(num_groups * group_size) < num_rows, wide.dtype)
    is_row = tf.reshape(is_row, [num_groups, group_size, 1, 1, 1])
    sizes = tf.reduce_sum(is_row, axis=1, keepdims=True)
    deviation = is_row * (groups - tf.reduce_sum(groups, axis=1, keepdims=True) / sizes)
    stddev = tf.sqrt(tf.reduce_sum(tf.square(deviation), axis=1, keepdims=True) / sizes + _EPSILON)
    by_group = tf.reduce_mean(stddev, axis=[2, 3, 4], keepdims=True)
    maps = tf.reshape(tf.broadcast_to(by_group, [*shape[:-1], 1]), [-1, height, width, 1])[:num_rows]
    return tf.concat([x, tf.cast(maps, x.dtype)], axis=-1)


class GrowingGenerator(keras.layers.Layer):
    """Latents [B, D] to unbounded images [B, 2^l height, 2^l width, channels] of level l.

    Level 0 is a dense layer and a convolution; each level above doubles the sides and has two convolutions. Leaky
    ReLU and pixel norm follow all of them. A linear 1x1 convolution a level makes images of its features.
    """

    def __init__(
        self, latent_dim: int, base_size: Sequence[int], num_filters: Sequence[int], num_channels: int, *, name: str
    ) -> None:
        """Builds all levels.

        Args:
          latent_dim: D.
          base_size: height and width at level 0.
          num_filters: of each level, from 0 upwards.
          num_channels: of images.
          name: of the network, and the start of its variables' paths.
        """
        super().__init__(name=name)
        self.base_shape = (*base_size, num_filters[0])
        self.dense = _dense(latent_dim, base_size[0] * base_size[1] * num_filters[0], name=f"{name}_0_dense")
        below = (num_filters[0], *num_filters[:-1])
        self.blocks = [
            [
                _conv(size, filters, name=f"{name}_{level}_conv_{index}")
                for index, size in enumerate([inputs, filters] if level else [inputs])
            ]
            for level, (inputs, filters) in enumerate(zip(below, num_filters, strict=True))
        ]
        self.to_image = [
            _conv(filters, num_channels, 1, gain=1.0, activation=None, name=f"{name}_{level}_to_image")
            for level, filters in enumerate(num_filters)
        ]
        self.built = True

    def call(self, z: tf.Tensor, level: int, alpha: tf.Tensor | None = None) -> tf.Tensor:
        """Images of `level`; `alpha`, a scalar, where its layers fade in."""
        h = pixel_norm(tf.reshape(self.dense(pixel_norm(z)), [-1, *self.base_shape]))
        below = h
        for index, convolutions in enumerate(self.blocks[: level + 1]):
            below, h = h, repeated(h) if index else h
            for convolution in convolutions:
                h = pixel_norm(convolution(h))
        images = self.to_image[level](h)
        if alpha is None:
            return images
        return blended(repeated(self.to_image[level - 1](below)), images, alpha)

    def active_variables(self, level: int, is_fading: bool) -> list[Any]:
        """The variables that images of `level` depend on."""
        return _variables([self.dense], self.blocks, self.to_image, level, is_fading)


class GrowingCritic(keras.layers.Layer):
    """Images [B, 2^l height, 2^l width, channels] of level l to values [B], the generator's mirror.

    A 1x1 convolution a level makes features of images; each level above 0 has two convolutions and averages down.
    Level 0 has minibatch standard deviation, a convolution, a dense layer and a linear one.
    """

    def __init__(
        self, base_size: Sequence[int], num_filters: Sequence[int], num_channels: int, group_size: int, *, name: str
    ) -> None:
        """Builds all levels; arguments as in `GrowingGenerator` and `minibatch_stddev`."""
        super().__init__(name=name)
        self.group_size, first = group_size, num_filters[0]
        below = (first, *num_filters[:-1])
        self.from_image = [
            _conv(num_channels, filters, 1, name=f"{name}_{level}_from_image")
            for level, filters in enumerate(num_filters)
        ]
        self.blocks = [[_conv(first + 1, first, name=f"{name}_0_conv_0")]] + [
            [
                _conv(filters, outputs, name=f"{name}_{level}_conv_{index}")
                for index, outputs in enumerate([filters, below[level]])
            ]
            for level, filters in list(enumerate(num_filters))[1:]
        ]
        self.dense = _dense(base_size[0] * base_size[1] * first, first, name=f"{name}_0_dense")
        self.outputs = _dense(first, 1, gain=1.0, activation=None, name=f"{name}_0_outputs")
        self.built = True

    def call(self, x: tf.Tensor, level: int, alpha: tf.Tensor | None = None) -> tf.Tensor:
        """Values [B]; `level` and `alpha` as in the generator."""
        h = self.from_image[level](x)
        for index in range(level, 0, -1):
            for convolution in self.blocks[index]:
                h = convolution(h)
            h = averaged(h)
            if index == level and alpha is not None:
                h = blended(self.from_image[level - 1](averaged(x)), h, alpha)
        h = self.blocks[0][0](minibatch_stddev(h, self.group_size))
        return self.outputs(self.dense(tf.reshape(h, [-1, self.dense.kernel.shape[0]])))[:, 0]

    def active_variables(self, level: int, is_fading: bool) -> list[Any]:
        """The variables that values of images of `level` depend on."""
        return _variables([self.dense, self.outputs], self.blocks, self.from_image, level, is_fading)


def _wide(x: tf.Tensor) -> tf.Tensor:
    """In float32 at least: squares of 16 bits overflow, and 1e-8 is 0 among them."""
    return x if x.dtype.size >= 4 else tf.cast(x, tf.float32)


def _leaky_relu(x: tf.Tensor) -> tf.Tensor:
    return tf.maximum(x, _SLOPE * x)  # BUILD_NOTES 42


def _conv(inputs: int, filters: int, kernel_size: int = 3, *, activation: Any = _leaky_relu, **kwargs: Any) -> Any:
    layer = EqualizedConv2D(filters, kernel_size, padding="same", activation=activation, **kwargs)
    layer.build((None, None, None, inputs))
    return layer


def _dense(inputs: int, units: int, *, activation: Any = _leaky_relu, **kwargs: Any) -> Any:
    layer = EqualizedDense(units, activation=activation, **kwargs)
    layer.build((None, inputs))
    return layer


def _variables(dense: list, blocks: list[list], of_image: list, level: int, is_fading: bool) -> list[Any]:
    convolutions = [layer for block in blocks[: level + 1] for layer in block]
    layers = [*dense, *convolutions, *of_image[level - is_fading : level + 1]]
    return [variable for layer in layers for variable in layer.trainable_variables]
