"""Element types of tensors on the wire: TensorFlow's names, numpy's types and the fields of a TensorProto.

Imports no TensorFlow, so that the REST client starts fast.
"""

import dataclasses

import ml_dtypes
import numpy as np


@dataclasses.dataclass(frozen=True)
class DType:
    """One element type.

    Attributes:
      name: as TensorFlow prints it in messages, `float`, `int64`, `string`.
      numpy: numpy's type; `object` holds `bytes` for strings.
      proto_field: the typed field of a TensorProto that holds it.
    """

    name: str
    numpy: np.dtype
    proto_field: str


DTYPES: dict[str, DType] = {
    f"DT_{name.upper()}": DType(name, np.dtype(numpy), field)
    for name, numpy, field in (
        ("float", np.float32, "float_val"),
        ("double", np.float64, "double_val"),
        ("half", np.float16, "half_val"),
        ("bfloat16", ml_dtypes.bfloat16, "half_val"),
        ("int8", np.int8, "int_val"),
        ("int16", np.int16, "int_val"),
        ("int32", np.int32, "int_val"),
        ("int64", np.int64, "int64_val"),
        ("uint8", np.uint8, "int_val"),
        ("uint16", np.uint16, "int_val"),
        ("uint32", np.uint32, "uint32_val"),
        ("uint64", np.uint64, "uint64_val"),
        ("bool", np.bool_, "bool_val"),
        ("string", np.object_, "string_val"),
    )
}
"""The types this endpoint carries, by the name of their `DataType` enum value."""

_BY_NUMPY = {dtype.numpy: enum_name for enum_name, dtype in DTYPES.items()}


def enum_name(numpy_dtype: np.dtype) -> str:
    """The `DataType` name of a numpy type, `DT_FLOAT` for `float32`.

    Raises:
      TypeError: for a type outside `DTYPES`.
    """
    if numpy_dtype not in _BY_NUMPY:
        known = ", ".join(dtype.name for dtype in DTYPES.values())
        raise TypeError(f"element type is {numpy_dtype}; it must be one of {known}")
    return _BY_NUMPY[numpy_dtype]
