"""Exponential moving averages of a model's weights, without the bias towards where they began.

after n steps:  average_n = sum_t decay^(n - t) weight_t / sum_t decay^(n - t),  t = 1 ... n
which is        average_n = average_{n-1} + (1 - decay) / (1 - decay^n) (weight_n - average_{n-1})
"""

import contextlib
from collections.abc import Iterator

import tensorflow as tf

from tfdgm.models.base import GenerativeModel


class WeightAverages(tf.Module):
    """Shadows of the trainable variables, moved after every step.

    Attributes:
      decay: a step.
      remainder: decay^n, what an average that is not corrected would hold of the weights before the first step.
      shadows: one variable for each of `model.trainable_variables`; before the first step, the weights.

    References:
      Kingma & Ba (2015), Adam: a method for stochastic optimization, section 3, for the correction.
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
        self.remainder = tf.Variable(1.0, trainable=False, dtype=tf.float64, name="remainder")
        self.shadows = [
            tf.Variable(variable.value, trainable=False, name=f"{variable.name}_average")
            for variable in model.trainable_variables
        ]

    @tf.function
    def update(self, num_steps: int) -> None:
        """Moves the shadows by `num_steps` steps at once."""
        decay = self.decay**num_steps
        remainder = decay * self.remainder
        for shadow, variable in zip(self.shadows, self._model[0].trainable_variables, strict=True):
            share = tf.cast((1.0 - decay) / (1.0 - remainder), shadow.dtype)
            shadow.assign((1.0 - share) * shadow + share * variable.value)
        self.remainder.assign(remainder)

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
