"""The directed part of a deep belief net: layers that are read upwards by q and downwards by p."""

import itertools
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfdgm.math.units import BERNOULLI
from tfdgm.networks.belief_layer import BeliefLayer

States = list[tf.Tensor]


class DirectedLayers(keras.layers.Layer):
    """Binary layers v = h_0, h_1, ..., h_D; `states` of all of them are a list from the data up.

    Attributes:
      layers: D of them, the data's neighbour first.
      sizes: units of h_0 to h_D.
    """

    def __init__(self, sizes: Sequence[int], *, centered: bool, name: str = "directed") -> None:
        """Args: sizes: at least two. centered: see `HarmoniumLayer`."""
        super().__init__(name=name)
        self.sizes = tuple(sizes)
        self.layers = [
            BeliefLayer(*pair, centered=centered, name=f"rbm_{number}")
            for number, pair in enumerate(itertools.pairwise(sizes), 1)
        ]
        self.built = True

    def infer(self, v: tf.Tensor, noise: tf.Tensor, depth: int | None = None) -> States:
        """States h_0 = v, h_1, ..., h_depth from q, by uniforms [N, h_1 + ... + h_depth]; all D layers by default."""
        states, layers = [v], self.layers[:depth]
        for layer, uniform in zip(layers, _parts(noise, self.sizes[1 : len(layers) + 1]), strict=True):
            states.append(BERNOULLI.sample(layer.recognition_field(states[-1]), uniform))
        return states

    def infer_mean(self, v: tf.Tensor, depth: int | None = None) -> tf.Tensor:
        """h_depth with every layer at its mean given the mean below: [N, h_0] to [N, h_depth]."""
        for layer in self.layers[:depth]:
            v = tf.sigmoid(layer.recognition_field(v))
        return v

    def generate(self, h: tf.Tensor, noise: tf.Tensor) -> tuple[States, tf.Tensor]:
        """States h_0, ..., h_D = h from p, by uniforms [N, h_0 + ... + h_{D-1}], and E[h_0 | h_1]."""
        states, field = [h], h
        for layer, uniform in zip(self.layers[::-1], _parts(noise, self.sizes[:-1])[::-1], strict=True):
            field = layer.generative_field(states[0])
            states = [BERNOULLI.sample(field, uniform), *states]
        return states, tf.sigmoid(field)

    def generate_mean(self, h: tf.Tensor, depth: int | None = None) -> tf.Tensor:
        """h_0 with every layer at its mean given the mean above: h_depth, [N, h_D] by default, to [N, h_0]."""
        for layer in reversed(self.layers[:depth]):
            h = tf.sigmoid(layer.generative_field(h))
        return h

    def generative_fields(self, states: States) -> States:
        """Logits of h_0, ..., h_{D-1}, each given the state above it."""
        return [layer.generative_field(above) for layer, above in zip(self.layers, states[1:], strict=True)]

    def recognition_fields(self, states: States) -> States:
        """Logits of h_1, ..., h_D, each given the state below it."""
        return [layer.recognition_field(below) for layer, below in zip(self.layers, states[:-1], strict=True)]

    def generative_variables(self) -> list[Any]:
        """Those of p."""
        return [variable for layer in self.layers for variable in (layer.kernel, layer.visible_bias)]

    def recognition_variables(self) -> list[Any]:
        """Those of q."""
        return [variable for layer in self.layers for variable in (layer.recognition_kernel, layer.hidden_bias)]


def _parts(noise: tf.Tensor, sizes: Sequence[int]) -> States:
    """Parts of these sizes of the last dimension; there may be none."""
    return tf.split(noise, sizes, axis=-1) if sizes else []
