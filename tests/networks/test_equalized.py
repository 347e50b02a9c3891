"""Scaled kernels and the size of Adam's first step against calculations by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.precision import dtype_policy
from tfdgm.networks.equalized import EqualizedConv2D, EqualizedDense

RATE = 1e-3


def _dense(units=5, inputs=7, **kwargs):
    layer = EqualizedDense(units, **kwargs)
    layer.build((None, inputs))
    return layer, tf.random.stateless_normal([4, inputs], [1, 2], dtype=tf.float64), inputs


def _conv(filters=5, channels=2, **kwargs):
    layer = EqualizedConv2D(filters, 3, padding="valid", **kwargs)
    layer.build((None, None, None, channels))
    return layer, tf.random.stateless_normal([4, 3, 3, channels], [1, 2], dtype=tf.float64), 9 * channels


@pytest.fixture(params=[_dense, _conv], ids=["dense", "conv"])
def make(request):
    keras.utils.set_random_seed(0)

    def made(*args, **kwargs):
        with dtype_policy("float64"):
            return request.param(*args, **kwargs)

    return made


def test_outputs_are_those_of_the_kernel_over_the_root_of_fan_in(make):
    layer, x, fan_in = make()
    layer.bias.assign(np.arange(5.0))
    by_hand = np.sqrt(2 / fan_in) * np.reshape(x, [4, -1]) @ np.reshape(layer.kernel, [-1, 5]) + np.arange(5.0)
    np.testing.assert_allclose(np.reshape(layer(x), [4, 5]), by_hand, rtol=1e-12)


def test_gain_bias_and_activation_are_optional(make):
    layer, x, fan_in = make(gain=3.0, use_bias=False, activation="relu")
    by_hand = 3.0 / np.sqrt(fan_in) * np.reshape(x, [4, -1]) @ np.reshape(layer.kernel, [-1, 5])
    np.testing.assert_allclose(np.reshape(layer(x), [4, 5]), np.maximum(by_hand, 0.0), rtol=1e-12)


def test_kernels_start_as_standard_normals_and_keep_the_variance_of_a_unit_input(make):
    layer, _, _ = make(4000, 5, gain=1.0)
    kernel = layer.kernel.numpy()
    assert abs(kernel.mean()) < 0.03
    assert kernel.std() == pytest.approx(1.0, abs=0.03)
    outputs = layer(tf.ones([1, 3, 3, 5] if kernel.ndim == 4 else [1, 5], tf.float64))
    assert np.var(outputs) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("inputs", [2, 300])
def test_adam_s_first_step_moves_every_effective_weight_by_the_same_share_of_their_spread(make, inputs):
    layer, x, fan_in = make(5, inputs)
    optimizer = keras.optimizers.Adam(RATE, beta_1=0.0, beta_2=0.99, epsilon=1e-12)
    before, kernel = layer.scaled_kernel().numpy(), layer.kernel.value
    with tf.GradientTape() as tape:
        tape.watch(kernel)
        loss = tf.reduce_mean(tf.square(layer(x) - 1.0))
    gradient = tape.gradient(loss, kernel)
    optimizer.apply([gradient], [layer.kernel])
    spread = np.sqrt(2 / fan_in)
    np.testing.assert_allclose(layer.scaled_kernel() - before, -RATE * spread * np.sign(gradient), rtol=1e-3)


def test_gradients_reach_the_kernel_through_the_scale(make):
    layer, x, fan_in = make(activation=None)
    kernel = layer.kernel.value
    with tf.GradientTape() as tape:
        tape.watch(kernel)
        loss = tf.reduce_sum(layer(x))
    by_hand = np.sqrt(2 / fan_in) * np.reshape(x, [4, -1]).sum(0)
    np.testing.assert_allclose(np.reshape(tape.gradient(loss, kernel), [-1, 5]), by_hand[:, None] * np.ones(5))
