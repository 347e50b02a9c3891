"""JSON requests: what TensorFlow Serving takes is taken, and what it refuses is refused."""

import json

import numpy as np
import pytest

from serving import json_request
from serving.dtypes import DTYPES
from serving.signatures import Signature, TensorInfo
from serving.status import Code, ServingError


def _signature(**inputs: str) -> Signature:
    return Signature("s", {name: TensorInfo(DTYPES[f"DT_{dtype.upper()}"], None) for name, dtype in inputs.items()}, {})


def _decode(body: str | bytes, **inputs: str) -> dict[str, np.ndarray]:
    document = json_request.parse_document(body if isinstance(body, bytes) else body.encode())
    return json_request.decode_inputs(document, _signature(**inputs))


@pytest.mark.parametrize(
    ("body", "inputs", "expected"),
    [
        ('{"instances": [1, 2.5]}', {"x": "float"}, {"x": [1, 2.5]}),
        ('{"instances": [[1, 2], [3, 4]]}', {"x": "float"}, {"x": [[1, 2], [3, 4]]}),
        ('{"instances": [{"x": 1}, {"x": 2}]}', {"x": "int64"}, {"x": [1, 2]}),
        ('{"instances": [{"x": [1], "y": true}]}', {"x": "int32", "y": "bool"}, {"x": [[1]], "y": [True]}),
        ('{"inputs": {"x": [1, 2]}}', {"x": "float"}, {"x": [1, 2]}),
        ('{"inputs": [1, 2]}', {"x": "double"}, {"x": [1, 2]}),
        ('{"inputs": 3}', {"x": "float"}, {"x": 3}),
        ('{"inputs": []}', {"x": "float"}, {"x": []}),
        ('{"inputs": {"x": [[], []]}}', {"x": "float"}, {"x": [[], []]}),
        ('{"inputs": {"x": [1], "other": "ignored"}, "unknown": 1}', {"x": "float"}, {"x": [1]}),
        ('{"instances": [NaN, Infinity, -Infinity]}', {"x": "float"}, {"x": [np.nan, np.inf, -np.inf]}),
        ('  {"instances": [1]} and more', {"x": "float"}, {"x": [1]}),
        ('{"inputs": [-9223372036854775808, 9223372036854775807]}', {"x": "int64"}, {"x": [-(2**63), 2**63 - 1]}),
        ('{"inputs": [18446744073709551615]}', {"x": "uint64"}, {"x": [2**64 - 1]}),
        ('{"inputs": [300]}', {"x": "uint8"}, {"x": [300 % 256]}),
        ('{"instances": ["a", "\\u00e9"]}', {"x": "string"}, {"x": [b"a", "é".encode()]}),
        ('{"instances": [{"b64": "YQ=="}, {"b64": "/+8"}]}', {"x": "string"}, {"x": [b"a", b"\xff\xef"]}),
        ('{"inputs": {"b64": "YQ"}}', {"x": "string"}, {"x": b"a"}),
        ('{"instances": [{"x": {"b64": "YQ=="}}]}', {"x": "string"}, {"x": [b"a"]}),
    ],
)
def test_accepted(body, inputs, expected):
    decoded = _decode(body, **inputs)
    assert decoded.keys() == expected.keys()
    for name, dtype in inputs.items():
        assert decoded[name].dtype == DTYPES[f"DT_{dtype.upper()}"].numpy
        np.testing.assert_array_equal(decoded[name], np.array(expected[name], decoded[name].dtype))


@pytest.mark.parametrize(
    ("body", "inputs", "message"),
    [
        ("", {"x": "float"}, "JSON Parse error: The document is empty"),
        ("instances = [1]", {"x": "float"}, "JSON Parse error: Invalid value. at offset: 0"),
        (b'{"inputs": "\xff"}', {"x": "float"}, "JSON Parse error: Invalid encoding in string. at offset: 12"),
        ("[" * 100_000, {"x": "float"}, "JSON Parse error: lists or objects are nested too deeply"),
        ("[1]", {"x": "float"}, "JSON Value: [1] Is not object"),
        ("{}", {"x": "float"}, "Missing 'inputs' or 'instances' key"),
        ('{"instances": [1], "inputs": [1]}', {"x": "float"}, "expecting only one of 'inputs' or 'instances'"),
        ('{"instances": {"x": 1}}', {"x": "float"}, "Excepting 'instances' to be an list/array"),
        ('{"instances": []}', {"x": "float"}, "No values in 'instances' array"),
        ('{"instances": [1]}', {"x": "float", "y": "float"}, "instances is a plain list, but expecting list of obj"),
        ('{"inputs": [1]}', {"x": "float", "y": "float"}, "inputs is a plain value/list, but expecting an object"),
        ('{"inputs": {"x": 1}}', {"x": "float", "y": "float"}, "Missing named input: y in 'inputs' object."),
        ('{"instances": [{"x": 1}]}', {"x": "float", "y": "float"}, "keys must be equal to: x,y"),
        ('{"instances": [{"z": 1}]}', {"x": "float"}, "element: 0 key: z of 'instances' list. Error: INVALID_ARG"),
        ('{"instances": [{"x": 1}, 2]}', {"x": "float"}, "Expecting object but got list at item 1"),
        ('{"instances": [1, {"x": 1}]}', {"x": "float"}, "Expecting value/list but got object at item 1"),
        ('{"instances": [1, "a"]}', {"x": "float"}, "element: 1 of 'instances' list. Error: INVALID_ARGUMENT: JSON"),
        ('{"instances": ["a"]}', {"x": "float"}, 'JSON Value: "a" Type: String is not of expected type: float'),
        ('{"instances": [[1], [1, 2]]}', {"x": "float"}, "Expecting tensor size: 1 but got: 2"),
        ('{"instances": [[1, 2], [[1], [2]]]}', {"x": "float"}, "Expecting shape [2] but got: [2,1]"),
        ('{"inputs": [[1], [1, 2]]}', {"x": "float"}, "list at unexpected size: 2 at level: 1 expected size: 1"),
        ('{"inputs": [[1], 2]}', {"x": "float"}, "found at incorrect level: 2 in the JSON DOM. Expected at level: 2"),
        ('{"inputs": [1, [2]]}', {"x": "float"}, "Encountered list at unexpected level: 1 expected < 1"),
        ('{"inputs": [1.0]}', {"x": "int64"}, "JSON Value: 1.0 Type: Number is not of expected type: int64"),
        ('{"inputs": ["1"]}', {"x": "int64"}, "is not of expected type: int64"),
        ('{"inputs": [9223372036854775808]}', {"x": "int64"}, "is not of expected type: int64"),
        ('{"inputs": [2147483648]}', {"x": "int32"}, "is not of expected type: int32"),
        ('{"inputs": [true]}', {"x": "int32"}, "Type: True is not of expected type: int32"),
        ('{"inputs": [true]}', {"x": "float"}, "Type: True is not of expected type: float"),
        ('{"inputs": [null]}', {"x": "float"}, "Type: Null is not of expected type: float"),
        ('{"inputs": [0]}', {"x": "bool"}, "is not of expected type: bool"),
        ('{"inputs": [16777217]}', {"x": "float"}, "Cannot convert JSON value: 16777217 to float without loss"),
        ('{"inputs": [1e39]}', {"x": "float"}, "Cannot convert JSON value: 1e+39 to float without loss"),
        ('{"inputs": [1]}', {"x": "string"}, "is not of expected type: string"),
        ('{"inputs": [{"b64": "_-8="}]}', {"x": "string"}, "Unable to base64 decode"),
        ('{"inputs": [{"b64": 1}]}', {"x": "string"}, "not formatted correctly for base64 data"),
        ('{"inputs": ["\\ud800"]}', {"x": "string"}, "invalid surrogate pair"),
        ('{"inputs": [{"b64": "YQ=="}]}', {"x": "float"}, "Type: Object is not of expected type: float"),
        (f'{{"inputs": {"[" * 40}1{"]" * 40}}}', {"x": "float"}, "JSON Value has 40 levels of lists"),
    ],
)
def test_refused(body, inputs, message):
    with pytest.raises(ServingError) as error:
        _decode(body, **inputs)
    assert error.value.code == Code.INVALID_ARGUMENT
    assert message in error.value.message
    assert len(error.value.message) < 500


def test_types_without_json_form_are_unimplemented():
    with pytest.raises(ServingError) as error:
        _decode('{"inputs": [1]}', x="half")
    assert error.value.code == Code.UNIMPLEMENTED


@pytest.mark.parametrize("dtype", ["float", "double"])
def test_numbers_keep_every_bit(dtype):
    random = np.random.RandomState(0)
    array = random.standard_normal([7, 11]).astype(DTYPES[f"DT_{dtype.upper()}"].numpy)
    body = json.dumps({"inputs": array.tolist()})
    np.testing.assert_array_equal(_decode(body, x=dtype)["x"], array)


def test_signature_name():
    assert json_request.signature_name({"signature_name": "a"}) == "a"
    assert json_request.signature_name({}) == ""
    with pytest.raises(ServingError, match="'signature_name' key must be a string value"):
        json_request.signature_name({"signature_name": 100})
