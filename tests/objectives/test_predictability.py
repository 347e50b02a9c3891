"""The game's losses against enumeration of a small joint distribution of binary code units."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.objectives import predictability

RNG = np.random.default_rng(0)
NUM_UNITS = 3
CODES = np.array(list(itertools.product([0.0, 1.0], repeat=NUM_UNITS)))
PROBABILITIES = RNG.dirichlet(np.ones(len(CODES)))


def _given_the_others(probabilities):
    """E[y_i | y_-i] at each of `CODES`, by summing over the two values of y_i."""
    expected = np.empty_like(CODES)
    for row, code in enumerate(CODES):
        for i in range(NUM_UNITS):
            same = np.all(np.delete(CODES, i, axis=1) == np.delete(code, i), axis=1)
            expected[row, i] = np.sum(probabilities[same] * CODES[same, i]) / np.sum(probabilities[same])
    return expected


def _mean_error(predictions, probabilities=PROBABILITIES):
    error = predictability.prediction_error(tf.convert_to_tensor(predictions), tf.constant(CODES))
    return tf.reduce_sum(error * probabilities)


def _tables(values):
    """Predictions [8, m] of predictors that are tables: one value for each state of the other units, [m, 2, 2]."""
    others = [np.delete(CODES, i, axis=1).astype(int) for i in range(NUM_UNITS)]
    columns = [tf.gather_nd(values[i], others[i]) for i in range(NUM_UNITS)]
    return tf.stack(columns, axis=-1)


def test_the_best_predictors_are_conditional_expectations():
    """Any table is a predictor: the gradient of the error in all entries vanishes there, and there alone."""
    expected = _given_the_others(PROBABILITIES)
    values = np.empty((NUM_UNITS, 2, 2))
    for i in range(NUM_UNITS):
        values[i][tuple(np.delete(CODES, i, axis=1).astype(int).T)] = expected[:, i]
    best = tf.Variable(values)
    with tf.GradientTape() as tape:
        error = _mean_error(_tables(best))
    np.testing.assert_allclose(tape.gradient(error, best), np.zeros_like(values), atol=1e-12)
    np.testing.assert_allclose(_tables(best), expected, rtol=1e-12)
    for _ in range(20):
        assert _mean_error(_tables(best + 0.1 * RNG.normal(size=values.shape))) > error


def test_the_error_at_the_optimum_is_the_conditional_variance():
    """sum_i Var(y_i) - E (E[y_i | y_-i] - E[y_i])^2, what the encoder then maximises."""
    expected = _given_the_others(PROBABILITIES)
    mean = PROBABILITIES @ CODES
    variance = PROBABILITIES @ np.square(CODES - mean)
    explained = PROBABILITIES @ np.square(expected - mean)
    np.testing.assert_allclose(_mean_error(expected), np.sum(variance - explained), rtol=1e-12)


def test_no_distribution_of_binary_units_beats_the_uniform_one():
    """m / 4, reached by the factorial code of equally likely patterns alone."""
    uniform = np.full(len(CODES), 1.0 / len(CODES))
    np.testing.assert_allclose(_mean_error(_given_the_others(uniform), uniform), NUM_UNITS / 4.0, rtol=1e-12)
    for _ in range(50):
        other = RNG.dirichlet(np.ones(len(CODES)))
        assert _mean_error(_given_the_others(other), other) < NUM_UNITS / 4.0


def test_the_encoder_s_loss_is_the_error_with_its_sign_changed_and_the_weighted_reconstruction():
    predictions, code = tf.constant(RNG.random((5, 3))), tf.constant(RNG.random((5, 3)))
    error = predictability.prediction_error(predictions, code)
    np.testing.assert_allclose(error, np.sum((predictions.numpy() - code.numpy()) ** 2, axis=1), rtol=1e-12)
    np.testing.assert_allclose(predictability.encoder_loss(predictions, code), -error, rtol=1e-12)
    reconstruction = tf.constant(RNG.random(5))
    loss = predictability.encoder_loss(predictions, code, reconstruction, 0.3)
    np.testing.assert_allclose(loss, 0.3 * reconstruction - error, rtol=1e-12)


@pytest.mark.parametrize("shape", [(4,), (2, 3, 1)])
def test_squared_error_sums_over_the_event(shape):
    x, means = RNG.random((2, 6, *shape))
    found = predictability.squared_error(tf.constant(x), tf.constant(means))
    np.testing.assert_allclose(found, np.square(x - means).reshape(6, -1).sum(1), rtol=1e-12)
