"""Codes of faults: whatever step, group and tensor go in come out again, and the first bad one decides."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdgm.models.faults import Fault, fault_code, fault_of

GROUPS = {"a": [keras.Variable(0.0, name="v")], "b": [keras.Variable(0.0, name=name) for name in ("x", "y")]}


def _code(tensors, *, step=7, group_index=1, dtype="float32"):
    return int(fault_code(tensors, tf.constant(step, tf.int64), group_index, tf.identity, dtype))


@pytest.mark.parametrize("step", [0, 7, 10**9])
def test_a_code_tells_step_group_and_tensor(step):
    bad, good = tf.constant([1.0, np.nan]), tf.ones([3])
    assert fault_of(_code([good, good, bad], step=step), GROUPS) == Fault(
        step, "b", f"the gradient of {GROUPS['b'][1].path}"
    )
    assert fault_of(_code([bad, good], step=step, group_index=0), GROUPS) == Fault(step, "a", "the loss")
    assert fault_of(_code([bad], step=step, group_index=0), {}) == Fault(step, "", "a statistic")


def test_the_first_bad_tensor_decides_also_one_of_slices():
    slices = tf.IndexedSlices(tf.constant([[np.inf]]), tf.constant([4]))
    assert fault_of(_code([tf.ones([]), slices, tf.constant(np.nan)]), GROUPS).tensor.endswith("x")


def test_all_finite_is_no_fault_also_where_16_bits_would_overflow():
    assert _code([tf.constant(400.0, tf.float16), tf.ones([2])]) == 0
    assert fault_of(0, GROUPS) is None


def test_a_fault_on_another_replica_counts():
    code = fault_code([tf.ones([])], tf.constant(3, tf.int64), 0, lambda bad: bad + 1, "float32")
    assert fault_of(int(code), GROUPS) == Fault(3, "a", "the loss")
