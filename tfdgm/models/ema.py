"""Exponential moving averages of a model's weights."""

import contextlib
from collections.abc import Iterator

import tensorflow as tf

from tfdgm.models.base import GenerativeModel


class WeightAverages(tf.Module):
    """Shadows of the trainable variables: shadow <- decay shadow + (1 - decay) weight after every step.

    Attributes:
      decay: a step.
      shadows: one variable for each of `model.trainable_variables`.
    """

    def __init__(self, model: GenerativeModel, decay: float) -> None:
        """Starts at the model's present weights. Call it under the strategy's scope.

        Raises:
          ValueError: when `decay` is not within (0, 1).
        """
        super().__init__(name="weight_averages")
        if not 0.0 < decay < 1.0:
            raise ValueError(f"ema_decay is {decay}; it must be above 0 and below 1, or 0 for no averages")
        self.decay = decay
        self._model = [model]  # in a list: the module tracks its shadows, not the model again
        self.shadows = [
            tf.Variable(variable.value, trainable=False, name=f"{variable.name}_average")
            for variable in model.trainable_variables
        ]

    @tf.function
    def update(self, num_steps: int) -> None:
        """Moves the shadows by `num_steps` steps at once."""
        decay = self.decay**num_steps
        for shadow, variable in zip(self.shadows, self._model[0].trainable_variables, strict=True):
            shadow.assign(decay * shadow + (1.0 - decay) * variable.value)

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """The model with averaged weights, and statistics that follow from them; its own come back, bit for bit."""
        model = self._model[0]
        kept = [*model.trainable_variables, *model.statistics()]
        own = [variable.numpy() for variable in kept]
        self.replace_weights()
        model.settle()
        try:
            yield
        finally:
            for variable, value in zip(kept, own, strict=True):
                variable.assign(value)

    def replace_weights(self) -> None:
        """Overwrites the model's weights with their averages."""
        for variable, shadow in zip(self._model[0].trainable_variables, self.shadows, strict=True):
            variable.assign(tf.convert_to_tensor(shadow))
