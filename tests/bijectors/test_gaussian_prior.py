"""Learned priors: where they start, what they draw, classes of their own."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from tests.bijectors.cases import points
from tests.goldens.precision import dtype_policy
from tfdgm.bijectors.gaussian_prior import GaussianPrior, SplitPrior, bounded_log_scale

tfd = tfp.distributions


def _moved(layer, seed=0):
    rng = np.random.default_rng(seed)
    for variable in layer.trainable_variables:
        variable.assign(variable.numpy() + 0.3 * rng.normal(size=variable.shape))
    return layer


@pytest.mark.parametrize("context_size", [0, 3])
def test_starts_as_standard_normal_noise(context_size):
    with dtype_policy("float64"):
        layer = GaussianPrior((2, 2, 3), context_size=context_size)
    z = points((2, 2, 3))
    context = points((context_size,)) if context_size else None
    x, log_det = layer.forward_and_log_det(z, context)
    np.testing.assert_array_equal(x, z)
    np.testing.assert_array_equal(log_det, 0.0)


def test_each_class_has_its_gaussian():
    with dtype_policy("float64"):
        layer = _moved(GaussianPrior((2,), context_size=3))
    x, classes = points((2,)), [0, 1, 2, 1, 0]
    base = tfd.MultivariateNormalDiag(tf.zeros([2], tf.float64))
    one_hot = tf.one_hot(classes, 3, dtype=tf.float64)
    log_prob = tfd.TransformedDistribution(base, layer.bijector(one_hot)).log_prob(x)
    raw = layer.bias.numpy() + layer.kernel.numpy()[classes]
    scale = np.exp(6.0 * np.tanh(raw[:, 2:] / 6.0))
    np.testing.assert_allclose(log_prob, tfd.MultivariateNormalDiag(raw[:, :2], scale).log_prob(x), rtol=1e-12)


@pytest.mark.parametrize("context", [None, np.zeros((5, 2))])
def test_another_context_is_refused(context):
    layer = GaussianPrior((2,), context_size=3)
    context = None if context is None else tf.constant(context, tf.float32)
    with pytest.raises(ValueError, match=r"context is .*; prior needs one of shape \(B, 3\)"):
        layer.bijector(context).inverse(tf.zeros([5, 2]))


def test_a_split_starts_with_what_leaves_as_its_own_noise():
    with dtype_policy("float64"):
        split = SplitPrior((2, 3, 5))
    h = points((2, 3, 5))
    stay, noise, log_det = split.divide(h)
    np.testing.assert_array_equal(stay, h[..., :2])
    np.testing.assert_array_equal(noise, h[..., 2:])
    np.testing.assert_array_equal(log_det, 0.0)


def test_a_split_has_the_density_of_its_gaussian_and_joins_again():
    with dtype_policy("float64"):
        split = _moved(SplitPrior((2, 3, 5)))
    h = points((2, 3, 5))
    stay, noise, log_det = split.divide(h)
    mean, raw_scale = np.split(split.convolution(stay).numpy(), 2, axis=-1)
    expected = tfd.Normal(mean, tf.exp(bounded_log_scale(raw_scale))).log_prob(h[..., 2:])
    log_prob = tf.reduce_sum(tfd.Normal(tf.zeros([], tf.float64), 1.0).log_prob(noise), [1, 2, 3]) + log_det
    np.testing.assert_allclose(log_prob, tf.reduce_sum(expected, [1, 2, 3]), rtol=1e-12)
    again, join_log_det = split.join(stay, noise)
    np.testing.assert_allclose(again, h, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(join_log_det, -log_det)


def test_scales_are_bounded():
    scales = np.exp(bounded_log_scale(tf.constant([-1e30, 0.0, 1e30])))
    np.testing.assert_allclose(scales, np.exp([-6.0, 0.0, 6.0]), rtol=1e-5)


@pytest.mark.parametrize("shape", [(4,), (2, 2, 1)])
def test_what_has_no_half_to_split_off_is_refused(shape):
    with pytest.raises(ValueError, match=r"a split needs \[H, W, C\] of at least 2 channels"):
        SplitPrior(shape)
