"""Layers of binary units, each joined with the next: the deep Boltzmann machine as tensors.

    p(x_0, ..., x_L) = exp(-E) / Z,   E = -sum_k b_k'x_k - sum_k x_k'W_k x_{k+1},   x_0 = v visible, the others hidden

Odd layers see only even ones, so that it is a harmonium between the two: its Gibbs sweeps, free energies and partition
function are a harmonium's.

References:
  Salakhutdinov & Hinton (2009), Deep Boltzmann machines, eq. 9-15.
"""

import dataclasses
from collections.abc import Sequence
from typing import Literal

import tensorflow as tf

from tfdgm.math.harmonium import Harmonium
from tfdgm.math.units import BERNOULLI

Side = Literal["odd", "even"]


@dataclasses.dataclass(frozen=True)
class DeepBoltzmann:
    """Parameters of one energy, as tensors.

    Attributes:
      kernels: W_k, [N_k, N_{k+1}], k = 0 .. L-1, L at least 2.
      biases: b_k, [N_k], k = 0 .. L, centring folded in.
      offsets: what the units are centred about, [N_k]; zeros where they are not. They leave the energy as it is.
      means: the units' mean activations under the data, [N_k]: base rates of annealing and of data-free chains.
    """

    kernels: tuple[tf.Tensor, ...]
    biases: tuple[tf.Tensor, ...]
    offsets: tuple[tf.Tensor, ...]
    means: tuple[tf.Tensor, ...]

    def from_below(self, layer: int, below: tf.Tensor) -> tf.Tensor:
        """What the layer below adds to the field of `layer`, [..., N_layer]."""
        return tf.matmul(below, self.kernels[layer - 1])

    def from_above(self, layer: int, above: tf.Tensor) -> tf.Tensor:
        """What the layer above adds to the field of `layer`, [..., N_layer]."""
        return tf.matmul(above, self.kernels[layer], transpose_b=True)

    def energy(self, states: Sequence[tf.Tensor]) -> tf.Tensor:
        """E of all layers' states, or its mean under independent units of these means: [..., N_k] each to [...]."""
        terms = [tf.linalg.matvec(x, bias) for x, bias in zip(states, self.biases, strict=True)]
        for layer in range(1, len(states)):
            terms.append(tf.reduce_sum(self.from_below(layer, states[layer - 1]) * states[layer], axis=-1))
        return -tf.add_n(terms)

    def bipartite(self, visible: Side) -> Harmonium:
        """The harmonium whose visibles are the odd or the even layers side by side, the others its hidden units."""
        rows, columns = self._layers(visible)
        kernel = tf.concat([tf.concat([self._block(i, j) for j in columns], axis=1) for i in rows], axis=0)
        visible_bias, hidden_bias = (tf.concat([self.biases[i] for i in side], axis=0) for side in (rows, columns))
        base_bias = BERNOULLI.inverse_mean(tf.concat([self.means[i] for i in rows], axis=0))
        return Harmonium(kernel, visible_bias, hidden_bias, base_bias=tf.stop_gradient(base_bias))

    def side(self, states: Sequence[tf.Tensor], which: Side) -> tf.Tensor:
        """The states of a side's layers, side by side."""
        return tf.concat([states[layer] for layer in self._layers(which)[0]], axis=-1)

    def _layers(self, first: Side) -> tuple[list[int], list[int]]:
        odd, even = list(range(1, len(self.biases), 2)), list(range(0, len(self.biases), 2))
        return (odd, even) if first == "odd" else (even, odd)

    def _block(self, row: int, column: int) -> tf.Tensor:
        if column == row + 1:
            return self.kernels[row]
        if column == row - 1:
            return tf.transpose(self.kernels[column])
        return tf.zeros([*self.biases[row].shape, *self.biases[column].shape], self.kernels[0].dtype)
