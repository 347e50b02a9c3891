"""A deep Boltzmann machine as a feed-forward classifier: one more pass of its mean field, by weights that may move."""

import itertools
from collections.abc import Sequence

import keras
import tensorflow as tf

from tfdgm.math.deep_boltzmann import DeepBoltzmann


class MeanFieldClassifier(keras.layers.Layer):
    """Class logits of v and its mean-field means: each layer sees that below it, and q's means of that above it.

        a_k = sigmoid(c_k + A_k'a_{k-1} + B_k q_{k+1}),  a_0 = v,   logits = U'a_L + d

    c_k, A_k, B_k are b_k, W_{k-1}, W_k of the machine plus what is learned here, zero at first: a_k starts at q_k, and
    the machine itself, with its likelihood, stays as it is.

    References:
      Salakhutdinov & Hinton (2009), Deep Boltzmann machines, section 3.4.
    """

    def __init__(self, sizes: Sequence[int], num_classes: int, *, name: str) -> None:
        """Args: sizes: N_0, ..., N_L of the machine. num_classes: at least 2."""
        super().__init__(name=name)
        self.from_below = [
            self._weight(shape, f"from_below_{index}") for index, shape in enumerate(itertools.pairwise(sizes), 1)
        ]
        self.from_above = [
            self._weight(shape, f"from_above_{index}") for index, shape in enumerate(itertools.pairwise(sizes[1:]), 1)
        ]
        self.biases = [self._weight((size,), f"bias_{index}") for index, size in enumerate(sizes[1:], 1)]
        self.output_kernel = self._weight((sizes[-1], num_classes), "output_kernel", "glorot_uniform")
        self.output_bias = self._weight((num_classes,), "output_bias")
        self.built = True

    def logits(self, dbm: DeepBoltzmann, v: tf.Tensor, means: Sequence[tf.Tensor]) -> tf.Tensor:
        """Logits [B, num_classes] of v [B, N_0] with q's means [B, N_k], k = 1 .. L; no gradient goes to `dbm` or q."""
        below = v
        for index, kernel in enumerate(self.from_below):
            field = tf.stop_gradient(dbm.biases[index + 1]) + self.biases[index].value
            field += tf.matmul(below, tf.stop_gradient(dbm.kernels[index]) + kernel.value)
            if index < len(self.from_above):
                top_down = tf.stop_gradient(dbm.kernels[index + 1]) + self.from_above[index].value
                field += tf.matmul(tf.stop_gradient(means[index + 1]), top_down, transpose_b=True)
            below = tf.sigmoid(field)
        return tf.matmul(below, self.output_kernel.value) + self.output_bias.value

    def _weight(self, shape: tuple[int, ...], name: str, initializer: str = "zeros") -> keras.Variable:
        return self.add_weight(shape=shape, initializer=initializer, aggregation="mean", name=name)
