"""Made-up but valid inputs of an endpoint: to compare an export with its model, and to warm a server up."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from tfdgm.core.types import DataSpec

_NUM_BYTE_VALUES = 256

Inputs = dict[str, np.ndarray]


def request(inputs: Mapping[str, tf.TensorSpec], spec: DataSpec, num_rows: int, seed: int) -> Inputs:
    """`num_rows` rows for each input, by its name, dtype and shape."""
    random = np.random.default_rng(seed)
    return {name: _rows(random, name, tensor, spec, num_rows) for name, tensor in inputs.items()}


def _rows(random: np.random.Generator, name: str, tensor: tf.TensorSpec, spec: DataSpec, num_rows: int) -> np.ndarray:
    event_shape = tuple(tensor.shape[1:])
    shape = (num_rows, *event_shape)
    if tensor.dtype == tf.string:
        values = [" ".join(random.choice(spec.vocabulary[2:], 5)).encode() for _ in range(num_rows)]
    elif event_shape == spec.shape and tensor.dtype == spec.dtype:
        values = _examples(random, spec, shape)
    elif name == "label":
        values = random.integers(0, max(spec.num_classes, 1), shape)
    elif tensor.dtype.is_integer:
        values = random.integers(0, 2**53 if tensor.dtype == tf.int64 else 2, shape)
    elif event_shape:
        values = random.standard_normal(shape)
    else:
        values = random.uniform(0.5, 1.0, shape)  # a number a row, such as a truncation
    return np.asarray(values, tensor.dtype.as_numpy_dtype)


def _examples(random: np.random.Generator, spec: DataSpec, shape: tuple[int, ...]) -> np.ndarray:
    if spec.domain in ("real", "logit"):
        return random.standard_normal(shape)
    num_levels = len(spec.vocabulary) if spec.domain == "tokens" else spec.num_levels
    levels = random.integers(0, max(num_levels, 2), shape)
    if spec.domain in ("unit", "symmetric"):
        unit = levels / max(num_levels - 1, 1)
        return unit if spec.domain == "unit" else 2.0 * unit - 1.0
    if spec.domain == "tokens" and len(spec.shape) == 2:
        levels[..., 1:] %= _NUM_BYTE_VALUES  # a word's index, then its spelling
    return levels
