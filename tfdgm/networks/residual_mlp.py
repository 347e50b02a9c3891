"""Fully connected residual network, the conditioner of coupling layers on vectors (He et al. 2016; Durkan et al. 2019).

h_0 = W x + b,   h_i = h_{i-1} + W_i2 act(W_i1 act(h_{i-1})),   output = V h_n
"""

import keras
import tensorflow as tf

from tfdgm.core.validation import require_at_least, require_choice
from tfdgm.networks.mlp import ACTIVATIONS


class ResidualMLP(keras.layers.Layer):
    """[B, inputs] to [B, outputs], nearly 0 at the start.

    References:
      He, Zhang, Ren & Sun (2016), Identity mappings in deep residual networks, figure 1b, without normalisation.
      Durkan, Bekasov, Murray & Papamakarios (2019), Neural spline flows, appendix B.1.
    """

    def __init__(
        self,
        num_inputs: int,
        num_outputs: int,
        *,
        hidden_size: int,
        num_blocks: int,
        activation: str = "relu",
        name: str = "residual_mlp",
    ) -> None:
        """Builds the layers.

        Args:
          num_inputs: of a row.
          num_outputs: of a row.
          hidden_size: units of every hidden layer.
          num_blocks: residual blocks of two layers each.
          activation: before each hidden layer but the first.
          name: of the network, and the start of its variables' paths.

        Raises:
          ValueError: for sizes below 1, or an activation that Keras does not have.
        """
        require_choice("activation", activation, ACTIVATIONS)
        require_at_least(1, num_inputs=num_inputs, num_outputs=num_outputs, hidden_size=hidden_size)
        require_at_least(0, num_blocks=num_blocks)
        super().__init__(name=name)
        self.activation = keras.activations.get(activation)
        self.first = _dense(num_inputs, hidden_size, name=f"{name}_first")
        blocks = range(num_blocks)
        self.inner = [_dense(hidden_size, hidden_size, name=f"{name}_inner_{index}") for index in blocks]
        self.outer = [_dense(hidden_size, hidden_size, name=f"{name}_outer_{index}", is_small=True) for index in blocks]
        self.last = _dense(hidden_size, num_outputs, name=f"{name}_outputs", is_small=True)
        self.built = True

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """[B, inputs] to [B, outputs]."""
        hidden = self.first(x)
        for inner, outer in zip(self.inner, self.outer, strict=True):
            hidden += outer(self.activation(inner(self.activation(hidden))))
        return self.last(hidden)


def _dense(num_inputs: int, num_outputs: int, *, name: str, is_small: bool = False) -> keras.layers.Dense:
    # Blocks begin as the identity, and parameters of a bijector that are nearly 0 leave it near the identity.
    initializer = keras.initializers.RandomUniform(-1e-3, 1e-3) if is_small else "glorot_uniform"
    layer = keras.layers.Dense(num_outputs, kernel_initializer=initializer, name=name)
    layer.build((None, num_inputs))
    return layer
