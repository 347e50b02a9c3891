"""A model's endpoints as traced functions with the dtypes that TensorFlow Serving can carry."""

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from tfdgm.core.types import Endpoint
from tfdgm.models.base import GenerativeModel

DEFAULT = "serving_default"

ConcreteFunction = Any  # TensorFlow does not export the type


class ExportError(ValueError):
    """Something that must not be published; the message names the endpoint and what is wrong with it."""


def trace(model: GenerativeModel) -> dict[str, ConcreteFunction]:
    """Each endpoint, traced anew; outputs are float32, int64, uint8 or strings.

    Raises:
      ExportError: for a model without endpoints, or an endpoint that is not a flat dict of batches.
    """
    endpoints = model.endpoints()
    if not endpoints:
        raise ExportError(f"{model.name} has no endpoints; there is nothing to export")
    return {name: _traced(name, endpoint, model.variable_dtype) for name, endpoint in endpoints.items()}


def with_default(functions: Mapping[str, ConcreteFunction]) -> dict[str, ConcreteFunction]:
    """The functions, with `serving_default` for `sample`, or else for the first of them."""
    default = functions.get("sample") or next(iter(functions.values()))
    return {DEFAULT: default, **functions}


def captured_variables(functions: Mapping[str, ConcreteFunction]) -> list[tf.Variable]:
    """The variables that the functions read, each once."""
    return list({id(variable): variable for f in functions.values() for variable in f.variables}.values())


def _traced(name: str, endpoint: Endpoint, dtype: str) -> ConcreteFunction:
    for argument, spec in endpoint.inputs.items():
        if not spec.shape.rank or spec.shape[0] is not None:
            raise ExportError(f"endpoint {name!r}: input {argument!r} is {spec.shape}; it must be [None, ...]")

    @tf.function(autograph=False)
    def published(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        # Clients send float32 whatever precision the model computes in.
        own = {key: tf.cast(value, dtype) if value.dtype.is_floating else value for key, value in inputs.items()}
        return _flat_outputs(name, endpoint.fn(**own))

    return published.get_concrete_function(**endpoint.inputs)


def _flat_outputs(name: str, outputs: Any) -> dict[str, tf.Tensor]:
    if not isinstance(outputs, Mapping) or not all(tf.is_tensor(value) for value in outputs.values()):
        raise ExportError(f"endpoint {name!r} returns {type(outputs).__name__}; it must be a flat dict of tensors")
    for key, value in outputs.items():
        if not value.shape.rank or value.shape[0] is not None or None in value.shape[1:]:
            raise ExportError(
                f"endpoint {name!r}: output {key!r} is {value.shape}; it must be [None, ...], with no other size open"
            )
    return {key: tf.identity(_servable(name, value), name=key) for key, value in outputs.items()}


def _servable(name: str, value: tf.Tensor) -> tf.Tensor:
    for accepts, dtype in _SERVABLE:
        if accepts(value.dtype):
            return tf.cast(value, dtype) if value.dtype != dtype else value
    raise ExportError(f"endpoint {name!r} returns {value.dtype.name}; it must be floats, whole numbers or strings")


_SERVABLE: tuple[tuple[Callable[[tf.DType], bool], tf.DType], ...] = (
    (lambda dtype: dtype == tf.string, tf.string),
    (lambda dtype: dtype in (tf.uint8, tf.bool), tf.uint8),
    (lambda dtype: dtype.is_floating, tf.float32),
    (lambda dtype: dtype.is_integer, tf.int64),
)
