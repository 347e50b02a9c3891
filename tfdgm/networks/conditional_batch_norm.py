"""Batch normalisation whose gain and bias depend on a condition (Dumoulin et al. 2017; de Vries et al. 2017).

    y = (1 + gain(c)) (x - mean) / sqrt(variance + epsilon) + bias(c)

Moments are of the global batch, over all replicas, in a training call; else the layer's own running ones.
"""

import keras
import tensorflow as tf

from tfdgm.core.validation import require_at_least
from tfdgm.networks.spectral_norm import SpectralDense

MOMENTUM = 0.9
_EPSILON = 1e-5


class ConditionalBatchNorm(keras.layers.Layer):
    """Gain and bias linear in the condition, by spectrally normalised matrices; without a condition they are weights.

    Attributes:
      moments: the normalisation without gain and bias; its `momentum` may be set between calls that are not traced.

    References:
      Dumoulin, Shlens & Kudlur (2017), A learned representation for artistic style, eq. 5.
      Brock, Donahue & Simonyan (2019), Large scale GAN training, section 3.1 and appendix B.
    """

    def __init__(self, num_channels: int, condition_size: int = 0, *, name: str = "norm") -> None:
        """Builds the weights.

        Args:
          num_channels: C.
          condition_size: E of the condition [B, E]; 0 for none.
          name: of the layer.

        Raises:
          ValueError: for sizes that there are not.
        """
        require_at_least(1, num_channels=num_channels)
        require_at_least(0, condition_size=condition_size)
        super().__init__(name=name)
        self.moments = keras.layers.BatchNormalization(
            momentum=MOMENTUM, epsilon=_EPSILON, center=False, scale=False, synchronized=True, name=f"{name}_moments"
        )
        self.moments.build((None, None, None, num_channels))
        self.num_channels, self.condition_size = num_channels, condition_size
        if condition_size:
            self.gain = _linear(condition_size, num_channels, f"{name}_gain")
            self.bias = _linear(condition_size, num_channels, f"{name}_bias")
        else:
            self.gain_weight = self.add_weight(
                shape=(num_channels,), initializer="zeros", aggregation="mean", name="gain"
            )
            self.bias_weight = self.add_weight(
                shape=(num_channels,), initializer="zeros", aggregation="mean", name="bias"
            )
        self.built = True

    def call(
        self,
        x: tf.Tensor,
        condition: tf.Tensor | None = None,
        training: bool = False,
        uses_batch: bool | None = None,
    ) -> tf.Tensor:
        """[B, H, W, C] to the same.

        Args:
          x: [B, H, W, C].
          condition: [B, condition_size], where the layer has one.
          training: moves the vectors of the power iteration.
          uses_batch: normalise by the batch's own moments and move the running ones; None: as `training` says.
        """
        normal = self.moments(x, training=training if uses_batch is None else uses_batch)
        if self.condition_size:
            gain = self.gain(condition, training=training)[:, tf.newaxis, tf.newaxis]
            bias = self.bias(condition, training=training)[:, tf.newaxis, tf.newaxis]
        else:
            gain, bias = tf.cast(self.gain_weight.value, x.dtype), tf.cast(self.bias_weight.value, x.dtype)
        return (1.0 + gain) * normal + bias


def _linear(num_inputs: int, num_outputs: int, name: str) -> SpectralDense:
    layer = SpectralDense(num_outputs, use_bias=False, kernel_initializer="orthogonal", name=name)
    layer.build((None, num_inputs))
    return layer
