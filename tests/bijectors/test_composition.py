"""Compositions: equal to tfb.Chain, refused where shapes do not fit, invertible after training."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from tests.bijectors.cases import build, points
from tests.goldens.precision import dtype_policy
from tfdgm.bijectors.actnorm import ActNorm
from tfdgm.bijectors.composition import Composition
from tfdgm.bijectors.permutation import Permutation, reversal
from tfdgm.bijectors.squeeze import Squeeze


def test_equal_to_a_chain_of_the_parts():
    flow, z = build("real_nvp"), points((4,))
    chain = tfp.bijectors.Chain([part.bijector() for part in flow.parts])
    x = chain.forward(z)
    np.testing.assert_allclose(flow.bijector().forward(z), x, rtol=1e-12)
    np.testing.assert_allclose(
        flow.bijector().inverse_log_det_jacobian(x, 1), chain.inverse_log_det_jacobian(x, 1), rtol=1e-10
    )


def test_parts_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="parts is empty; a composition needs at least one bijector"):
        Composition([])
    with pytest.raises(
        ValueError, match=r"squeeze has latents \(2, 2, 4\), but permutation, which follows, gives \(4,"
    ):
        Composition([Squeeze((4, 4, 1)), Permutation((4, 4, 1), (0,))])
    with pytest.raises(ValueError, match="two variables of composition have the path 'actnorm/shift'"):
        Composition([ActNorm((3,)), ActNorm((3,))])


def test_one_part_twice_shares_its_weights():
    with dtype_policy("float64"):
        part = ActNorm((3,))
        flow = Composition([part, Permutation((3,), reversal(3)), part])
    part.initialized.assign(1)
    part.shift.assign([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(flow.bijector().forward(tf.zeros([1, 3], tf.float64)), [[4.0, 4.0, 4.0]])
    assert len(flow.trainable_variables) == 2


def test_invertible_and_finite_after_a_thousand_steps_of_training():
    with dtype_policy("float32"):
        flow = build("real_nvp", "float32", num_dims=2)
    angle = np.random.default_rng(0).uniform(0.0, np.pi, 512)
    data = np.stack([np.cos(angle), np.sin(angle)], -1) + 0.05 * np.random.default_rng(1).normal(size=(512, 2))
    x = tf.constant(data, tf.float32)
    optimizer = keras.optimizers.Adam(5e-3)
    variables = flow.trainable_variables
    optimizer.build(variables)

    def nll():
        z, log_det = flow.inverse_and_log_det(x)
        return tf.reduce_mean(0.5 * tf.reduce_sum(tf.square(z), axis=-1) - log_det) + np.log(2.0 * np.pi)

    @tf.function
    def train():
        for _ in tf.range(1000):
            with tf.GradientTape() as tape:
                loss = nll()
            optimizer.apply(tape.gradient(loss, [variable.value for variable in variables]), variables)

    before = nll()
    train()
    assert nll() < before - 0.5
    z, _ = flow.inverse_and_log_det(x)
    np.testing.assert_allclose(flow.forward_and_log_det(z)[0], x, rtol=0, atol=1e-4)
    samples, log_det = flow.forward_and_log_det(points((2,), 10000, scale=1.0, dtype="float32"))
    assert np.isfinite(samples).all()
    assert np.isfinite(log_det).all()
