"""A predictor for each unit of a code, from all the other units."""

import keras
import numpy as np
import tensorflow as tf

from tfdgm.core.validation import require_at_least


class UnitPredictors(keras.layers.Layer):
    """m networks at once, p_i = sigmoid(b_i + v_i' tanh(c_i + W_i y_-i)) with y_-i for the code without its unit i.

    Predictor i is not given unit i, rather than given it with a weight of zero: there is no weight to go wrong.
    It computes in the variables' precision: in 16 bits nothing would be left of small errors.

    Attributes:
      kernel: W, [m, m - 1, H].
      hidden_bias: c, [m, H].
      output_kernel: v, [m, H].
      output_bias: b, [m].
    """

    def __init__(self, num_units: int, num_hidden: int, *, name: str = "predictors") -> None:
        """Args: num_units: m, at least 2. num_hidden: H, hidden units of each predictor."""
        super().__init__(name=name, dtype=keras.config.dtype_policy().variable_dtype)
        require_at_least(2, num_units=num_units)
        require_at_least(1, num_hidden=num_hidden)
        self._others = np.array([[j for j in range(num_units) if j != i] for i in range(num_units)])
        # Keras's initializers would take the units for a receptive field: its scale is that of one predictor.
        kernel, output = (keras.initializers.RandomNormal(stddev=size**-0.5) for size in (num_units - 1, num_hidden))
        self.kernel = self._weight((num_units, num_units - 1, num_hidden), kernel, "kernel")
        self.hidden_bias = self._weight((num_units, num_hidden), "zeros", "hidden_bias")
        self.output_kernel = self._weight((num_units, num_hidden), output, "output_kernel")
        self.output_bias = self._weight((num_units,), "zeros", "output_bias")
        self.built = True

    def call(self, code: tf.Tensor) -> tf.Tensor:
        """Predictions [B, m] in (0, 1) of a code [B, m]."""
        others = tf.gather(code, self._others, axis=-1)  # [B, m, m - 1]
        hidden = tf.tanh(tf.einsum("bij,ijh->bih", others, self.kernel.value) + self.hidden_bias.value)
        return tf.sigmoid(tf.einsum("bih,ih->bi", hidden, self.output_kernel.value) + self.output_bias.value)

    def _weight(self, shape: tuple[int, ...], initializer: object, name: str) -> keras.Variable:
        return self.add_weight(shape=shape, initializer=initializer, name=name)
