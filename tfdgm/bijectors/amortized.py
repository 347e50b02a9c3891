"""Bijectors with few parameters, which are weights or, amortised, functions of a context."""

from collections.abc import Callable

import keras
import tensorflow as tf

from tfdgm.bijectors.layer import BijectorLayer, Context
from tfdgm.core.validation import require_at_least


class Amortized(BijectorLayer):
    """Of vectors [B, D], with P free parameters, the same for all rows or each row's own.

    Attributes:
      num_params: P.
      conditioner: gives [B, P] of a context, or None.
      kernel: [P], where there is no conditioner.

    References:
      Rezende & Mohamed (2015), Variational inference with normalizing flows, section 4.2, for the amortised ones.
    """

    def __init__(
        self,
        num_dims: int,
        num_params: int,
        conditioner: Callable[[tf.Tensor], tf.Tensor] | None,
        *,
        initial_scale: float,
        name: str,
    ) -> None:
        """Builds the weights.

        Args:
          num_dims: D.
          num_params: P.
          conditioner: of the context, or None.
          initial_scale: standard deviation of the weights at the start.
          name: of the layer.

        Raises:
          ValueError: when `num_dims` is below 1.
        """
        require_at_least(1, num_dims=num_dims)
        super().__init__((num_dims,), (num_dims,), name=name)
        self.num_params = num_params
        self.conditioner = conditioner
        if conditioner is None:
            normal = keras.initializers.RandomNormal(stddev=initial_scale)
            self.kernel = self.add_weight(shape=(num_params,), initializer=normal, aggregation="mean", name="kernel")

    def free_params(self, context: Context) -> tf.Tensor:
        """[P], or [B, P] of a context.

        Raises:
          ValueError: when the conditioner has no context, or gives another number of parameters.
        """
        if self.conditioner is None:
            return tf.convert_to_tensor(self.kernel.value)
        if context is None:
            raise ValueError(f"context is None; the conditioner of {self.name} needs one")
        params = tf.cast(self.conditioner(context), self.variable_dtype)
        if params.shape[-1] != self.num_params:
            raise ValueError(
                f"the conditioner of {self.name} gives {params.shape[-1]} parameters; it must give {self.num_params}"
            )
        return params
