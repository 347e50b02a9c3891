"""Coupling: evaluations of its conditioner are counted, its half kept, its formula and its oracle tfb.RealNVP."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from tests.bijectors.cases import build, points
from tests.goldens.precision import dtype_policy
from tfdgm.bijectors.coupling import Coupling
from tfdgm.bijectors.elementwise import Affine
from tfdgm.bijectors.masks import ChannelMask
from tfdgm.networks.mlp import mlp

tfd = tfp.distributions


def _counted(uses_context=False):
    calls = []

    def conditioner(kept, *context):
        calls.append((kept, *context))
        return tf.concat([tf.sin(kept), tf.cos(kept)], axis=-1)

    with dtype_policy("float64"):
        return Coupling(conditioner, ChannelMask((4,)), Affine(), uses_context=uses_context), calls


def test_density_and_sample_with_density_take_one_evaluation_of_the_conditioner():
    layer, calls = _counted()
    base = tfd.MultivariateNormalDiag(tf.zeros([4], tf.float64))
    tfd.TransformedDistribution(base, layer.bijector()).log_prob(points((4,)))
    assert len(calls) == 1
    tfd.TransformedDistribution(base, layer.bijector()).experimental_sample_and_log_prob(3, seed=1)
    assert len(calls) == 2

    @tf.function
    def traced(x):
        bijector = layer.bijector()
        z = bijector.inverse(x)
        return z, bijector.inverse_log_det_jacobian(x, 1), bijector.forward_log_det_jacobian(z, 1), bijector.forward(z)

    traced(points((4,)))
    assert len(calls) == 3


def test_kept_half_stays_and_the_other_follows_the_formula():
    layer, calls = _counted()
    z = points((4,)).numpy()
    x, log_det = layer.forward_and_log_det(tf.constant(z))
    log_scale = 2.0 * np.tanh(np.cos(z[:, :2]) / 2.0)
    np.testing.assert_array_equal(x[:, :2], z[:, :2])
    np.testing.assert_allclose(x[:, 2:], z[:, 2:] * np.exp(log_scale) + np.sin(z[:, :2]), rtol=1e-12)
    np.testing.assert_allclose(log_det, log_scale.sum(1), rtol=1e-12)
    np.testing.assert_array_equal(calls[0][0], z[:, :2])


def test_equal_to_tfp():
    layer = build("affine_coupling")

    def shift_and_log_scale(kept, output_units):
        del output_units
        shift, raw_scale = tf.split(layer.conditioner(kept), 2, axis=-1)
        return shift, layer.transform.log_scale(raw_scale)

    theirs = tfp.bijectors.RealNVP(num_masked=2, shift_and_log_scale_fn=shift_and_log_scale)
    x = points((4,))
    np.testing.assert_allclose(layer.bijector().inverse(x), theirs.inverse(x), rtol=1e-12)
    log_dets = [bijector.inverse_log_det_jacobian(x, 1) for bijector in (layer.bijector(), theirs)]
    np.testing.assert_allclose(*log_dets, rtol=1e-12)


def test_context_reaches_the_conditioner():
    layer, calls = _counted(uses_context=True)
    context = points((2,))
    layer.bijector(context).inverse(points((4,)))
    assert calls[0][1] is context
    with pytest.raises(ValueError, match="context is None; the conditioner of coupling needs one"):
        layer.bijector().inverse(points((4,)))
    # One that uses none is not given it, so that a flow may have both kinds.
    layer, calls = _counted()
    layer.bijector(context).inverse(points((4,)))
    assert len(calls[0]) == 1


def test_a_keras_conditioner_belongs_to_the_layer():
    mask = ChannelMask((4,))
    layer = Coupling(mlp(mask.kept_shape, (5,), mask.params_shape(2), name="net"), mask, Affine())
    assert [variable.path for variable in layer.trainable_variables] == [
        "net/hidden_0/kernel",
        "net/hidden_0/bias",
        "net/outputs/kernel",
        "net/outputs/bias",
    ]


def test_a_conditioner_of_another_shape_is_refused():
    layer = Coupling(lambda kept: kept, ChannelMask((2, 2, 4)), Affine())
    with pytest.raises(ValueError, match=r"the conditioner of coupling gives \(2, 2, 2\); it must give \(2, 2, 4\)"):
        layer.bijector().inverse(tf.zeros([3, 2, 2, 4]))
