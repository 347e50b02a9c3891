"""The variables of a deep Boltzmann machine: weights, biases, and the running means that centre them."""

import itertools
from collections.abc import Sequence

import keras
import tensorflow as tf

from tfdgm.math.deep_boltzmann import DeepBoltzmann
from tfdgm.math.harmonium import Harmonium
from tfdgm.math.units import BERNOULLI


class DeepBoltzmannLayers(keras.layers.Layer):
    """Owns the parameters of one deep Boltzmann machine and gives them as a `DeepBoltzmann`.

    A centred one has the energy -sum_k b_k'(x_k - m_k) - sum_k (x_k - m_k)'W_k (x_{k+1} - m_{k+1}): a layer's offset
    m_k is shared by the kernels below and above it. As the means move, biases move so that the distribution stays as
    it is. Without centring, layers above the first hardly learn unless they are pretrained.

    Attributes:
      sizes: N_0, ..., N_L.
      centered: whether the offsets are the running means, or zero.
      kernels: W_k, [N_k, N_{k+1}], k = 0 .. L-1.
      biases: b_k, [N_k], k = 0 .. L.
      means: m_k, [N_k]; tracked also where nothing is centred, as base rates.

    References:
      Montavon & Mueller (2012), Deep Boltzmann machines and the centering trick.
      Melchior, Fischer & Wiskott (2016), How to center deep Boltzmann machines.
    """

    def __init__(self, sizes: Sequence[int], *, centered: bool = True, initial_scale: float = 0.01, name: str) -> None:
        """Args: sizes: N_0, ..., N_L. initial_scale: standard deviation of the first weights."""
        super().__init__(name=name)
        self.sizes, self.centered = tuple(sizes), centered
        self.kernels = [
            self._weight(shape, f"kernel_{index}", keras.initializers.RandomNormal(stddev=initial_scale))
            for index, shape in enumerate(itertools.pairwise(sizes))
        ]
        self.biases = [self._weight((size,), f"bias_{index}", "zeros") for index, size in enumerate(sizes)]
        half = keras.initializers.Constant(0.5)
        self.means = [self._weight((size,), f"mean_{index}", half, trainable=False) for index, size in enumerate(sizes)]
        self.built = True

    def parameters(self) -> DeepBoltzmann:
        """The parameters as tensors, centring folded into the biases."""
        kernels = tuple(tf.convert_to_tensor(kernel.value) for kernel in self.kernels)
        biases = [tf.convert_to_tensor(bias.value) for bias in self.biases]
        means = tuple(tf.convert_to_tensor(mean.value) for mean in self.means)
        offsets = means if self.centered else tuple(tf.zeros_like(mean) for mean in means)
        for index, kernel in enumerate(kernels):
            biases[index] -= tf.linalg.matvec(kernel, offsets[index + 1])
            biases[index + 1] -= tf.linalg.matvec(kernel, offsets[index], transpose_a=True)
        return DeepBoltzmann(kernels, tuple(biases), offsets, means)

    def start_at(self, visible_mean: tf.Tensor) -> None:
        """Sets m_0 to the data's mean [N_0] and b_0 so that v has that mean where h is at rest."""
        self.means[0].assign(visible_mean)
        self.biases[0].assign(BERNOULLI.inverse_mean(visible_mean))

    def follow_means(self, states: Sequence[tf.Tensor], rate: float) -> None:
        """Moves every m_k by `rate` towards the mean of `states[k]` [B, N_k] under the data."""
        steps = [self._step(index, x, rate) for index, x in enumerate(states)]
        if self.centered:
            for index, kernel in enumerate(self.kernels):
                _add(self.biases[index], tf.linalg.matvec(kernel.value, steps[index + 1]))
                _add(self.biases[index + 1], tf.linalg.matvec(kernel.value, steps[index], transpose_a=True))
        for mean, step in zip(self.means, steps, strict=True):
            _add(mean, step)

    def pretraining_variables(self, layer: int) -> list[keras.Variable]:
        """What the RBM between `layer` - 1 and `layer` learns."""
        return [self.kernels[layer - 1], self.biases[layer - 1], self.biases[layer]]

    def pretraining_harmonium(self, layer: int) -> Harmonium:
        """The RBM between `layer` - 1 and `layer`, its units there as often as stands in for their other neighbours.

        All but the top one have their visibles twice, all but the bottom one their hidden units, with tied weights:
        put together, each unit's two half inputs add up to the whole that it was trained with.

        References:
          Salakhutdinov & Hinton (2009), section 3.1.
        """
        visible_copies, hidden_copies = self._copies(layer)
        kernel = tf.convert_to_tensor(self.kernels[layer - 1].value)
        visible_bias, hidden_bias = (tf.convert_to_tensor(self.biases[k].value) for k in (layer - 1, layer))
        if self.centered:
            visible_bias -= hidden_copies * tf.linalg.matvec(kernel, self.means[layer].value)
            hidden_bias -= visible_copies * tf.linalg.matvec(kernel, self.means[layer - 1].value, transpose_a=True)
        return Harmonium(
            tf.tile(kernel, [visible_copies, hidden_copies]),
            tf.tile(visible_bias, [visible_copies]),
            tf.tile(hidden_bias, [hidden_copies]),
        )

    def pretraining_states(self, layer: int, v: tf.Tensor) -> tf.Tensor:
        """States [B, N_{layer-1}] of the units below, once for each of their copies in `pretraining_harmonium`."""
        return tf.tile(v, [1, self._copies(layer)[0]])

    def follow_pretraining_means(self, layer: int, v: tf.Tensor, h: tf.Tensor, rate: float) -> None:
        """Moves the means that the RBM below `layer` is the first to see: of `layer`, and of the data below the first.

        The RBM's distribution stays as it is.

        Args:
          layer: of the hidden units.
          v: states below, [B, N_{layer-1}].
          h: means of `layer`, [B, N_layer].
          rate: of the move.
        """
        visible_copies, hidden_copies = self._copies(layer)
        kernel = self.kernels[layer - 1].value
        moves = [(layer, h)] if layer > 1 else [(layer, h), (0, v)]
        for index, x in moves:
            step = self._step(index, x, rate)
            if self.centered and index == layer:
                _add(self.biases[layer - 1], hidden_copies * tf.linalg.matvec(kernel, step))
            elif self.centered:
                _add(self.biases[layer], visible_copies * tf.linalg.matvec(kernel, step, transpose_a=True))
            _add(self.means[index], step)

    def _copies(self, layer: int) -> tuple[int, int]:
        return (1 if layer == len(self.kernels) else 2), (1 if layer == 1 else 2)

    def _step(self, layer: int, x: tf.Tensor, rate: float) -> tf.Tensor:
        return rate * (tf.reduce_mean(x, axis=0) - self.means[layer].value)

    def _weight(
        self, shape: tuple[int, ...], name: str, initializer: object, *, trainable: bool = True
    ) -> keras.Variable:
        # Every replica assigns the value from its own rows: the mean of equal shares is that of the global batch.
        return self.add_weight(shape=shape, initializer=initializer, trainable=trainable, aggregation="mean", name=name)


def _add(variable: keras.Variable, step: tf.Tensor) -> None:
    variable.assign(variable.value + step)
