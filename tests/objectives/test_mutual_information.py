"""The variational bound against exact mutual information of enumerated models, and values against NumPy."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from tfdgm.objectives.mutual_information import categorical_information, uniform_information

NUM_CODES, NUM_X = 4, 6
P_X_GIVEN_C = np.random.default_rng(0).dirichlet(np.full(NUM_X, 0.4), NUM_CODES)  # [K, X]
JOINT = P_X_GIVEN_C / NUM_CODES
P_X = JOINT.sum(axis=0)
POSTERIOR = JOINT / P_X  # p(c|x), [K, X]
EXACT = np.sum(JOINT * np.log(POSTERIOR * NUM_CODES))


def _bound(logits):
    """E L_I by the joint, of logits [X, K]."""
    code, x = np.meshgrid(np.arange(NUM_CODES), np.arange(NUM_X), indexing="ij")
    values = categorical_information(tf.constant(logits[x.ravel()]), tf.constant(code.ravel()))
    return np.sum(JOINT.ravel() * values.numpy())


def test_the_bound_is_exact_at_the_posterior():
    assert 0.1 < EXACT < np.log(NUM_CODES)
    assert _bound(np.log(POSTERIOR.T)) == pytest.approx(EXACT, rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_any_other_q_is_below_by_its_divergence_from_the_posterior(seed):
    logits = np.random.default_rng(seed).normal(size=[NUM_X, NUM_CODES])
    log_q = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    divergence = np.sum(JOINT * (np.log(POSTERIOR) - log_q.T))
    assert divergence > 0.01
    assert _bound(logits) == pytest.approx(EXACT - divergence, rel=1e-10)


def test_a_code_that_can_be_read_off_has_all_its_nats():
    logits = tf.constant(1e3 * np.eye(NUM_CODES))
    values = categorical_information(logits, tf.range(NUM_CODES))
    np.testing.assert_allclose(values, np.log(NUM_CODES), rtol=1e-12)


def test_q_that_knows_nothing_has_none():
    values = categorical_information(tf.zeros([3, 5], tf.float64), tf.constant([0, 2, 4]))
    np.testing.assert_allclose(values, 0.0, atol=1e-12)


def test_continuous_values_are_those_of_scipy():
    rng = np.random.default_rng(0)
    code, mean, log_var = rng.uniform(-1, 1, [7, 3]), rng.normal(size=[7, 3]), rng.normal(size=[7, 3])
    expected = scipy.stats.norm.logpdf(code, mean, np.exp(log_var / 2)).sum(axis=1) + 3 * np.log(2.0)
    np.testing.assert_allclose(uniform_information(code, tf.constant(mean), tf.constant(log_var)), expected, rtol=1e-10)
    assert uniform_information(tf.zeros([2, 0]), tf.zeros([2, 0]), 0.0).numpy().tolist() == [0.0, 0.0]


def test_the_continuous_bound_is_below_the_information_of_a_noisy_copy():
    """x = c + s noise with c uniform: I(c; x) = H(x) - H(noise) by quadrature, the bound by the best Gaussian Q."""
    scale, x = 0.3, np.linspace(-4.0, 4.0, 4001)
    code = np.linspace(-1.0, 1.0, 401)[:, np.newaxis]
    p_x_given_c = scipy.stats.norm.pdf(x, code, scale)
    weight = np.full(code.shape, 1.0 / (len(code) - 1))
    weight[[0, -1]] /= 2.0
    joint = weight * p_x_given_c * (x[1] - x[0])
    p_x = np.sum(weight * p_x_given_c, axis=0)
    exact = np.sum(joint * (np.log(p_x_given_c) - np.log(p_x)))
    mean = np.sum(joint * code, axis=0) / joint.sum(axis=0)
    variance = np.sum(joint * (code - mean) ** 2, axis=0) / joint.sum(axis=0)
    codes, means, variances = (
        tf.constant(np.broadcast_to(each, joint.shape).reshape(-1, 1)) for each in (code, mean, variance)
    )
    bound = np.sum(joint.ravel() * uniform_information(codes, means, tf.math.log(variances)).numpy())
    assert exact - 0.1 < bound < exact
    loose = np.sum(joint.ravel() * uniform_information(codes, means, 0.0).numpy())
    assert loose < bound
