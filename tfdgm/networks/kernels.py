"""What layers share that make their kernel anew at each call."""

from typing import Any

import tensorflow as tf


def finished(layer: Any, outputs: tf.Tensor) -> tf.Tensor:
    """Bias and activation of a Keras Dense or Conv2D layer, where it has them: outputs [..., units] to the same."""
    if layer.bias is not None:
        outputs += tf.cast(layer.bias, outputs.dtype)
    return outputs if layer.activation is None else layer.activation(outputs)
