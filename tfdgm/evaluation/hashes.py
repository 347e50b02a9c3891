"""SHA-256 of what figures depend on."""

import hashlib
import pathlib
from collections.abc import Iterable
from typing import Any

import numpy as np


def hash_of_weights(weights: Iterable[Any]) -> str:
    """SHA-256 of arrays in their order, each by dtype, shape and bytes."""
    digest = hashlib.sha256()
    for weight in weights:
        array = np.asarray(weight)
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def hash_of_files(paths: Iterable[pathlib.Path]) -> str:
    """SHA-256 of one file's bytes; of several, of the lines `<sha256>  <name>` of each, as `sha256sum` prints them."""
    digests = [(hashlib.sha256(path.read_bytes()).hexdigest(), path.name) for path in paths if path.is_file()]
    if len(digests) == 1:
        return digests[0][0]
    return hashlib.sha256("".join(f"{digest}  {name}\n" for digest, name in digests).encode()).hexdigest()
