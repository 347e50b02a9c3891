"""Arrays as JSON, for replies of the server and requests of the client. Imports no TensorFlow."""

import base64
from typing import Any

import numpy as np
import orjson

from serving.dtypes import DTYPES, enum_name
from serving.status import invalid_argument

# TensorFlow Serving has no JSON form for these either; a model casts them.
_WITHOUT_JSON = ("half", "bfloat16", "uint16")


def writable(array: np.ndarray, strings_as_base64: bool) -> Any:
    """`array` in a form that `dumps` writes; indexing it gives rows.

    Args:
      array: strings as `object` array of `bytes`.
      strings_as_base64: write strings as `{"b64": ...}`, not as text.

    Raises:
      ServingError: INVALID_ARGUMENT for a type without a JSON form, or bytes that are not UTF-8 text.
    """
    dtype = DTYPES[enum_name(array.dtype)]
    if dtype.name in _WITHOUT_JSON:
        raise invalid_argument(f"Failed to write JSON value for tensor type: {dtype.name}")
    if dtype.name == "string":
        flat = np.empty(array.size, object)
        flat[:] = [_base64_object(element) if strings_as_base64 else _text(element) for element in array.ravel()]
        return flat.reshape(array.shape).tolist()
    if dtype.name in ("float", "double") and not np.isfinite(array).all():
        return _NonFinite(array)
    return np.asarray(array, order="C")[()]  # orjson writes scalars, but no array without dimensions


def dumps(document: Any) -> bytes:
    """JSON of dicts, lists and what `writable` gave.

    Floats are the shortest decimals that read back as the same float32 or float64; those that are not finite are
    the tokens NaN, Infinity and -Infinity.
    """
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY, default=_fragment)


class _NonFinite:
    """Floats some of which JSON proper has no form for."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = np.asarray(array, order="C")

    def __getitem__(self, row: int) -> "_NonFinite":
        return _NonFinite(self.array[row])


def _fragment(value: Any) -> orjson.Fragment:
    """The one thing `dumps` is given that orjson cannot write by itself."""
    if not isinstance(value, _NonFinite):
        raise TypeError(f"{type(value).__name__} has no JSON form")
    # orjson writes each as null, in order, and numbers are all there is besides.
    pieces = orjson.dumps(value.array[()], option=orjson.OPT_SERIALIZE_NUMPY).split(b"null")
    tokens = [_token(element) for element in value.array[~np.isfinite(value.array)]]
    return orjson.Fragment(b"".join(piece + token for piece, token in zip(pieces, [*tokens, b""], strict=True)))


def _token(value: float) -> bytes:
    if np.isnan(value):
        return b"NaN"
    return b"Infinity" if value > 0 else b"-Infinity"


def _base64_object(value: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(value).decode()}


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise invalid_argument("a string that is not UTF-8 text needs an output name that ends _bytes") from None
