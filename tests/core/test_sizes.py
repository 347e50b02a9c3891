"""Bytes by shape and type."""

import keras
import tensorflow as tf

from tfdgm.core.sizes import num_bytes


def test_values_count_by_their_types():
    variables = [tf.Variable(tf.zeros([3, 5])), keras.Variable(tf.zeros([2], tf.float64), dtype="float64")]
    assert num_bytes(variables) == 60 + 16
    assert num_bytes([tf.TensorSpec([7], tf.int64), tf.constant(1.0)]) == 56 + 4
    assert num_bytes([tf.TensorSpec([3, 0, 2])]) == num_bytes([]) == 0
