"""One kernel a variable is Keras' Adam, whatever surrounds it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.strategies import mirrored
from tfdgm.training.fused_adam import FusedAdam

_SHAPES = ((3, 4), (4,), ())
_FIELDS = {"learning_rate": 0.02, "beta_1": 0.6, "beta_2": 0.95, "epsilon": 1e-3}


def _variables():
    rng = np.random.default_rng(0)
    return [keras.Variable(rng.normal(size=shape).astype(np.float32)) for shape in _SHAPES]


def _after(optimizer, num_steps=5):
    """Weights and the optimizer's own variables after as many steps, in a graph, of the gradient of sum w^4."""
    variables = _variables()
    optimizer.build(variables)

    @tf.function(autograph=False)
    def step():
        optimizer.apply([4.0 * variable.value**3 for variable in variables], variables)

    for _ in range(num_steps):
        step()
    return [variable.numpy() for variable in (*variables, *optimizer.variables)]


@pytest.mark.parametrize(
    "fields",
    [{}, {"weight_decay": 0.1}, {"global_clipnorm": 0.5}, {"amsgrad": True}, {"loss_scale_factor": 4.0}],
    ids=str,
)
def test_weights_and_moments_are_those_of_keras(fields):
    found, expected = (_after(kind(**_FIELDS, **fields)) for kind in (FusedAdam, keras.optimizers.Adam))
    assert len(found) == len(expected)
    for mine, keras_own in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, keras_own, rtol=1e-5, atol=1e-7)
    assert not np.allclose(found[0], _variables()[0].value, atol=0.05)  # five steps of 0.02 in one direction or so


def test_gradients_of_looked_up_rows_are_those_of_keras():
    found = []
    for kind in (FusedAdam, keras.optimizers.Adam):
        table = keras.Variable(np.arange(12.0, dtype=np.float32).reshape(4, 3))
        optimizer = kind(**_FIELDS)
        optimizer.build([table])
        for rows in ([0, 2, 2], [2, 3, 0]):
            gradient = tf.IndexedSlices(tf.ones((3, 3)), tf.constant(rows), dense_shape=tf.constant([4, 3]))
            optimizer.apply([gradient], [table])
        found.append(table.numpy())
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6)
    assert np.all(found[0][0] != np.arange(3.0))


def test_replicas_hold_what_one_device_holds():
    strategy = mirrored()
    with strategy.scope():
        variables = _variables()
        optimizer = FusedAdam(**_FIELDS)
        optimizer.build(variables)

    def step():
        # Half of the gradient from each: the optimizer sums over replicas.
        optimizer.apply([2.0 * variable.value**3 for variable in variables], variables)

    run = tf.function(lambda: strategy.run(step), autograph=False)
    for _ in range(5):
        run()
    replicated = [variable.value for variable in (*variables, *optimizer.variables)]
    for variable, alone in zip(replicated, _after(FusedAdam(**_FIELDS)), strict=True):
        copies = strategy.experimental_local_results(variable)
        assert len(copies) == 2
        for copy in copies:
            np.testing.assert_allclose(copy, alone, rtol=1e-6)


def test_a_variable_takes_one_operation():
    variables = _variables()
    optimizer = FusedAdam(**_FIELDS)
    optimizer.build(variables)

    @tf.function(autograph=False)
    def step():
        optimizer.apply([tf.ones(shape) for shape in _SHAPES], variables)

    types = [op.type for op in step.get_concrete_function().graph.get_operations()]
    assert types.count("ResourceApplyAdam") == len(_SHAPES)
    assert "AssignSubVariableOp" not in types
