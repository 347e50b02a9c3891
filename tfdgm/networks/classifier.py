"""Small networks that tell classes apart: convolutions for images, dense layers for any events."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from tfdgm.core.validation import require_at_least, require_choice
from tfdgm.networks.mlp import ACTIVATIONS, built_sequential


class ClassifierNetwork(keras.layers.Layer):
    """Stages of convolution and pooling, dense hidden layers, and a linear layer to the classes' logits.

    Each stage is a 3x3 convolution, the activation and 2x2 max pooling, whose last window may be cut, so that any
    image size works; without stages an event is flattened. Dropout (Srivastava et al. 2014, section 4) stands before
    each dense layer but one that sees the event itself; its noise is an argument, for it belongs to the global row.

    Attributes:
      num_features: D, units of the last hidden layer.
      num_dropout_units: uniforms that one example's dropout takes; 0 without dropout.
    """

    def __init__(
        self,
        event_shape: Sequence[int],
        num_classes: int,
        *,
        num_filters: Sequence[int] = (),
        hidden_sizes: Sequence[int] = (128,),
        activation: str = "relu",
        dropout_rate: float = 0.0,
        name: str,
    ) -> None:
        """Builds all layers.

        Args:
          event_shape: of x; [H, W, C] where there are stages.
          num_classes: K.
          num_filters: of each stage, the first first.
          hidden_sizes: units of the dense hidden layers.
          activation: of stages and hidden layers, any Keras activation.
          dropout_rate: probability of a unit to be dropped, in [0, 1).
          name: of the network, and the start of its variables' paths.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        super().__init__(name=name)
        require_choice("activation", activation, ACTIVATIONS)
        require_at_least(1, num_filters=min(num_filters, default=1), hidden_sizes=min(hidden_sizes, default=1))
        if not 0.0 <= dropout_rate < 1.0:
            raise ValueError(f"dropout_rate is {dropout_rate}; it must be at least 0 and below 1")
        if num_filters and len(event_shape) != 3:
            raise ValueError(
                f"shape is {tuple(event_shape)}; a convolutional network needs images [height, width, channels]"
            )
        self.dropout_rate = dropout_rate
        with keras.name_scope(name):  # networks of one model share no path
            self.stages = built_sequential(
                [*_stages(num_filters, activation), keras.layers.Flatten()], event_shape, "stages"
            )
            sizes = [int(self.stages.output_shape[-1]), *hidden_sizes]
            self.hidden = [
                _built(keras.layers.Dense(size, activation=activation, name=f"hidden_{index}"), sizes[index])
                for index, size in enumerate(hidden_sizes)
            ]
            self.outputs = _built(keras.layers.Dense(num_classes, name="outputs"), sizes[-1])
        self.num_features = sizes[-1]
        self._dropped = [0 if index == 0 and not num_filters else size for index, size in enumerate(sizes)]
        self.num_dropout_units = sum(self._dropped) if dropout_rate else 0
        self.built = True

    def features(self, x: tf.Tensor, noise: tf.Tensor | None = None) -> tf.Tensor:
        """What the last layer sees: the last hidden layer after its activation, [B, *event_shape] to [B, D].

        Args:
          x: [B, *event_shape].
          noise: uniforms [B, num_dropout_units] in [0, 1) of dropout; None: none is dropped.
        """
        noises = tf.split(noise, self._dropped, axis=1) if noise is not None else [None] * len(self._dropped)
        h = self._dropout(self.stages(x), noises[0])
        for layer, layer_noise in zip(self.hidden, noises[1:], strict=True):
            h = self._dropout(layer(h), layer_noise)
        return h

    def call(self, x: tf.Tensor, noise: tf.Tensor | None = None) -> tf.Tensor:
        """Logits [B, K]; arguments as of `features`."""
        return self.outputs(self.features(x, noise))

    def _dropout(self, h: tf.Tensor, noise: tf.Tensor | None) -> tf.Tensor:
        """Drops each unit with probability r and multiplies what is left by 1 / (1 - r), so that the mean stays."""
        if noise is None or not noise.shape[-1]:
            return h
        return tf.where(noise < self.dropout_rate, tf.zeros_like(h), h / (1.0 - self.dropout_rate))


def _stages(num_filters: Sequence[int], activation: str) -> list[keras.Layer]:
    layers: list[keras.Layer] = []
    for index, filters in enumerate(num_filters):
        layers.append(keras.layers.Conv2D(filters, 3, padding="same", activation=activation, name=f"conv_{index}"))
        layers.append(keras.layers.MaxPooling2D(2, padding="same", name=f"pool_{index}"))
    return layers


def _built(layer: keras.Layer, input_size: int) -> keras.Layer:
    layer.build((None, input_size))
    return layer
