"""Masked autoencoder for distribution estimation: one network, all conditionals (Germain et al. 2015).

output d depends on inputs 1 ... d - 1 alone, by masks on the kernels                       (eq. 8 and 9)
"""

import itertools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdgm.core.validation import require_at_least, require_choice
from tfdgm.networks.mlp import ACTIVATIONS


class MaskedDense(keras.layers.Dense):
    """Dense with some of its kernel held at zero.

    Attributes:
      mask: 1 where an input reaches a unit, else 0, [inputs, units].
    """

    def __init__(self, mask: np.ndarray, **kwargs: Any) -> None:
        """Args: mask: [inputs, units]. kwargs: Dense's own."""
        super().__init__(mask.shape[1], **kwargs)
        self.mask = np.asarray(mask, np.float32)
        self.build((None, mask.shape[0]))

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """[B, inputs] to [B, units]."""
        kernel = tf.cast(self.kernel, self.compute_dtype) * tf.cast(self.mask, self.compute_dtype)
        return self.activation(tf.matmul(inputs, kernel) + tf.cast(self.bias, self.compute_dtype))


class Made(keras.layers.Layer):
    """P outputs for each of D dimensions, those of dimension d functions of x_1 ... x_{d-1} and of a context.

    Attributes:
      num_dims: D.
      num_params: P.

    References:
      Germain, Gregor, Murray & Larochelle (2015), MADE: masked autoencoder for distribution estimation, section 3.
      Papamakarios, Pavlakou & Murray (2017), Masked autoregressive flow, section 3.4, for the context.
    """

    def __init__(
        self,
        num_dims: int,
        num_params: int,
        hidden_sizes: Sequence[int],
        *,
        context_size: int = 0,
        activation: str = "relu",
        residual: bool = False,
        name: str = "made",
    ) -> None:
        """Builds the layers.

        Args:
          num_dims: D.
          num_params: P.
          hidden_sizes: units of the hidden layers, at least one.
          context_size: E of the context [B, E]; 0 for none.
          activation: of the hidden layers.
          residual: each two hidden layers after the first are a block whose input is added to its output.
          name: of the network.

        Raises:
          ValueError: for sizes below 1, no hidden layer, an activation that Keras does not have, or hidden layers that
            make up no residual blocks.
        """
        require_choice("activation", activation, ACTIVATIONS)
        require_at_least(1, num_dims=num_dims, num_params=num_params, **{"number of hidden_sizes": len(hidden_sizes)})
        require_at_least(1, **{f"hidden_sizes[{index}]": size for index, size in enumerate(hidden_sizes)})
        require_at_least(0, context_size=context_size)
        if residual and (len(hidden_sizes) % 2 == 0 or len(set(hidden_sizes)) > 1):
            raise ValueError(
                f"hidden_sizes is {tuple(hidden_sizes)}; residual blocks need an odd number of equal sizes, such as"
                f" {(hidden_sizes[0],) * 3}"
            )
        super().__init__(name=name)
        self.num_dims, self.num_params, self.context_size = num_dims, num_params, context_size
        self.residual = residual
        first, *others, last = made_masks(num_dims, num_params, hidden_sizes)
        self.first = MaskedDense(first, name=f"{name}_hidden_0")
        self.others = [MaskedDense(mask, name=f"{name}_hidden_{index}") for index, mask in enumerate(others, 1)]
        self.last = MaskedDense(last, name=f"{name}_outputs")
        self.activation = keras.activations.get(activation)
        if context_size:
            self.of_context = keras.layers.Dense(hidden_sizes[0], use_bias=False, name=f"{name}_context")
            self.of_context.build((None, context_size))
        self.built = True

    def call(self, x: tf.Tensor, context: tf.Tensor | None = None) -> tf.Tensor:
        """x [B, D] and the context [B, E] to [B, P D]: P blocks of D.

        Raises:
          ValueError: when there is a context where none was asked for, or none where it was.
        """
        if (context is None) != (self.context_size == 0):
            raise ValueError(
                f"context is {'missing' if context is None else 'given'}; context_size is {self.context_size}"
            )
        hidden = self.first(x)
        if context is not None:
            hidden += self.of_context(context)
        if self.residual:
            for inner, outer in zip(self.others[::2], self.others[1::2], strict=True):
                hidden += outer(self.activation(inner(self.activation(hidden))))
        else:
            for layer in self.others:
                hidden = layer(self.activation(hidden))
        return self.last(self.activation(hidden))


def made_masks(num_dims: int, num_params: int, hidden_sizes: Sequence[int]) -> list[np.ndarray]:
    """One mask a layer, [inputs, units]: hidden unit k sees the dimensions up to its degree, k mod D.

    Degrees begin at 0, for units that see the context alone: else the first dimension would not depend on it.
    """
    degrees = [np.arange(1, num_dims + 1), *(np.arange(size) % num_dims for size in hidden_sizes)]
    masks = [before[:, None] <= after for before, after in itertools.pairwise(degrees)]
    return [*masks, degrees[-1][:, None] < np.tile(degrees[0], num_params)]
