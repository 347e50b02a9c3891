"""Conditional batch normalisation against NumPy, and over replicas against one big batch."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.precision import dtype_policy
from tests.goldens.strategies import mirrored
from tfdgm.networks.conditional_batch_norm import ConditionalBatchNorm


@pytest.fixture
def norm():
    keras.utils.set_random_seed(0)
    with dtype_policy("float64"):
        return ConditionalBatchNorm(4, 3)


def _normal(shape, seed):
    return np.random.default_rng(seed).standard_normal(shape)


def test_gain_and_bias_follow_the_condition(norm):
    x, condition = _normal([6, 2, 3, 4], 0), _normal([6, 3], 1)
    y = norm(tf.constant(x), tf.constant(condition), uses_batch=True)
    normal = (x - x.mean(axis=(0, 1, 2))) / np.sqrt(x.var(axis=(0, 1, 2)) + 1e-5)
    gain, bias = (condition @ np.array(layer.normalized_kernel()) for layer in (norm.gain, norm.bias))
    expected = (1.0 + gain[:, None, None]) * normal + bias[:, None, None]
    np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-12)


def test_without_a_condition_gain_and_bias_are_weights():
    with dtype_policy("float64"):
        norm = ConditionalBatchNorm(4)
    norm.gain_weight.assign(np.arange(4.0))
    norm.bias_weight.assign(np.ones(4))
    x = _normal([6, 2, 3, 4], 0)
    normal = (x - x.mean(axis=(0, 1, 2))) / np.sqrt(x.var(axis=(0, 1, 2)) + 1e-5)
    np.testing.assert_allclose(norm(tf.constant(x), uses_batch=True), (1.0 + np.arange(4.0)) * normal + 1.0, rtol=1e-9)


def test_running_moments_move_only_when_the_batch_is_used(norm):
    x, condition = tf.constant(3.0 + _normal([6, 2, 3, 4], 0)), tf.constant(_normal([6, 3], 1))
    before = [np.array(variable) for variable in norm.moments.non_trainable_variables]
    norm(x, condition, training=True, uses_batch=False)
    for variable, value in zip(norm.moments.non_trainable_variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)
    norm(x, condition, uses_batch=True)
    np.testing.assert_allclose(norm.moments.moving_mean, 0.1 * np.mean(x, axis=(0, 1, 2)), rtol=1e-9)


def test_replicas_normalise_by_the_global_batch():
    two_replicas = mirrored()
    x, condition = _normal([8, 2, 2, 4], 0).astype(np.float32), _normal([8, 3], 1).astype(np.float32)
    keras.utils.set_random_seed(0)
    alone = ConditionalBatchNorm(4, 3)
    expected = alone(x, condition, uses_batch=True)
    with two_replicas.scope():
        keras.utils.set_random_seed(0)
        norm = ConditionalBatchNorm(4, 3)
    dataset = tf.data.Dataset.from_tensor_slices((x, condition)).batch(8)
    rows = next(iter(two_replicas.experimental_distribute_dataset(dataset)))
    step = tf.function(lambda x, c: norm(x, c, uses_batch=True))
    y = two_replicas.run(step, args=rows)
    np.testing.assert_allclose(tf.concat(two_replicas.experimental_local_results(y), axis=0), expected, atol=1e-5)
    for mine, other in zip(norm.moments.non_trainable_variables, alone.moments.non_trainable_variables, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-6)


def test_sizes_that_there_are_not():
    with pytest.raises(ValueError, match="num_channels is 0"):
        ConditionalBatchNorm(0)
