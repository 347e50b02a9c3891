"""Spectral norm against the singular value decomposition, and its gradient against eq. 12 of Miyato et al. (2018)."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.precision import dtype_policy
from tfdgm.networks.spectral_norm import SpectralConv2D, SpectralDense


def _dense():
    layer = SpectralDense(5)
    layer.build((None, 7))
    return layer, tf.random.stateless_normal([4, 7], [1, 2], dtype=tf.float64)


def _conv():
    layer = SpectralConv2D(5, 3, strides=2, padding="same")
    layer.build((None, 6, 4, 2))
    return layer, tf.random.stateless_normal([4, 6, 4, 2], [1, 2], dtype=tf.float64)


@pytest.fixture(params=[_dense, _conv], ids=["dense", "conv"])
def layer_and_x(request):
    keras.utils.set_random_seed(0)
    with dtype_policy("float64"):
        return request.param()


def _matrix(layer):
    return np.reshape(layer.kernel, [-1, layer.kernel.shape[-1]])


def test_largest_singular_value_becomes_one(layer_and_x):
    layer, x = layer_and_x
    for _ in range(200):
        layer(x, training=True)
    sigma = np.linalg.svd(_matrix(layer), compute_uv=False)
    normalized = np.reshape(layer.normalized_kernel(), [-1, 5])
    np.testing.assert_allclose(np.linalg.svd(normalized, compute_uv=False), sigma / sigma[0], rtol=1e-9)


def test_one_power_iteration_a_training_call(layer_and_x):
    layer, x = layer_and_x
    u, matrix = np.array(layer.left_vector), _matrix(layer)
    layer(x, training=True)
    v = matrix @ u / np.linalg.norm(matrix @ u)
    expected = matrix.T @ v / np.linalg.norm(matrix.T @ v)
    np.testing.assert_allclose(layer.left_vector, expected, rtol=1e-9)
    layer(x)
    np.testing.assert_allclose(layer.left_vector, expected, rtol=1e-12)


@pytest.mark.parametrize("num", [1, 3, 9])
def test_singular_values_are_those_of_the_decomposition(layer_and_x, num):
    layer, _ = layer_and_x
    expected = np.linalg.svd(_matrix(layer), compute_uv=False)[:num]
    np.testing.assert_allclose(layer.singular_values(num), expected, rtol=1e-9)


def test_singular_values_of_a_kernel_with_more_outputs_than_inputs():
    with dtype_policy("float64"):
        layer = SpectralDense(7)
        layer.build((None, 2))
    expected = np.linalg.svd(_matrix(layer), compute_uv=False)
    np.testing.assert_allclose(layer.singular_values(3), expected, rtol=1e-9)


def test_the_kernel_itself_stays(layer_and_x):
    layer, x = layer_and_x
    before = np.array(layer.kernel)
    layer(x, training=True)
    np.testing.assert_array_equal(layer.kernel, before)


def test_outputs_are_those_of_the_stock_layer_with_the_normalized_kernel(layer_and_x):
    layer, x = layer_and_x
    with dtype_policy("float64"):
        stock = (keras.layers.Dense if isinstance(layer, SpectralDense) else keras.layers.Conv2D).from_config(
            layer.get_config()
        )
        stock.build(x.shape)
    layer.bias.assign(np.arange(5.0))
    stock.set_weights([layer.normalized_kernel(), layer.bias])
    np.testing.assert_allclose(layer(x), stock(x), rtol=1e-12, atol=1e-12)


def test_gradient_is_that_of_equation_12(layer_and_x):
    layer, _ = layer_and_x
    wanted = tf.random.stateless_normal(layer.kernel.shape, [3, 4], dtype=tf.float64)  # dL/dW_SN of L = <wanted, W_SN>
    variable = layer.kernel.value
    with tf.GradientTape() as tape:
        normalized = layer.normalized_kernel()
        loss = tf.reduce_sum(wanted * normalized)
    found = np.reshape(tape.gradient(loss, variable), [-1, 5])
    matrix, u = _matrix(layer), np.array(layer.left_vector) / np.linalg.norm(layer.left_vector)
    v = matrix @ u / np.linalg.norm(matrix @ u)
    sigma = v @ matrix @ u
    mean = np.sum(np.array(wanted) * np.array(normalized))
    np.testing.assert_allclose(found, (np.reshape(wanted, [-1, 5]) - mean * np.outer(v, u)) / sigma, rtol=1e-9)
