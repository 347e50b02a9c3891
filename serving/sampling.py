"""What the blocking and the asyncio client have in common: urls, inputs of requests, and when to ask again."""

import dataclasses
import random
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from serving.dtypes import DType
from serving.transport import ClientError, SignatureTypes

MAX_SEED = 2**63 - 1
_SCHEMES = ("http", "https", "grpc", "grpcs")


@dataclasses.dataclass(frozen=True)
class Retries:
    """How often a request that finds the server UNAVAILABLE is sent again.

    Attributes:
      max_num: so often at most.
      first_seconds: the wait before the first; each later one doubles it.
      max_seconds: no wait is longer.
    """

    max_num: int = 4
    first_seconds: float = 0.1
    max_seconds: float = 5.0

    def waits(self) -> Iterator[float]:
        """Seconds before each, spread by chance over a half, lest clients turned away together come back together."""
        for attempt in range(self.max_num):
            longest = min(self.first_seconds * 2**attempt, self.max_seconds)
            yield longest * random.uniform(0.5, 1.0)  # noqa: S311 - nothing depends on its being secret


RETRIES = Retries()
"""What clients do by default: five tries within some two seconds."""


def parse_url(url: str) -> tuple[str, str]:
    """Scheme and `HOST:PORT` of a server.

    Raises:
      ValueError: for what is no such url.
    """
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in _SCHEMES or not parts.netloc or parts.path.strip("/") or parts.query:
        raise ValueError(
            f"url is {url!r}; it must be http://HOST:PORT or grpc://HOST:PORT, with TLS https:// or grpcs://"
        )
    return parts.scheme, parts.netloc


def require_signature(model: str, name: str, signatures: Mapping[str, SignatureTypes]) -> SignatureTypes:
    """The types of a signature.

    Raises:
      ClientError: where there is none of that name.
    """
    if name not in signatures:
        known = ", ".join(sorted(one for one, types in signatures.items() if types.inputs))
        raise ClientError(f"model {model!r} has no signature {name!r}; it has {known}")
    return signatures[name]


def to_arrays(name: str, inputs: Mapping[str, Any], types: SignatureTypes) -> dict[str, np.ndarray]:
    """`inputs` as arrays of the types that signature `name` takes.

    Raises:
      ClientError: for a missing input, one too many, or values of another type.
    """
    missing, extra = set(types.inputs) - set(inputs), set(inputs) - set(types.inputs)
    if missing or extra:
        raise ClientError(
            f"signature {name!r} takes {', '.join(sorted(types.inputs))}; given were "
            f"{', '.join(sorted(inputs)) or 'none'}"
        )
    return {key: _convert(key, value, types.inputs[key]) for key, value in inputs.items()}


def sample_requests(
    num: int, seed: int, rows_per_request: int, conditions: Mapping[str, Any]
) -> Iterator[dict[str, np.ndarray]]:
    """The inputs of the requests that together draw `num` samples.

    Args:
      num: how many.
      seed: of the first; sample i has `seed + i`. Negative draws fresh seeds.
      rows_per_request: rows of a request at most.
      conditions: other inputs by name, one value for all or one each; None is left out.

    Raises:
      ClientError: for numbers that cannot be.
    """
    if num < 1 or rows_per_request < 1:
        raise ClientError(f"num is {num}, rows_per_request {rows_per_request}; both must be at least 1")
    if seed > MAX_SEED - num:
        raise ClientError(f"seed is {seed}; it must be below {MAX_SEED - num}, for seeds are int64")
    rows = {name: _by_row(name, value, num) for name, value in conditions.items() if value is not None}
    for start in range(0, num, rows_per_request):
        stop = min(start + rows_per_request, num)
        # The model draws a fresh seed where it gets a negative one.
        seeds = np.full(stop - start, -1, np.int64) if seed < 0 else seed + np.arange(start, stop, dtype=np.int64)
        yield {"seed": seeds, **{name: value[start:stop] for name, value in rows.items()}}


def _by_row(name: str, value: Any, num: int) -> np.ndarray:
    array = np.asarray(value)
    rows = np.broadcast_to(array, (num,)) if array.ndim == 0 else array
    if len(rows) != num:
        raise ClientError(f"{name} has shape {rows.shape}; it must be one number or {num}")
    return rows


def _convert(name: str, value: Any, dtype: DType) -> np.ndarray:
    """`value` as an array of `dtype`; only the precision of floats may be lost."""
    if dtype.name == "string":
        strings = np.array(value, object)
        strings.ravel()[:] = [item.encode() if isinstance(item, str) else bytes(item) for item in strings.ravel()]
        return strings
    array = np.asarray(value)
    try:
        converted = array.astype(dtype.numpy)
    except (TypeError, ValueError, OverflowError):
        raise ClientError(f"input {name!r} is {array.dtype}; it must be {dtype.name}") from None
    if dtype.numpy.kind in "iub" and not np.array_equal(converted, array):
        raise ClientError(f"input {name!r} has values that are no {dtype.name}")
    return converted
