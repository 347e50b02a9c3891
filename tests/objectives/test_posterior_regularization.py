"""q of finite labels: against brute force, against a numerical minimiser, and at its limits."""

import hypothesis
import numpy as np
import pytest
import scipy.optimize
import scipy.special
import tensorflow as tf
from hypothesis import strategies as st

from tfdgm.objectives.posterior_regularization import projected_log_prob, regularized_divergence


def _random(seed, num_classes=4, num_rules=3, num_rows=5):
    rng = np.random.default_rng(seed)
    log_p = scipy.special.log_softmax(2.0 * rng.normal(size=(num_rows, num_classes)), axis=1)
    return log_p, rng.random((num_rows, num_classes, num_rules)), 4.0 * rng.random(num_rules)


@hypothesis.given(st.integers(0, 10_000), st.integers(2, 6), st.integers(1, 4))
@hypothesis.settings(deadline=None, max_examples=40)
def test_q_is_p_times_the_exponential_of_its_rules(seed, num_classes, num_rules):
    log_p, truth, confidences = _random(seed, num_classes, num_rules)
    q = np.exp(log_p)
    for row, y, rule in np.ndindex(truth.shape):  # by hand, rule by rule
        q[row, y] *= np.exp(confidences[rule] * truth[row, y, rule])
    q /= q.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.exp(projected_log_prob(log_p, truth, confidences)), q, rtol=1e-10)


def test_q_minimises_the_divergence_and_its_value_there_is_minus_log_z():
    log_p, truth, confidences = _random(0, num_rows=1)

    def divergence(logits):
        return float(regularized_divergence(scipy.special.log_softmax(logits)[None], log_p, truth, confidences)[0])

    found = scipy.optimize.minimize(divergence, np.zeros(4), tol=1e-12)
    log_q = projected_log_prob(log_p, truth, confidences).numpy()
    np.testing.assert_allclose(scipy.special.softmax(found.x), np.exp(log_q[0]), atol=1e-5)
    log_z = scipy.special.logsumexp(log_p[0] + truth[0] @ confidences)
    assert divergence(log_q[0]) == pytest.approx(-log_z, abs=1e-12)


def test_without_confidence_q_is_p():
    log_p, truth, confidences = _random(1)
    np.testing.assert_allclose(projected_log_prob(log_p, truth, 0.0 * confidences), log_p, atol=1e-12)


def test_an_infinite_confidence_rules_out_what_breaks_it():
    log_p, truth, confidences = _random(2)
    truth[:, 0, 1], truth[:, 1:, 1] = 0.999, 1.0
    confidences[1] = np.inf
    q = np.exp(projected_log_prob(log_p, truth, confidences))
    np.testing.assert_array_equal(q[:, 0], 0.0)
    rest = np.exp(projected_log_prob(log_p[:, 1:], truth[:, 1:][..., [0, 2]], confidences[[0, 2]]))
    np.testing.assert_allclose(q[:, 1:], rest, rtol=1e-10)


def test_rules_that_leave_no_label_have_no_q():
    log_p, truth, _ = _random(3)
    assert np.all(np.isnan(projected_log_prob(log_p, 0.5 * truth, np.full(3, np.inf))))


def test_its_gradient_by_a_confidence_is_how_far_the_rule_is_above_its_mean():
    """d log q(y) / d lambda_l = r_l(y) - E_q[r_l] (Hu et al. 2016b)."""
    log_p, truth, confidences = _random(4, num_rows=1)
    with tf.GradientTape() as tape:
        value = tf.constant(confidences)
        tape.watch(value)
        log_q = projected_log_prob(tf.constant(log_p), tf.constant(truth), value)[0]
    q = np.exp(log_q)
    expected = truth[0] - q @ truth[0]
    np.testing.assert_allclose(tape.jacobian(log_q, value), expected, rtol=1e-10, atol=1e-12)
