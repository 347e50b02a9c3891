"""The variables of a sigmoid belief net p and of the recognition net q that may come with it."""

import itertools
from collections.abc import Sequence

import keras
import tensorflow as tf

from tfdgm.math.belief_net import BeliefNet


class BeliefNetwork(keras.layers.Layer):
    """Owns the parameters of both nets and gives each as a `BeliefNet`; layers count from the data up, h_0 = x.

        p(h_L) p(h_{L-1} | h_L) ... p(x | h_1)              generative
        q(h_1 | x) q(h_2 | h_1) ... q(h_L | h_{L-1})        recognition, of x less the data's mean

    Attributes:
      sizes: units of h_0 to h_L.
      input_mean: what is taken off x before it enters a recognition net, [D_0].
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        recognition: bool = True,
        autoregressive_prior: bool = False,
        name: str = "belief_network",
    ) -> None:
        """Args: sizes: two at least. recognition: whether there is a q. autoregressive_prior: see `BeliefNet`."""
        super().__init__(name=name)
        self.sizes = tuple(sizes)
        pairs = list(itertools.pairwise(self.sizes))
        self.generative_kernels = [self._kernel(*pair[::-1], f"generative_kernel_{i}") for i, pair in enumerate(pairs)]
        self.generative_biases = [self._bias(size, f"generative_bias_{i}") for i, size in enumerate(self.sizes)]
        top = self.sizes[-1]
        self.prior_kernel = self._kernel(top, top, "prior_kernel", "zeros") if autoregressive_prior else None
        pairs = pairs if recognition else []
        self.recognition_kernels = [self._kernel(*pair, f"recognition_kernel_{i}") for i, pair in enumerate(pairs, 1)]
        self.recognition_biases = [self._bias(up, f"recognition_bias_{i}") for i, (_, up) in enumerate(pairs, 1)]
        self.input_mean = self.add_weight(
            shape=self.sizes[:1], initializer="zeros", trainable=False, aggregation="mean", name="input_mean"
        )
        self.built = True

    @property
    def num_latents(self) -> int:
        """Hidden units of all layers."""
        return sum(self.sizes[1:])

    @property
    def has_recognition(self) -> bool:
        """Whether there is a q."""
        return bool(self.recognition_kernels)

    def generative(self) -> BeliefNet:
        """p, from the top down: its states are h_L, ..., h_1, x."""
        kernels, biases = (_values(reversed(each)) for each in (self.generative_kernels, self.generative_biases))
        if self.prior_kernel is None:
            return BeliefNet(kernels, biases)
        above = tf.linalg.band_part(tf.convert_to_tensor(self.prior_kernel.value), 0, -1)
        return BeliefNet(kernels, biases, above - tf.linalg.band_part(above, 0, 0))

    def recognition(self) -> BeliefNet:
        """q, from the data up: its states are x, h_1, ..., h_L. The first bias is of x, which is given, and zero."""
        kernels, (first, *others) = _values(self.recognition_kernels), _values(self.recognition_biases)
        mean = tf.convert_to_tensor(self.input_mean.value)
        centred = first - tf.linalg.matvec(kernels[0], mean, transpose_a=True)
        return BeliefNet(kernels, (tf.zeros_like(mean), centred, *others))

    def log_joint(self, states: Sequence[tf.Tensor]) -> tf.Tensor:
        """log p(x, h_1, ..., h_L), nats: states x, h_1, ..., h_L, [..., D_l], to [...]."""
        return self.generative().log_joint(states[::-1])

    def log_posterior(self, states: Sequence[tf.Tensor]) -> tf.Tensor:
        """log q(h_1, ..., h_L | x), nats: states x, h_1, ..., h_L, [..., D_l], to [...]."""
        return self.recognition().log_likelihood(states)

    def centered(self, x: tf.Tensor) -> tf.Tensor:
        """x less the data's mean, [..., D_0]."""
        return x - self.input_mean.value

    def start_at(self, mean: tf.Tensor, bias: tf.Tensor) -> None:
        """Takes the data's mean [D_0] and the bias that gives x this mean."""
        self.input_mean.assign(mean)
        self.generative_biases[0].assign(bias)

    def generative_variables(self) -> list[keras.Variable]:
        """Those of p."""
        prior = [] if self.prior_kernel is None else [self.prior_kernel]
        return [*self.generative_kernels, *self.generative_biases, *prior]

    def recognition_variables(self) -> list[keras.Variable]:
        """Those of q."""
        return [*self.recognition_kernels, *self.recognition_biases]

    def _kernel(self, parents: int, children: int, name: str, initializer: str = "glorot_uniform") -> keras.Variable:
        return self.add_weight(shape=(parents, children), initializer=initializer, name=name)

    def _bias(self, size: int, name: str) -> keras.Variable:
        return self.add_weight(shape=(size,), initializer="zeros", name=name)


def _values(variables: Sequence[keras.Variable]) -> tuple[tf.Tensor, ...]:
    return tuple(tf.convert_to_tensor(variable.value) for variable in variables)
