"""Predict replies in JSON: the row format ("predictions") and the columnar one ("outputs")."""

import numpy as np

from serving.json_arrays import dumps, writable
from serving.status import invalid_argument

_BYTES_SUFFIX = "_bytes"


def encode_outputs(outputs: dict[str, np.ndarray], row_format: bool) -> bytes:
    """The reply's body; a single output stands without its name.

    Args:
      outputs: by name; strings as `object` arrays of `bytes`, written as `{"b64": ...}` where the name ends `_bytes`.
      row_format: write one entry a row, for which every output must be `[B, ...]` with the same B.

    Raises:
      ServingError: INVALID_ARGUMENT for outputs that have no such form.
    """
    values = {name: writable(array, name.endswith(_BYTES_SUFFIX)) for name, array in outputs.items()}
    if not row_format:
        return dumps({"outputs": values if len(values) > 1 else next(iter(values.values()))})
    rows = [{name: value[row] for name, value in values.items()} for row in range(_batch_size(outputs))]
    return dumps({"predictions": rows if len(values) > 1 else [next(iter(row.values())) for row in rows]})


def _batch_size(outputs: dict[str, np.ndarray]) -> int:
    size = None
    for name, array in outputs.items():
        if array.ndim == 0:
            raise invalid_argument(f"Tensor name: {name} has no shape information ")
        if size is not None and array.shape[0] != size:
            raise invalid_argument(
                f"Tensor name: {name} has inconsistent batch size: {array.shape[0]} expecting: {size}"
            )
        size = array.shape[0]
    return size or 0
