"""Confidences: their gradient against autodiff, and what was planted is found again."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.objectives import confidences
from tfdgm.objectives.posterior_regularization import projected_log_prob

PLANTED = np.array([1.5, 0.8, 0.0])


def _simulated(num=20_000, num_classes=4, seed=0):
    """Labels drawn from q with planted confidences: two soft rules that hold, and a random one without."""
    rng = np.random.default_rng(seed)
    log_p = np.log(rng.dirichlet(np.ones(num_classes), size=num))
    rules = rng.uniform(size=[num, num_classes, 3])
    q = np.exp(log_p + rules @ PLANTED)
    q /= q.sum(1, keepdims=True)
    label = (rng.uniform(size=[num, 1]) > np.cumsum(q, axis=1)).sum(1)
    return tf.constant(log_p), tf.constant(rules), tf.constant(np.eye(num_classes)[label])


def test_gradient_of_log_q_is_the_rule_less_its_expectation():
    log_p, rules, _ = _simulated(5)
    given = tf.constant([0.4, -1.0, 2.0], tf.float64)
    q = np.exp(log_p.numpy() + rules.numpy() @ given.numpy())
    q /= q.sum(1, keepdims=True)
    for label in range(4):
        target = tf.one_hot([label] * 5, 4, dtype=tf.float64)
        with tf.GradientTape() as tape:
            tape.watch(given)
            log_q = projected_log_prob(log_p, rules, given)[:, label]
        by_autodiff = tape.jacobian(log_q, given)
        expected = rules.numpy()[:, label] - np.einsum("bk,bkl->bl", q, rules)
        np.testing.assert_allclose(log_q, np.log(q[:, label]), rtol=1e-12)
        np.testing.assert_allclose(by_autodiff, expected, rtol=1e-10)
        np.testing.assert_allclose(confidences.confidence_gradient(log_p, rules, given, target), expected, rtol=1e-10)


def test_second_derivative_is_the_covariance():
    log_p, rules, target = _simulated(7)
    given = tf.constant([0.4, -1.0, 2.0], tf.float64)
    with tf.GradientTape() as outer:
        outer.watch(given)
        with tf.GradientTape() as inner:
            inner.watch(given)
            loss = tf.reduce_sum(confidences.confidence_loss(log_p, rules, given, target))
        slope = inner.gradient(loss, given)
    np.testing.assert_allclose(outer.jacobian(slope, given), confidences.information(log_p, rules, given), rtol=1e-10)


def test_p_learns_nothing_from_the_confidences_loss():
    log_p, rules, target = _simulated(3)
    with tf.GradientTape() as tape:
        tape.watch(log_p)
        loss = confidences.confidence_loss(log_p, rules, tf.ones(3, tf.float64), target)
    assert tape.gradient(loss, log_p) is None


def test_unlabelled_target_is_p_itself_and_draws_confidences_to_zero():
    """With p for the target -E_p log q is least at q = p."""
    log_p, rules, _ = _simulated(50)
    slope = confidences.confidence_gradient(log_p, rules, tf.zeros(3, tf.float64), tf.exp(log_p))
    np.testing.assert_allclose(slope, 0.0, atol=1e-15)


@pytest.mark.parametrize("seed", range(3))
def test_planted_confidences_are_recovered(seed):
    """Within 10% and 3 standard errors; the random rule's within 3 standard errors of 0."""
    found, errors = (each.numpy() for each in confidences.fit_confidences(*_simulated(seed=seed)))
    assert np.all(np.abs(found - PLANTED) < 3.0 * errors)
    assert np.all(np.abs(found[:2] - PLANTED[:2]) < 0.1 * PLANTED[:2])
    assert np.all(errors < 0.06)


def test_standard_errors_are_those_of_repeated_draws():
    found, errors = zip(*(confidences.fit_confidences(*_simulated(300, seed=10 + s)) for s in range(40)), strict=True)
    ratios = np.std(found, axis=0, ddof=1) / np.mean(errors, axis=0)
    np.testing.assert_allclose(ratios, 1.0, atol=0.4)  # of 40 draws the deviation has an error of 11%


def test_gradient_descent_finds_what_newton_finds():
    log_p, rules, target = _simulated(2_000)
    best, _ = confidences.fit_confidences(log_p, rules, target)
    current = tf.zeros(3, tf.float64)
    for _ in range(250):
        current += 8.0 * tf.reduce_mean(confidences.confidence_gradient(log_p, rules, current, target), axis=0)
    np.testing.assert_allclose(current, best, atol=1e-6)


@pytest.mark.parametrize("kind", ["constant", "copied", "obeyed"])
def test_confidences_without_a_maximum_are_reported(kind):
    log_p, rules, target = _simulated(200)
    third = {"constant": 0.5 * tf.ones_like(target), "copied": rules[..., 0], "obeyed": target}[kind]
    rules = tf.concat([rules[..., :2], third[..., tf.newaxis]], axis=-1)
    with pytest.raises(ValueError, match="confidences have no maximum"):
        confidences.fit_confidences(log_p, rules, target)
