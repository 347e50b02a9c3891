"""Predictors that are never given what they predict, each a network of its own."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit

from tests.goldens.precision import dtype_policy
from tfdgm.networks.unit_predictors import UnitPredictors

RNG = np.random.default_rng(0)
CODE = RNG.random((7, 4))


@pytest.fixture
def predictors():
    with dtype_policy("float64"):
        layer = UnitPredictors(4, 6)
    for variable in layer.trainable_variables:
        variable.assign(RNG.normal(size=variable.shape))
    return layer


def _jacobian(predictors):
    """dp_i / dy_j at each code, [7, 4, 4]."""
    code = tf.constant(CODE)
    with tf.GradientTape() as tape:
        tape.watch(code)
        predictions = predictors(code)
    return tape.batch_jacobian(predictions, code).numpy()


def test_a_prediction_depends_on_every_unit_but_its_own(predictors):
    jacobian = _jacobian(predictors)
    own = np.eye(4, dtype=bool)
    assert (jacobian[:, own] == 0.0).all()
    assert (np.abs(jacobian[:, ~own]) > 1e-9).all()


def test_predictions_are_those_of_separate_networks(predictors):
    kernel, hidden_bias, output_kernel, output_bias = (variable.numpy() for variable in predictors.trainable_variables)
    found = predictors(tf.constant(CODE))
    for i in range(4):
        hidden = np.tanh(np.delete(CODE, i, axis=1) @ kernel[i] + hidden_bias[i])
        np.testing.assert_allclose(found[:, i], expit(hidden @ output_kernel[i] + output_bias[i]), rtol=1e-12)


def test_a_unit_s_error_teaches_its_own_predictor_alone(predictors):
    with tf.GradientTape() as tape:
        error = tf.reduce_sum(tf.square(predictors(tf.constant(CODE))[:, 2] - CODE[:, 2]))
    for gradient in tape.gradient(error, [variable.value for variable in predictors.trainable_variables]):
        touched = np.abs(gradient.numpy()).reshape(4, -1).max(axis=1) > 0.0
        assert touched.tolist() == [False, False, True, False]


def test_it_computes_in_the_precision_of_its_variables():
    with dtype_policy("mixed_bfloat16"):
        predictors = UnitPredictors(3, 2)
    assert predictors(tf.constant(CODE[:, :3], tf.float32)).dtype == tf.float32


@pytest.mark.parametrize(("sizes", "field"), [((1, 4), "num_units is 1"), ((3, 0), "num_hidden is 0")])
def test_impossible_sizes_are_refused(sizes, field):
    with pytest.raises(ValueError, match=field):
        UnitPredictors(*sizes)
