"""TensorProtos: typed fields out, every form in, and none that grows without bound."""

import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from serving import tensor_proto
from serving.dtypes import DTYPES


@pytest.mark.parametrize("name", [name for name in DTYPES if name != "DT_STRING"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 1, 2), (0, 3)])
def test_numbers_survive_in_the_typed_field(name, shape):
    array = (np.random.RandomState(0).standard_normal(shape) * 9).astype(DTYPES[name].numpy)
    proto = tensor_proto.encode(array)
    assert proto.dtype == types_pb2.DataType.Value(name)
    assert not proto.tensor_content
    assert len(getattr(proto, DTYPES[name].proto_field)) == array.size
    for decoded in (tensor_proto.decode(proto), tf.make_ndarray(proto)):
        assert decoded.dtype == array.dtype
        np.testing.assert_array_equal(decoded, array)


def test_strings_survive():
    array = np.array([[b"a\x00", b""], [b"\xff", b"long" * 100]], object)
    np.testing.assert_array_equal(tensor_proto.decode(tensor_proto.encode(array)), array)


def test_packed_content_is_read():
    array = np.arange(6, dtype=np.int64).reshape(2, 3)
    np.testing.assert_array_equal(tensor_proto.decode(tf.make_tensor_proto(array)), array)


def test_bfloat16_bits():
    assert list(tensor_proto.encode(np.array([1.0], ml_dtypes.bfloat16)).half_val) == [0x3F80]


def _proto(dtype: int, shape: list[int], **fields: object) -> tensor_pb2.TensorProto:
    proto = tensor_pb2.TensorProto(dtype=dtype, **fields)
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    return proto


@pytest.mark.parametrize(
    ("proto", "message"),
    [
        (_proto(types_pb2.DT_FLOAT, [2], tensor_content=b"123"), r"do not fill shape \[2\] of float"),
        (_proto(types_pb2.DT_FLOAT, [1], float_val=[1, 2]), "do not fill"),
        (_proto(types_pb2.DT_STRING, [1], string_val=[b"a", b"b"]), "do not fill"),
        (_proto(types_pb2.DT_FLOAT, [-1], float_val=[1]), r"shape is \[-1\]; it must be known"),
        (_proto(types_pb2.DT_COMPLEX64, [1]), "dtype is DT_COMPLEX64; it must be one of DT_FLOAT"),
        (_proto(types_pb2.DT_INVALID, [1]), "dtype is DT_INVALID"),
        (_proto(types_pb2.DT_FLOAT, [2**40], float_val=[1]), "takes 4398046511104 bytes; at most 1000 are taken"),
        (_proto(types_pb2.DT_FLOAT, [2**40, 2**40], float_val=[1]), "at most 1000 are taken"),
    ],
)
def test_refused(proto, message):
    with pytest.raises(ValueError, match=message):
        tensor_proto.decode(proto, max_bytes=1000)


def test_one_value_fills_a_shape_within_the_bound():
    proto = _proto(types_pb2.DT_FLOAT, [250], float_val=[1.5])
    np.testing.assert_array_equal(tensor_proto.decode(proto, max_bytes=1000), np.full(250, 1.5, np.float32))


def test_unknown_types_are_not_encoded():
    with pytest.raises(TypeError, match="element type is complex64; it must be one of float"):
        tensor_proto.encode(np.zeros(1, np.complex64))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [0, 1, 31, 32, 127, 128, 5000])
def test_long_floats_are_those_that_protobuf_writes_one_by_one(dtype, size):
    array = np.random.default_rng(size).normal(size=size).astype(dtype)
    if size:
        array[0] = np.nan
    proto = tensor_proto.encode(array)
    field = proto.float_val if array.dtype.itemsize == 4 else proto.double_val
    np.testing.assert_array_equal(np.array(field), array.astype(np.float64))
    np.testing.assert_array_equal(tensor_proto.decode(proto), array)
