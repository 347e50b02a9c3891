"""The variables of a harmonium: weights, biases, and the running means that centre them."""

import keras
import tensorflow as tf

from tfdgm.math.harmonium import Harmonium
from tfdgm.math.units import BERNOULLI, Units


class HarmoniumLayer(keras.layers.Layer):
    """Owns the parameters of one RBM and gives them as a `Harmonium`.

    A centred one has the energy -(v - mu)'W (h - lambda) - b'(v - mu) - c'(h - lambda), the same family of
    distributions in coordinates in which gradient descent is far better conditioned. mu and lambda follow the means of
    v and h under the data; as they move, b and c move so that the distribution stays as it is.

    Attributes:
      kernel: W, [V, H].
      visible_bias: b, [V].
      hidden_bias: c, [H].
      visible_mean: mu, [V]; tracked also where nothing is centred, for it is the base rate of annealed sampling.
      hidden_mean: lambda, [H].

    References:
      Montavon & Mueller (2012), Deep Boltzmann machines and the centering trick.
      Melchior, Fischer & Wiskott (2016), How to center deep Boltzmann machines, algorithm 1.
    """

    def __init__(
        self,
        num_visible: int,
        num_hidden: int,
        *,
        visible: Units = BERNOULLI,
        centered: bool = True,
        initial_scale: float = 0.01,
        name: str,
    ) -> None:
        """Args: visible: what the visible units are. initial_scale: standard deviation of the first weights."""
        super().__init__(name=name)
        self.visible, self.centered = visible, centered
        # Every replica assigns the value from its own rows: the mean of equal shares is that of the global batch.
        normal = keras.initializers.RandomNormal(stddev=initial_scale)
        self.kernel = self.add_weight(
            shape=(num_visible, num_hidden), initializer=normal, aggregation="mean", name="kernel"
        )
        self.visible_bias = self._vector(num_visible, "visible_bias", trainable=True)
        self.hidden_bias = self._vector(num_hidden, "hidden_bias", trainable=True)
        self.visible_mean = self._vector(num_visible, "visible_mean", initializer=keras.initializers.Constant(0.5))
        self.hidden_mean = self._vector(num_hidden, "hidden_mean", initializer=keras.initializers.Constant(0.5))
        self.built = True

    def harmonium(self) -> Harmonium:
        """The parameters as tensors, centring folded into the biases."""
        kernel = tf.convert_to_tensor(self.kernel.value)
        visible_bias, hidden_bias = (tf.convert_to_tensor(bias.value) for bias in (self.visible_bias, self.hidden_bias))
        if self.centered:
            visible_bias -= tf.linalg.matvec(kernel, self.hidden_mean.value)
            hidden_bias -= tf.linalg.matvec(kernel, self.visible_mean.value, transpose_a=True)
        base_bias = self.visible.inverse_mean(tf.convert_to_tensor(self.visible_mean.value))
        return Harmonium(kernel, visible_bias, hidden_bias, self.visible, tf.stop_gradient(base_bias))

    def start_at(self, visible_mean: tf.Tensor) -> None:
        """Sets mu to the data's mean [V] and b so that v has that mean where h is at rest."""
        self.visible_mean.assign(visible_mean)
        self.visible_bias.assign(self.visible.inverse_mean(visible_mean))

    def follow_means(self, v: tf.Tensor, h: tf.Tensor, rate: float) -> None:
        """Moves mu and lambda by `rate` towards the means of v [B, V] and h [B, H] under the data."""
        visible_step = rate * (tf.reduce_mean(v, axis=0) - self.visible_mean.value)
        hidden_step = rate * (tf.reduce_mean(h, axis=0) - self.hidden_mean.value)
        if self.centered:
            self.visible_bias.assign(self.visible_bias.value + tf.linalg.matvec(self.kernel.value, hidden_step))
            self.hidden_bias.assign(
                self.hidden_bias.value + tf.linalg.matvec(self.kernel.value, visible_step, transpose_a=True)
            )
        self.visible_mean.assign(self.visible_mean.value + visible_step)
        self.hidden_mean.assign(self.hidden_mean.value + hidden_step)

    def assign(self, kernel: tf.Tensor, visible_bias: tf.Tensor, hidden_bias: tf.Tensor) -> None:
        """Takes the parameters of an uncentred harmonium; the distribution becomes exactly that one's."""
        if self.centered:
            visible_bias += tf.linalg.matvec(kernel, self.hidden_mean.value)
            hidden_bias += tf.linalg.matvec(kernel, self.visible_mean.value, transpose_a=True)
        self.kernel.assign(kernel)
        self.visible_bias.assign(visible_bias)
        self.hidden_bias.assign(hidden_bias)

    def _vector(
        self, size: int, name: str, *, trainable: bool = False, initializer: object = "zeros"
    ) -> keras.Variable:
        return self.add_weight(
            shape=(size,), initializer=initializer, trainable=trainable, aggregation="mean", name=name
        )
