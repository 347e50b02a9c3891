"""JSON values as elements of a tensor: which are accepted for which element type, and in what shape."""

import base64
import binascii
import json
from typing import Any

import numpy as np

from serving.dtypes import DType
from serving.status import Code, ServingError, invalid_argument

_INT32 = (-(2**31), 2**31 - 1)
# The narrow types are checked as int32 and then wrap, as in TensorFlow Serving.
_INTEGER_RANGES = {
    "int8": _INT32,
    "int16": _INT32,
    "int32": _INT32,
    "uint8": _INT32,
    "int64": (-(2**63), 2**63 - 1),
    "uint32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
}
# The largest whole number up to which every one has a value of its own.
_EXACT_INTEGERS = {"float": 2**24 - 1, "double": 2**53 - 1}
_MAX_QUOTED = 200
_MAX_RANK = 32


def dense_shape(value: Any) -> tuple[int, ...]:
    """The shape of nested lists, going by their first elements; `()` for anything else."""
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return tuple(shape)


def to_array(value: Any, dtype: DType) -> np.ndarray:
    """The tensor that nested lists, or a single value, spell out.

    Args:
      value: a JSON value as Python has it.
      dtype: the element type of the input.

    Returns:
      An array of that type, strings as `object` array of `bytes`.

    Raises:
      ServingError: INVALID_ARGUMENT for a value of the wrong kind or ragged lists; UNIMPLEMENTED for an element
        type that has no JSON form.
    """
    if dtype.name not in ("string", "bool", *_INTEGER_RANGES, *_EXACT_INTEGERS):
        raise ServingError(Code.UNIMPLEMENTED, f"Conversion of JSON Value: {quoted(value)} to type: {dtype.name}")
    shape = dense_shape(value)
    if len(shape) > _MAX_RANK:
        raise invalid_argument(f"JSON Value has {len(shape)} levels of lists; at most {_MAX_RANK} are taken")
    leaves: list[Any] = []
    _flatten(value, 0, shape, dtype, leaves)
    if dtype.name == "string":
        flat = np.empty(len(leaves), object)
        flat[:] = leaves
        return flat.reshape(shape)
    wide = {"bool": np.bool_, "uint64": np.uint64}.get(dtype.name, np.int64 if dtype.name in _INTEGER_RANGES else None)
    return np.array(leaves, wide or np.float64).astype(dtype.numpy).reshape(shape)


def is_base64_object(value: Any) -> bool:
    """True for `{"b64": "..."}`, which stands for bytes."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def quoted(value: Any) -> str:
    """`value` as JSON for a message, cut where it is long."""
    try:
        text = json.dumps(value)
    except RecursionError:
        return "..."
    return text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}..."


def json_type(value: Any) -> str:
    """The name that messages give the type of a JSON value."""
    if value is None:
        return "Null"
    if isinstance(value, bool):
        return str(value)
    return {dict: "Object", list: "Array", str: "String"}.get(type(value), "Number")


def _flatten(value: Any, level: int, shape: tuple[int, ...], dtype: DType, leaves: list[Any]) -> None:
    """Appends the elements of `value`, found at `level` of lists of `shape`, to `leaves`."""
    if not isinstance(value, list):
        if level != len(shape):
            raise invalid_argument(
                f"JSON Value: {quoted(value)} found at incorrect level: {level + 1} in the JSON DOM. "
                f"Expected at level: {len(shape)}"
            )
        leaves.append(_element(value, dtype))
        return
    if level >= len(shape):
        raise invalid_argument(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
    if len(value) != shape[level]:
        raise invalid_argument(
            f"Encountered list at unexpected size: {len(value)} at level: {level} expected size: {shape[level]}"
        )
    if level == len(shape) - 1 and _are_plain(value, dtype):
        leaves.extend(value)
        return
    for item in value:
        _flatten(item, level + 1, shape, dtype, leaves)


def _are_plain(values: list[Any], dtype: DType) -> bool:
    """True where a whole list needs no check element by element: what makes long lists of numbers fast."""
    kinds = set(map(type, values))
    if dtype.name in _INTEGER_RANGES:
        low, high = _INTEGER_RANGES[dtype.name]
        return kinds == {int} and low <= min(values) and max(values) <= high
    if dtype.name in _EXACT_INTEGERS:
        limit = _EXACT_INTEGERS[dtype.name]
        return kinds <= {int, float} and all(-limit <= value <= limit for value in values)
    return dtype.name == "bool" and kinds == {bool}


def _element(value: Any, dtype: DType) -> Any:
    """`value` as Python has it, bytes for strings, once it is known to be right for `dtype`."""
    kind = type(value)
    if dtype.name == "string":
        if kind is str:
            return _utf8(value)
        if kind is dict:
            return _base64_bytes(value)
    elif dtype.name == "bool":
        if kind is bool:
            return value
    elif dtype.name in _INTEGER_RANGES:
        low, high = _INTEGER_RANGES[dtype.name]
        if kind is int and low <= value <= high:
            return value
    elif kind in (int, float):
        if not _is_lossless(value, dtype):
            raise invalid_argument(
                f"Cannot convert JSON value: {quoted(value)} to {dtype.name} without loss of precision."
            )
        return value
    raise invalid_argument(
        f"JSON Value: {quoted(value)} Type: {json_type(value)} is not of expected type: {dtype.name}"
    )


def _is_lossless(value: int | float, dtype: DType) -> bool:
    if isinstance(value, int):
        return abs(value) <= _EXACT_INTEGERS[dtype.name]
    return not np.isfinite(value) or abs(value) <= float(np.finfo(dtype.numpy).max)


def _utf8(value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise invalid_argument(f"JSON Value: {quoted(value)} has an invalid surrogate pair") from None


def _base64_bytes(value: dict) -> bytes:
    if not is_base64_object(value):
        raise invalid_argument(f"JSON Value: {quoted(value)} not formatted correctly for base64 data")
    text = value["b64"]
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)  # the padding may be missing
    except (binascii.Error, ValueError):
        raise invalid_argument("Unable to base64 decode") from None
