"""Reversible steps: values and gradients as those of the plain chain, with nothing kept on the way."""

import numpy as np
import tensorflow as tf

from tfdgm.math.reversible import backward_of, reversible


def _step(x, scale, shift):
    """Of a stretch by powers, which no step of is linear in its weights."""
    y = tf.exp(scale) * x + tf.sin(shift)
    return y, tf.fill(tf.shape(x)[:1], tf.reduce_sum(scale) * 1.0)


def _inverse(y, scale, shift):
    return (y - tf.sin(shift)) * tf.exp(-scale), None


def _weights(num_steps):
    rng = np.random.default_rng(0)
    return [[tf.Variable(0.3 * rng.normal(size=3)) for _ in range(2)] for _ in range(num_steps)]


def _loss(y, log_det):
    return tf.reduce_sum(tf.square(y) * [1.0, 2.0, 3.0]) + tf.reduce_sum(tf.cos(log_det))


def _gradients(run, x, weights):
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = _loss(*run(x))
    return loss, tape.gradient(loss, [x, *(weight for step in weights for weight in step)])


def test_values_and_gradients_are_those_of_the_plain_chain():
    weights = _weights(5)
    x = tf.constant(np.random.default_rng(1).normal(size=(4, 3)))

    def plain(x):
        total = tf.zeros([4], tf.float64)
        for step in weights:
            x, log_det = _step(x, *step)
            total += log_det
        return x, total

    def recomputed(x):
        tensors = [[tf.convert_to_tensor(weight) for weight in step] for step in weights]
        return reversible(_step, backward_of(_step, _inverse), x, tensors)

    for run in (recomputed, tf.function(recomputed)):
        loss, expected = _gradients(plain, x, weights)
        found_loss, found = _gradients(run, x, weights)
        np.testing.assert_allclose(found_loss, loss, rtol=1e-13)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


def test_a_step_on_the_way_back_starts_from_its_output_alone():
    """The input that the way back sees is what the inverse gives, not what was seen on the way there."""
    seen = []

    def inverse(y, scale, shift):
        seen.append(y.numpy())
        return _inverse(y, scale, shift)

    weights = _weights(3)
    x = tf.constant(np.random.default_rng(1).normal(size=(2, 3)))
    with tf.GradientTape() as tape:
        tape.watch(x)
        tensors = [[tf.convert_to_tensor(weight) for weight in step] for step in weights]
        y, log_det = reversible(_step, backward_of(_step, inverse), x, tensors)
        loss = _loss(y, log_det)
    assert not seen
    tape.gradient(loss, x)
    np.testing.assert_allclose(seen[0], y)
    np.testing.assert_allclose(seen[2], _step(x, *weights[0])[0], rtol=1e-12)
    assert len(seen) == 3
