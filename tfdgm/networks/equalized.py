"""Layers with an equalised learning rate (Karras et al. 2018, section 4.1).

    outputs = c W * inputs + b,   W ~ N(0, 1),   c = gain / sqrt(fan_in)

He's constant acts at run time and not at the start. A step of Adam has a size that the scale of a gradient has no part
in; so it moves each layer's effective weights c W by the same share of their spread.
"""

import math
from typing import Any

import keras
import tensorflow as tf

from tfdgm.networks.kernels import finished

HE_GAIN = math.sqrt(2.0)  # keeps the variance through rectifiers; before a linear output it is 1


class _EqualizedKernel(keras.layers.Layer):
    """What both layers share: the kernel's start, and its scale."""

    def __init__(self, *args: Any, gain: float = HE_GAIN, **kwargs: Any) -> None:
        """Args: gain: of the layer. The rest is Keras's."""
        super().__init__(*args, kernel_initializer=keras.initializers.RandomNormal(stddev=1.0), **kwargs)
        self.gain = gain

    def scaled_kernel(self) -> tf.Tensor:
        """c W, of the kernel's shape and the layer's compute dtype."""
        kernel = self.kernel.value  # the whole precision of the variable, whatever the layer computes in
        fan_in = math.prod(kernel.shape[:-1])
        return tf.cast(kernel * (self.gain / math.sqrt(fan_in)), self.compute_dtype)


class EqualizedDense(_EqualizedKernel, keras.layers.Dense):
    """Dense, its kernel scaled."""

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """[..., inputs] to [..., units]."""
        del training
        return finished(self, tf.matmul(inputs, self.scaled_kernel()))


class EqualizedConv2D(_EqualizedKernel, keras.layers.Conv2D):
    """Conv2D, its kernel scaled; fan_in is height * width * inputs."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """[B, H, W, C] to [B, H', W', filters]."""
        return finished(self, self.convolution_op(inputs, self.scaled_kernel()))
