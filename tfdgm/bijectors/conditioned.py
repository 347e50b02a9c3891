"""The base of couplings and autoregressions: a conditioner gives the parameters of an elementwise function."""

from collections.abc import Callable, Sequence

import tensorflow as tf

from tfdgm.bijectors.elementwise import Elementwise
from tfdgm.bijectors.layer import BijectorLayer, Context

Conditioner = Callable[..., tf.Tensor]


class Conditioned(BijectorLayer):
    """Moves dimensions by `transform`, with parameters that are functions of others.

    Attributes:
      conditioner: gives the parameters; where it is a Keras layer its weights are this layer's.
      transform: the function.
      uses_context: whether the conditioner is called with the context too.
    """

    def __init__(
        self,
        event_shape: Sequence[int],
        conditioner: Conditioner,
        transform: Elementwise,
        *,
        uses_context: bool,
        name: str,
    ) -> None:
        """Takes the parts."""
        super().__init__(event_shape, event_shape, name=name)
        self.conditioner = conditioner
        self.transform = transform
        self.uses_context = uses_context

    def params(self, value: tf.Tensor, context: Context, shape: tuple[int, ...]) -> tf.Tensor:
        """The parameters that `value` gives, [B, *shape], by one evaluation of the conditioner.

        Raises:
          ValueError: when the conditioner needs a context and there is none, or gives another shape.
        """
        if self.uses_context and context is None:
            raise ValueError(f"context is None; the conditioner of {self.name} needs one")
        params = self.conditioner(value, context) if self.uses_context else self.conditioner(value)
        if tuple(params.shape[1:]) != shape:
            raise ValueError(f"the conditioner of {self.name} gives {tuple(params.shape[1:])}; it must give {shape}")
        return tf.cast(params, value.dtype)  # logarithms need the whole precision, whatever networks compute in
