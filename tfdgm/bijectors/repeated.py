"""The same kind of step many times, each with weights of its own: traced once, and with memory that need not grow."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfdgm.bijectors.layer import BijectorLayer, Context, Mean, require_own_paths
from tfdgm.core.assertions import plain_refusals
from tfdgm.math.reversible import backward_of, reversible


class Repeated(BijectorLayer):
    """A `Composition` of steps that differ in nothing but their weights.

    TensorFlow traces the function of the first and calls it with the weights of the others, so that a deep flow is
    not a long wait.

    Attributes:
      steps: from data to latents.
      recompute: whether activations are worked out again from outputs instead of kept.
    """

    def __init__(self, steps: Sequence[BijectorLayer], *, recompute: bool = False, name: str = "repeated") -> None:
        """Takes the steps.

        Args:
          steps: from data to latents, without context.
          recompute: on the way from data to latents keep nothing but its end (Gomez et al. 2017).
          name: of the layer.

        Raises:
          ValueError: without a step, when they are not alike or change the shape, or when two have the same name.
        """
        if not steps:
            raise ValueError("steps is empty; it needs at least one")
        for step in steps:
            if _signature(step) != _signature(steps[0]) or step.latent_shape != step.event_shape:
                raise ValueError(f"{step.name} is not like {steps[0].name}; steps must differ in their weights alone")
        super().__init__(steps[0].latent_shape, steps[0].event_shape, name=name)
        self.steps = list(steps)
        self.recompute = recompute
        require_own_paths(self)
        # In a list inside a dictionary neither Keras nor checkpoints look for functions.
        self._traced: dict[str, Any] = {"functions": _Traced(self.steps[0])}

    def forward_and_log_det(self, z: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """Through the steps, the last one first."""
        del context
        total = tf.zeros(tf.shape(z)[:1], z.dtype)
        for step in reversed(self.steps):
            z, log_det = self._traced["functions"].forward(z, *_weights(step))
            total += log_det
        return z, total

    def inverse_and_log_det(self, x: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """Through the steps, the first one first."""
        del context
        traced = self._traced["functions"]
        if self.recompute:
            return reversible(traced.inverse, traced.backward, x, [_weights(step) for step in self.steps])
        total = tf.zeros(tf.shape(x)[:1], x.dtype)
        for step in self.steps:
            x, log_det = traced.inverse(x, *_weights(step))
            total += log_det
        return x, total

    def start_at(self, x: tf.Tensor, mean: Mean, context: Context = None) -> None:
        """Each step at what those before it, already started, make of the batch."""
        for step in self.steps:
            step.start_at(x, mean, context)
            x, _ = self._traced["functions"].inverse(x, *_weights(step))


class _Traced:
    """The functions of a step, with weights as arguments: forward, inverse, and the way back through the inverse."""

    def __init__(self, step: BijectorLayer) -> None:
        def with_weights(function: Any) -> Any:
            def call(point: tf.Tensor, *weights: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
                with keras.StatelessScope(state_mapping=zip(step.variables, weights, strict=True)):
                    result, log_det = function(point)
                return result, tf.broadcast_to(log_det, tf.shape(point)[:1])

            return call

        forward, inverse = with_weights(step.forward_and_log_det), with_weights(step.inverse_and_log_det)
        self.forward = _plain(tf.function(forward, autograph=False))
        self.inverse = _plain(tf.function(inverse, autograph=False))
        self.backward = tf.function(backward_of(inverse, forward), autograph=False)


def _plain(function: Any) -> Any:
    """Called eagerly, it refuses as plain functions do."""

    def call(*args: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with plain_refusals():
            return function(*args)

    return call


def _weights(step: BijectorLayer) -> list[tf.Tensor]:
    return [tf.convert_to_tensor(variable.value) for variable in step.variables]


def _signature(step: BijectorLayer) -> tuple[Any, ...]:
    return type(step), step.event_shape, [(tuple(v.shape), v.dtype, v.trainable) for v in step.variables]
