"""Noise over cells: densities that integrate to one, by quadrature, and bounds that hold."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.precision import dtype_policy
from tfdgm.networks.dequantization import DEQUANTIZERS, dequantizer

SHAPE = (2, 3, 1)


def _moved(kind):
    keras.utils.set_random_seed(0)
    with dtype_policy("float64"):
        layer = dequantizer(kind, SHAPE, 4)
    rng = np.random.default_rng(0)
    for variable in layer.variables:
        variable.assign(variable.numpy() + 0.3 * rng.normal(size=variable.shape))
    return layer


@pytest.mark.parametrize("kind", DEQUANTIZERS)
def test_the_density_is_that_of_the_draw(kind):
    """u is a function of the noise v alone, dimension by dimension: q(u) = 1 / |du/dv|."""
    layer = _moved(kind)
    rng = np.random.default_rng(1)
    levels = tf.constant(np.repeat(rng.random((1, *SHAPE)), 5, axis=0))
    noise = tf.constant(rng.random((5, *SHAPE)))
    with tf.GradientTape() as tape:
        tape.watch(noise)
        u, log_q = layer(levels, noise)
    slopes = tape.gradient(u, noise)
    np.testing.assert_allclose(log_q, -np.log(slopes).sum((1, 2, 3)), rtol=1e-9, atol=1e-9)
    assert (u.numpy() > 0).all()
    assert (u.numpy() < 1).all()


@pytest.mark.parametrize("noise", [0.0, 1.0 - 2.0**-24])
def test_the_ends_of_the_noise_stay_finite(noise):
    layer = dequantizer("variational", SHAPE, 4)
    u, log_q = layer(tf.zeros([1, *SHAPE]), tf.fill([1, *SHAPE], noise))
    assert np.isfinite(u).all()
    assert np.isfinite(log_q).all()


def test_the_variational_one_starts_close_to_the_uniform():
    """The mean of log q over draws is the KL to the uniform, near 0 for the logistic normal of scale 1.7."""
    layer = dequantizer("variational", SHAPE, 4)
    _, log_q = layer(
        tf.zeros([20_000, *SHAPE]), tf.constant(np.random.default_rng(0).random((20_000, *SHAPE)), tf.float32)
    )
    assert 0.0 < float(tf.reduce_mean(log_q)) / 6 < 0.01


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="dequantization is 'unform'; it must be one of uniform, variational"):
        dequantizer("unform", SHAPE, 4)
