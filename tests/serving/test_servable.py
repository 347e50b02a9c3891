"""A loaded version: its signatures, its refusals, its messages."""

import numpy as np
import pytest
import tensorflow as tf

from serving.servable import Servable, from_tensorflow
from serving.status import Code, ServingError

_STACK = """Graph execution error:

Detected at node PartitionedCall/mul defined at (most recent call last):
  File "/home/me/model.py", line 27, in <module>

  File "/home/me/lib.py", line 5, in call

the message itself
  of two lines
\t [[{{node PartitionedCall/mul}}]]
\t [[BatchFunction]] [Op:__inference_outer_1273]"""


@pytest.fixture(scope="module")
def servable(sampler_path):
    return Servable(sampler_path / "1", 1)


def test_default_signature_and_output_filter(servable, expected_samples):
    seed = np.int64([3, 1])
    everything = servable.predict("", {"seed": seed})
    assert sorted(everything) == ["rows_in_call", "samples", "seed"]
    np.testing.assert_array_equal(everything["samples"], expected_samples([3, 1]))
    chosen = servable.predict("sample", {"seed": seed}, ["seed"])
    assert list(chosen) == ["seed"]


@pytest.mark.parametrize(
    ("signature_name", "inputs", "output_filter", "code", "message"),
    [
        ("nope", {}, [], Code.FAILED_PRECONDITION, 'Serving signature key "nope" not found.'),
        ("sample", {"a": 1}, [], Code.INVALID_ARGUMENT, "Sent extra: {a}. Missing but required: {seed}."),
        ("sample", {}, [], Code.INVALID_ARGUMENT, "0!=1 len({}) != len({seed})"),
        ("sample", {"seed": np.float32([1])}, [], Code.INVALID_ARGUMENT, "input 'seed' is float32; it must be int64"),
        ("sample", {"seed": np.int64([[1]])}, [], Code.INVALID_ARGUMENT, "has shape [1, 1]; it must be [?]"),
        ("sample", {"seed": np.int64(1)}, [], Code.INVALID_ARGUMENT, "has shape []; it must be [?]"),
        (
            "sample",
            {"seed": np.int64([1])},
            ["x"],
            Code.INVALID_ARGUMENT,
            "output tensor alias not found in signature: x",
        ),
        ("sample", {"seed": np.int64([1])}, ["seed", "seed"], Code.INVALID_ARGUMENT, "duplicate output tensor alias"),
        ("below_ten", {"x": np.float32([11])}, [], Code.INVALID_ARGUMENT, "x must be below 10"),
    ],
)
def test_refusals(servable, signature_name, inputs, output_filter, code, message):
    with pytest.raises(ServingError) as error:
        servable.predict(signature_name, inputs, output_filter)
    assert error.value.code == code
    assert message in error.value.message
    assert "\n" not in error.value.message


def test_messages_lose_stack_traces_and_nodes():
    error = from_tensorflow(tf.errors.InvalidArgumentError(None, None, _STACK))
    assert (error.code, error.message) == (Code.INVALID_ARGUMENT, "the message itself of two lines")
    assert from_tensorflow(tf.errors.AbortedError(None, None, "")).message == "ABORTED"
    assert len(from_tensorflow(tf.errors.AbortedError(None, None, "a" * 5000)).message) == 1024


def test_a_folder_without_a_good_saved_model_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError):
        Servable(tmp_path, 1)
    (tmp_path / "saved_model.pb").write_bytes(b"\x12\x34not a message")
    with pytest.raises(ValueError, match="is not a SavedModel"):
        Servable(tmp_path, 1)
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(ValueError, match="has no graph tagged 'serve'"):
        Servable(tmp_path, 1)
