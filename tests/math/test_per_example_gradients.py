"""Gradients row by row against a tape's own."""

import numpy as np
import tensorflow as tf

from tfdgm.math import per_example_gradients

RNG = np.random.default_rng(0)
INPUTS = tf.constant(RNG.normal(size=(4, 3)))
PARAMETERS = tf.constant(RNG.normal(size=3))


def _values(parameters):
    return tf.nn.softplus(INPUTS * parameters) * tf.reduce_sum(tf.square(parameters))  # [4, 3]


def test_jacobian_is_that_of_a_tape():
    with tf.GradientTape() as tape:
        tape.watch(PARAMETERS)
        values = _values(PARAMETERS)
    found = per_example_gradients.jacobian(_values, PARAMETERS)
    np.testing.assert_allclose(found, tape.jacobian(values, PARAMETERS), rtol=1e-12)
    in_graph = tf.function(lambda p: per_example_gradients.jacobian(_values, p))(PARAMETERS)
    np.testing.assert_allclose(in_graph, found, rtol=1e-12)


def test_gradient_is_the_sum_of_the_jacobian():
    found = per_example_gradients.gradient(_values, PARAMETERS)
    np.testing.assert_allclose(found, np.sum(per_example_gradients.jacobian(_values, PARAMETERS), axis=(0, 1)))


def test_jacobian_of_what_does_not_depend_on_the_parameters_is_zero():
    found = per_example_gradients.jacobian(lambda _: INPUTS, PARAMETERS)
    np.testing.assert_array_equal(found, np.zeros((4, 3, 3)))


def test_rows_have_the_gradient_of_their_own_loss():
    slopes = tf.constant(RNG.normal(size=(4, 3)))
    found = per_example_gradients.row_gradients(
        lambda a, b: tf.reduce_sum(slopes * a + tf.stop_gradient(b), axis=1), INPUTS, 2.0 * INPUTS
    )
    np.testing.assert_array_equal(found[0], slopes)
    np.testing.assert_array_equal(found[1], np.zeros((4, 3)))
