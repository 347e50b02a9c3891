"""Compares a SavedModel, loaded again from disk, with the live model; what differs is not published."""

import os
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from tfdgm.export.requests import Inputs, request
from tfdgm.export.signatures import ConcreteFunction, ExportError, trace, with_default
from tfdgm.models.base import GenerativeModel

_BATCH_SIZES = (1, 2, 4)
_TOLERANCE = 1e-5  # of continuous outputs, relative above 1
_PNG_LEVELS = 1
_PNG_MAGIC = b"\x89PNG"


def verify(path: str | os.PathLike[str], model: GenerativeModel) -> None:
    """Loads the SavedModel at `path` and compares every signature with `model`, traced anew.

    Whole numbers and text must be equal, continuous outputs within 1e-5, PNG pictures within one level; and no row
    may depend on its neighbours or its place in the batch.

    Raises:
      ExportError: naming the endpoint, the output and the largest difference.
    """
    loaded = tf.saved_model.load(os.fspath(path))  # must outlive its signatures
    live = with_default(trace(model))
    if set(loaded.signatures) != set(live):
        raise ExportError(f"the export has the signatures {sorted(loaded.signatures)}; the model has {sorted(live)}")
    for name, function in live.items():
        signature = loaded.signatures[name]
        for num_rows in _BATCH_SIZES:
            inputs = request(_input_specs(function), model.spec, num_rows, seed=num_rows)
            expected, found = _call(function, inputs), _call(signature, inputs)
            if set(found) != set(expected):
                raise ExportError(f"endpoint {name!r} gives {sorted(found)} when exported, {sorted(expected)} live")
            for output, value in expected.items():
                _require_equal(found[output], value, f"endpoint {name!r}, output {output!r}, batch of {num_rows}")
        _require_independent_rows(name, signature, model)


def _require_independent_rows(name: str, signature: ConcreteFunction, model: GenerativeModel) -> None:
    num_rows = max(_BATCH_SIZES)
    specs = _input_specs(signature)
    inputs, others = (request(specs, model.spec, num_rows, seed=seed) for seed in (100, 101))
    for key in inputs:
        others[key][-1] = inputs[key][0]
    here, there = _call(signature, inputs), _call(signature, others)
    for output in here:
        _require_equal(
            there[output][-1:],
            here[output][:1],
            f"endpoint {name!r}, output {output!r}: the same row with other neighbours",
        )


def _input_specs(function: ConcreteFunction) -> dict[str, tf.TensorSpec]:
    return function.structured_input_signature[1]


def _call(function: ConcreteFunction, inputs: Inputs) -> Mapping[str, np.ndarray]:
    try:
        outputs = function(**{key: tf.constant(value) for key, value in inputs.items()})
    except tf.errors.InvalidArgumentError as error:
        if "determinism is enabled" not in str(error):
            raise
        raise ExportError(
            "TensorFlow's op determinism is on in this process, as training leaves it, and a sampler that draws fresh "
            "seeds cannot run then; export in a new process"
        ) from error
    return {key: value.numpy() for key, value in outputs.items()}


def _require_equal(found: np.ndarray, expected: np.ndarray, place: str) -> None:
    if found.shape != expected.shape or found.dtype != expected.dtype:
        raise ExportError(
            f"{place} is {found.dtype} {list(found.shape)}; it must be {expected.dtype} {list(expected.shape)}"
        )
    if expected.dtype == object:
        for one, other in zip(found.ravel(), expected.ravel(), strict=True):
            _require_equal_text(one, other, place)
    elif expected.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            error = np.abs(found.astype(np.float64) - expected) / np.maximum(1.0, np.abs(expected))
        # Equal infinities and NaNs are no difference, unequal ones an infinite one.
        error = np.where(_same(found, expected), 0.0, np.where(np.isnan(error), np.inf, error))
        if np.max(error, initial=0.0) > _TOLERANCE:
            raise ExportError(f"{place}: the largest difference is {error.max():.3g}; {_TOLERANCE:g} is allowed")
    elif not np.array_equal(found, expected):
        error = np.abs(found.astype(np.float64) - expected.astype(np.float64))
        raise ExportError(f"{place}: the largest difference is {error.max():g}; whole numbers must be equal")


def _require_equal_text(found: bytes, expected: bytes, place: str) -> None:
    if found == expected:
        return
    if not (found.startswith(_PNG_MAGIC) and expected.startswith(_PNG_MAGIC)):
        raise ExportError(f"{place}: {found[:40]!r} is not {expected[:40]!r}")
    pictures = [tf.io.decode_png(file).numpy().astype(np.int64) for file in (found, expected)]
    if pictures[0].shape != pictures[1].shape:
        raise ExportError(f"{place}: the picture is {pictures[0].shape}; it must be {pictures[1].shape}")
    error = np.abs(pictures[0] - pictures[1]).max()
    if error > _PNG_LEVELS:
        raise ExportError(f"{place}: the largest difference is {error} grey levels; {_PNG_LEVELS} is allowed")


def _same(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    return (found == expected) | (np.isnan(found) & np.isnan(expected))
