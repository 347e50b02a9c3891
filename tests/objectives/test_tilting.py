"""Tilted distributions on enumerable models: q*, gradients and their variances, EM, importance weights, rewards."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.math.binary_tables import binary_states
from tfdgm.objectives import tilting
from tfdgm.objectives.score_function import score_function_loss

RNG = np.random.default_rng(0)
STATES = 6


def _table(num=STATES, seed=0):
    """theta with log p = log_softmax(theta), and f of each state."""
    rng = np.random.default_rng(seed)
    return tf.constant(rng.normal(size=num)), tf.constant(rng.normal(size=num))


def _slopes(theta):
    """log p, p, and grad log p(x) by theta, a row a state: [N, N]."""
    p = np.exp(theta.numpy() - np.log(np.sum(np.exp(theta.numpy()))))
    return np.log(p), p, np.eye(len(p)) - p


@pytest.mark.parametrize("strength", [-1.5, 0.3, 4.0])
def test_q_star_is_the_least_of_the_regularizer(strength):
    """q* by its definition, its value -log Z, and every other q higher by KL(q || q*)."""
    theta, f = _table()
    log_p, p, _ = _slopes(theta)
    log_q, log_z = tilting.tilted(tf.constant(log_p), f, strength)
    weights = p * np.exp(strength * f.numpy())
    np.testing.assert_allclose(np.exp(log_q), weights / weights.sum(), rtol=1e-12)
    np.testing.assert_allclose(log_z, np.log(weights.sum()), rtol=1e-12)
    np.testing.assert_allclose(tilting.regularizer(log_q, log_p, f, strength), -log_z, rtol=1e-11)
    others = RNG.dirichlet(np.ones(STATES), size=20)
    excess = tilting.regularizer(tf.constant(np.log(others)), log_p, f, strength) + log_z
    np.testing.assert_allclose(excess, np.sum(others * (np.log(others) - log_q), axis=1), rtol=1e-10)


def test_log_derivative_trick_is_the_gradient_of_the_expectation():
    """By enumeration: each state's surrogate weighted by its probability, against autodiff through sum p f."""
    theta, f = _table()
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(theta)
        log_p = tf.nn.log_softmax(theta)
        expectation = tf.reduce_sum(tf.exp(log_p) * f)
        loss = score_function_loss(log_p[:, tf.newaxis], f[:, tf.newaxis])
        surrogate = tf.reduce_sum(tf.stop_gradient(tf.exp(log_p)) * loss)
    np.testing.assert_allclose(-tape.gradient(surrogate, theta), tape.gradient(expectation, theta), rtol=1e-12)


def test_projected_gradient_tends_to_that_of_the_expectation():
    """(1/lambda) E_q*[grad log p] -> grad E_p[f], by an error that halves with lambda."""
    theta, f = _table()
    log_p, p, slopes = _slopes(theta)
    exact = (p * f.numpy()) @ slopes
    errors = []
    for strength in (1e-3, 5e-4, 2.5e-4):
        q = np.exp(tilting.tilted(tf.constant(log_p), f, strength)[0])
        errors.append(np.abs(q @ slopes / strength - exact).max())
    assert errors[0] < 1e-3
    np.testing.assert_allclose([errors[0] / errors[1], errors[1] / errors[2]], 2.0, rtol=1e-2)


def test_m_step_loss_of_all_states_has_the_projected_gradient():
    """The states themselves as samples of a uniform proposal, with log p for the ratio: weights are q* exactly."""
    theta, f = _table()
    log_p, _, slopes = _slopes(theta)
    with tf.GradientTape() as tape:
        tape.watch(theta)
        loss = tilting.m_step_loss(tf.nn.log_softmax(theta)[tf.newaxis], f[tf.newaxis], 0.7, log_p)
    q = np.exp(tilting.tilted(tf.constant(log_p), f, 0.7)[0])
    np.testing.assert_allclose(loss, [-np.sum(q * log_p)], rtol=1e-12)
    np.testing.assert_allclose(tape.gradient(loss, theta), -(q @ slopes), rtol=1e-11, atol=1e-14)


def test_centred_loss_becomes_the_log_derivative_trick_with_a_baseline():
    log_p, f = tf.constant(RNG.normal(size=[3, 5])), tf.constant(RNG.normal(size=[3, 5]))
    expected = -np.mean((f - f.numpy().mean(1, keepdims=True)) * log_p, axis=1)
    np.testing.assert_allclose(tilting.centred_m_step_loss(log_p, f, 1e-7), expected, rtol=1e-5)
    weights = np.exp(0.5 * f) / np.exp(0.5 * f).sum(1, keepdims=True)
    expected = -np.sum((weights - 0.2) * log_p, axis=1) / 0.5
    np.testing.assert_allclose(tilting.centred_m_step_loss(log_p, f, 0.5), expected, rtol=1e-11)


def _product_log_p(logits):
    """log p of all states of independent binary units, [2^D]."""
    states = binary_states(len(logits))
    return tf.reduce_sum(states * tf.math.log_sigmoid(logits) + (1.0 - states) * tf.math.log_sigmoid(-logits), axis=1)


@pytest.mark.parametrize(("alpha", "strength"), [(0.3, 2.0), (1.0, -1.0), (5.0, 4.0)])
@pytest.mark.parametrize("seed", range(3))
def test_em_with_an_exact_m_step_never_raises_the_objective(alpha, strength, seed):
    """p_theta of independent units, data and f that are not: J = -E_data log p + alpha min_q L(theta, q).

    The M step minimises -(E_data + alpha E_q*) log p_theta, for a product the means of the mixture: exact.
    """
    rng = np.random.default_rng(seed)
    states = binary_states(4).numpy()
    data, f = rng.dirichlet(np.full(16, 0.3)), rng.normal(size=16)
    logits, values = rng.normal(size=4), []
    for _ in range(40):
        log_p = _product_log_p(logits)
        log_q, log_z = tilting.tilted(log_p, f, strength)
        values.append(-np.sum(data * log_p) - alpha * log_z)
        means = ((data + alpha * np.exp(log_q)) / (1.0 + alpha)) @ states
        logits = np.log(means) - np.log1p(-means)
    assert np.all(np.diff(values) <= 1e-13)
    assert values[0] - values[-1] > 1e-3


def test_the_lecture_s_minus_sign_has_no_least_value():
    """-alpha L(theta, q) is highest at q*, and falls without end as p has ever less of a state that q has."""
    f, alpha = tf.zeros(2, tf.float64), 1.0
    q = tf.constant(np.log([0.5, 0.5]))
    by_p = [-alpha * tilting.regularizer(q, tf.constant(np.log([1.0 - e, e])), f, 1.0) for e in (1e-2, 1e-20, 1e-200)]
    assert by_p[0] < 0.0  # of q* = p it is 0
    assert by_p[2] < 9.0 * by_p[1] < 0.0


@pytest.mark.parametrize("proposal", ["p", "other"])
def test_importance_weights_of_a_gaussian(proposal):
    """p = N(0, 1), f = -(x - 2)^2 / 2, lambda = 1 / t: q* is Gaussian with precision 1 + 1/t. R as a teacher."""
    rng, temperature, num = np.random.default_rng(3), 0.5, 20_000
    precision = 1.0 + 1.0 / temperature
    mean, variance = 2.0 / temperature / precision, 1.0 / precision
    centre, scale = (0.0, 1.0) if proposal == "p" else (0.5, 1.5)
    x = centre + scale * rng.normal(size=[1, num])
    ratio = 0.0 if proposal == "p" else 0.5 * ((x - centre) / scale) ** 2 - 0.5 * x**2
    weights = tilting.importance_weights(tf.constant(-0.5 * (x - 2.0) ** 2), 1.0 / temperature, ratio).numpy()
    np.testing.assert_allclose(weights.sum(), 1.0, rtol=1e-12)
    size = tilting.effective_sample_size(tf.constant(weights)).numpy()[0]
    assert 1_000 < size < num
    for g, expected in ((x, mean), (x**2, variance + mean**2)):
        found = np.sum(weights * g)
        error = np.sqrt(np.sum(weights**2 * (g - found) ** 2))  # of the self-normalised estimate
        assert abs(found - expected) < 4.0 * error < 0.1


def test_rewards_as_teachers_by_enumeration_and_by_samples():
    """q* = p exp(R / t) / Z maximises E_q[R] - t KL(q || p), whose value is t log Z; samples of p give the same."""
    theta, reward = _table(seed=5)
    log_p, p, _ = _slopes(theta)
    temperature = 0.7
    log_q, log_z = tilting.tilted(tf.constant(log_p), reward, 1.0 / temperature)
    q = np.exp(log_q)
    value = np.sum(q * reward) - temperature * np.sum(q * (log_q - log_p))
    np.testing.assert_allclose(value, temperature * log_z, rtol=1e-11)
    others = RNG.dirichlet(np.ones(STATES), size=100)
    assert np.all(others @ reward.numpy() - temperature * np.sum(others * (np.log(others) - log_p), axis=1) < value)
    states = np.random.default_rng(6).choice(STATES, size=[1, 20_000], p=p)
    weights = tilting.importance_weights(tf.gather(reward, states), 1.0 / temperature).numpy()
    for state in range(STATES):
        found = np.sum(weights * (states == state))
        error = np.sqrt(np.sum(weights**2 * ((states == state) - found) ** 2))
        assert abs(found - q[state]) < 4.0 * error
