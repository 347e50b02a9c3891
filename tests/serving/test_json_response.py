"""JSON replies: both formats, tokens for what is not finite, shortest decimals, base64 for bytes."""

import json

import numpy as np
import pytest

from serving.json_response import encode_outputs
from serving.status import ServingError


def _strings(*values: bytes) -> np.ndarray:
    return np.array(values, object)


@pytest.mark.parametrize(
    ("outputs", "row_format", "expected"),
    [
        ({"y": np.float32([0.1, 1])}, True, b'{"predictions":[0.1,1.0]}'),
        ({"y": np.float32([0.1, 1])}, False, b'{"outputs":[0.1,1.0]}'),
        ({"y": np.float64([0.1, 1e300])}, False, b'{"outputs":[0.1,1e+300]}'),
        ({"y": np.float32(2)}, False, b'{"outputs":2.0}'),
        ({"y": np.float32(np.nan)}, False, b'{"outputs":NaN}'),
        ({"y": np.float32([[np.inf, -np.inf], [np.nan, 1]])}, False, b'{"outputs":[[Infinity,-Infinity],[NaN,1.0]]}'),
        ({"y": np.float32([[np.inf], [1]])}, True, b'{"predictions":[[Infinity],[1.0]]}'),
        ({"y": np.float32([np.inf, 1])}, True, b'{"predictions":[Infinity,1.0]}'),
        ({"y": np.zeros([0, 2], np.float32)}, True, b'{"predictions":[]}'),
        ({"y": np.zeros([2, 0], np.float32)}, True, b'{"predictions":[[],[]]}'),
        ({"y": np.array([[1, 2], [3, 4]])[:, ::-1]}, True, b'{"predictions":[[2,1],[4,3]]}'),
        (
            {"a": np.int64([2**63 - 1, -(2**63)]), "b": np.array([True, False])},
            True,
            b'{"predictions":[{"a":9223372036854775807,"b":true},{"a":-9223372036854775808,"b":false}]}',
        ),
        ({"a": np.uint8([1]), "b": np.int8([[2]])}, False, b'{"outputs":{"a":[1],"b":[[2]]}}'),
        ({"y": _strings(b"a", b'"')}, True, b'{"predictions":["a","\\""]}'),
        ({"y_bytes": _strings(b"\xff\x00")}, True, b'{"predictions":[{"b64":"/wA="}]}'),
        ({"y_bytes": np.array(b"a", object)}, False, b'{"outputs":{"b64":"YQ=="}}'),
    ],
)
def test_encoded(outputs, row_format, expected):
    assert encode_outputs(outputs, row_format) == expected


@pytest.mark.parametrize(
    ("outputs", "row_format", "message"),
    [
        ({"y": np.float32(1)}, True, "Tensor name: y has no shape information"),
        ({"a": np.zeros(2), "b": np.zeros(3)}, True, "Tensor name: b has inconsistent batch size: 3 expecting: 2"),
        ({"y": np.zeros(1, np.float16)}, False, "Failed to write JSON value for tensor type: half"),
        ({"y": _strings(b"\xff")}, False, "output name that ends _bytes"),
    ],
)
def test_refused(outputs, row_format, message):
    with pytest.raises(ServingError, match=message):
        encode_outputs(outputs, row_format)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("with_nan", [False, True])
def test_decimals_read_back_to_the_same_bits(dtype, with_nan):
    array = np.random.RandomState(0).standard_normal([50, 20]).astype(dtype) ** 7
    if with_nan:
        array[3, 4] = np.nan
    read = json.loads(encode_outputs({"y": array}, row_format=True))["predictions"]
    np.testing.assert_array_equal(np.array(read, dtype), array)
