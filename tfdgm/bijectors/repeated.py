"""The same kind of step many times, each with weights of its own: traced once, and with memory that need not grow."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdgm.bijectors.layer import BijectorLayer, Context, Mean, require_own_paths
from tfdgm.core.assertions import plain_refusals
from tfdgm.math.reversible import backward_of, reversible

Weights = list[tf.Tensor]


class Repeated(BijectorLayer):
    """A `Composition` of K steps that differ in nothing but their weights, which are kept together.

    TensorFlow traces the function of one step and calls it with the weights of each: a deep flow is neither a long wait
    nor thousands of variables.

    Attributes:
      num_steps: K.
      stacks: what the K steps have for each variable of a step, [K, *shape]; the first is next to the data.
      recompute: whether activations are worked out again from outputs instead of kept.
    """

    def __init__(self, steps: Sequence[BijectorLayer], *, recompute: bool = False, name: str = "repeated") -> None:
        """Takes the steps' weights as they are.

        Args:
          steps: from data to latents, without context; their own weights are given up.
          recompute: on the way from data to latents keep nothing but its end (Gomez et al. 2017).
          name: of the layer.

        Raises:
          ValueError: without a step, when they are not alike or change the shape.
        """
        if not steps:
            raise ValueError("steps is empty; it needs at least one")
        for step in steps:
            if _signature(step) != _signature(steps[0]) or step.latent_shape != step.event_shape:
                raise ValueError(f"{step.name} is not like {steps[0].name}; steps must differ in their weights alone")
        super().__init__(steps[0].latent_shape, steps[0].event_shape, name=name)
        require_own_paths(steps[0])
        self.num_steps, self.recompute = len(steps), recompute
        self.stacks = [self._stacked(variables) for variables in zip(*(step.variables for step in steps), strict=True)]
        self._step = _Step(steps[0])  # inside an object of ours neither Keras nor checkpoints look for layers

    def forward_and_log_det(self, z: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """Through the steps, the last one first."""
        del context
        total = tf.zeros(tf.shape(z)[:1], z.dtype)
        for weights in reversed(self.weights_by_step()):
            z, log_det = self._step.forward(z, *weights)
            total += log_det
        return z, total

    def inverse_and_log_det(self, x: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """Through the steps, the first one first."""
        del context
        step = self._step
        if self.recompute:
            return reversible(step.inverse, step.backward, x, self.weights_by_step())
        total = tf.zeros(tf.shape(x)[:1], x.dtype)
        for weights in self.weights_by_step():
            x, log_det = step.inverse(x, *weights)
            total += log_det
        return x, total

    def start_at(self, x: tf.Tensor, mean: Mean, context: Context = None) -> None:
        """Each step at what those before it, already started, make of the batch."""
        del context
        step, started = self._step, []
        for weights in self.weights_by_step():
            started.append(step.started_at(x, mean, weights))
            x, _ = step.inverse(x, *started[-1])
        for stack, values in zip(self.stacks, zip(*started, strict=True), strict=True):
            stack.assign(tf.stack(values))

    def weights_by_step(self) -> list[Weights]:
        """The weights of each step, in the order of its variables."""
        by_variable = [tf.unstack(tf.convert_to_tensor(stack.value)) for stack in self.stacks]
        return [list(weights) for weights in zip(*by_variable, strict=True)]

    def _stacked(self, variables: Sequence[keras.Variable]) -> keras.Variable:
        values = np.stack([variable.numpy() for variable in variables])
        first = variables[0]
        return self.add_weight(
            shape=values.shape,
            initializer=lambda shape, dtype: tf.reshape(tf.constant(values, dtype), shape),
            dtype=first.dtype,
            trainable=first.trainable,
            aggregation=first.aggregation,
            name=first.path.replace("/", "_"),
        )


class _Step:
    """The functions of a step with its weights as arguments: forward, inverse, and the way back through the inverse."""

    def __init__(self, step: BijectorLayer) -> None:
        self._layer = step
        for variable in step.variables:
            variable._value = None  # the stacks have it; functions here always say what stands in its place
        forward, inverse = self._with_weights(step.forward_and_log_det), self._with_weights(step.inverse_and_log_det)
        self.forward, self.inverse = _traced(forward), _traced(inverse)
        self.backward = _traced(backward_of(inverse, forward))

    def started_at(self, x: tf.Tensor, mean: Mean, weights: Weights) -> Weights:
        """The weights as a first batch sets them."""
        variables = self._layer.variables
        with keras.StatelessScope(state_mapping=zip(variables, weights, strict=True)) as scope:
            self._layer.start_at(x, mean)
        return [scope.get_current_value(variable) for variable in variables]

    def _with_weights(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(point: tf.Tensor, *weights: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            with keras.StatelessScope(state_mapping=zip(self._layer.variables, weights, strict=True)):
                result, log_det = function(point)
            return result, tf.broadcast_to(log_det, tf.shape(point)[:1])

        return call


def _traced(function: Callable[..., Any]) -> Callable[..., Any]:
    # Not inlined: the graph then has one body for all steps, which is optimised once.
    traced = tf.function(function, autograph=False, experimental_attributes={"_noinline": True})

    def call(*args: tf.Tensor) -> Any:
        with plain_refusals():  # called eagerly, it refuses as plain functions do
            return traced(*args)

    return call


def _signature(step: BijectorLayer) -> tuple[Any, ...]:
    return type(step), step.event_shape, [(tuple(v.shape), v.dtype, v.trainable) for v in step.variables]
