"""Repeated steps: the same as a composition of them, traced once, with and without recomputation."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.bijectors.cases import glow_step, initialized_flags
from tests.goldens.precision import dtype_policy
from tfdgm.bijectors.composition import Composition
from tfdgm.bijectors.permutation import Permutation
from tfdgm.bijectors.repeated import Repeated

SHAPE = (4, 2, 6)


def _steps(num=3):
    keras.utils.set_random_seed(0)
    with dtype_policy("float64"):
        steps = [Composition(glow_step(SHAPE, f"step_{index}"), name=f"step_{index}") for index in range(num)]
    rng = np.random.default_rng(0)
    for step in steps:
        for variable in step.trainable_variables:
            variable.assign(variable.numpy() + 0.1 * rng.normal(size=variable.shape))
        step.parts[0].initialized.assign(1)
    return steps


def _x(num=5):
    return tf.constant(np.random.default_rng(1).normal(size=(num, *SHAPE)))


def _run(layer, x, in_graph):
    def run(x):
        with tf.GradientTape() as tape:
            z, log_det = layer.inverse_and_log_det(x)
            loss = tf.reduce_sum(tf.square(z) * 0.5) - tf.reduce_sum(log_det)
        return z, log_det, tape.gradient(loss, [variable.value for variable in layer.trainable_variables])

    return (tf.function(run) if in_graph else run)(x)


@pytest.mark.parametrize("in_graph", [False, True])
@pytest.mark.parametrize("recompute", [False, True])
def test_is_the_composition_of_its_steps(recompute, in_graph):
    steps = _steps()
    with dtype_policy("float64"):
        repeated, plain = Repeated(_steps(), recompute=recompute), Composition(steps)
    found, expected = _run(repeated, _x(), in_graph), _run(plain, _x(), in_graph)
    by_step = np.array_split(np.array(expected[2], object), len(steps))
    stacked = [np.stack([np.asarray(gradient) for gradient in of_steps]) for of_steps in zip(*by_step, strict=True)]
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-12)
    assert all(np.abs(gradient).max() > 0 for gradient in found[2])
    for one, other in zip(found[2], stacked, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-9)
    x, log_det = repeated.forward_and_log_det(found[0])
    np.testing.assert_allclose(x, _x(), atol=1e-10)
    np.testing.assert_allclose(log_det, -found[1], rtol=1e-10)


def test_the_function_of_a_step_is_traced_once_however_many_there_are():
    steps, calls = _steps(6), []
    network = steps[0].parts[-1].network
    call = network.call
    network.call = lambda *args, **kwargs: calls.append(1) or call(*args, **kwargs)
    with dtype_policy("float64"):
        layer = Repeated(steps)
    tf.function(layer.inverse_and_log_det)(_x())
    assert len(calls) == 1


def test_steps_start_one_after_the_other():
    steps = _steps()
    others = _steps()
    for step in (*steps, *others):
        step.parts[0].initialized.assign(0)
    with dtype_policy("float64"):
        layer, plain = Repeated(others), Composition(steps)
    x = _x(64)
    layer.start_at(x, tf.identity)
    plain.start_at(x, tf.identity)
    for stack, variables in zip(layer.stacks, zip(*(step.variables for step in steps), strict=True), strict=True):
        np.testing.assert_allclose(stack, np.stack([variable.numpy() for variable in variables]), rtol=1e-10)
    assert [flag.numpy().tolist() for flag in initialized_flags(layer)] == [[1, 1, 1]]


def test_steps_that_are_not_alike_are_refused():
    with pytest.raises(ValueError, match="steps is empty"):
        Repeated([])
    steps = _steps(1)
    other = Composition(glow_step((4, 2, 4), "other"), name="other")
    with pytest.raises(ValueError, match="other is not like step_0; steps must differ in their weights alone"):
        Repeated([*steps, other])
    with pytest.raises(ValueError, match="permutation is not like step_0"):
        Repeated([*steps, Permutation(SHAPE, range(6))])
