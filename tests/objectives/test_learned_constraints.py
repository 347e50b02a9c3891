"""Learned constraints on enumerable spaces: gradients of both players, and the fixed point of maximum entropy."""

import numpy as np
import tensorflow as tf

from tfdgm.objectives import learned_constraints, tilting

RNG = np.random.default_rng(0)
STATES, FEATURES, ALPHA = 8, 3, 0.6
DATA = RNG.dirichlet(np.ones(STATES))
PSI = RNG.normal(size=[STATES, FEATURES])


def test_gradient_is_data_minus_q_by_importance_weights():
    """f = phi.psi: minus the mean loss has the gradient mean psi(data) - sum w psi(model)."""
    data, model = RNG.integers(STATES, size=50), RNG.integers(STATES, size=50)
    phi = tf.constant(RNG.normal(size=FEATURES))
    with tf.GradientTape() as tape:
        tape.watch(phi)
        values = (tf.linalg.matvec(tf.constant(PSI[rows]), phi) for rows in (data, model))
        loss = tf.reduce_mean(learned_constraints.constraint_loss(*values, ALPHA, tf.reduce_mean))
    weights = np.exp(ALPHA * PSI[model] @ phi.numpy())
    expected = PSI[data].mean(0) - weights @ PSI[model] / weights.sum()
    np.testing.assert_allclose(-tape.gradient(loss, phi), expected, rtol=1e-11)


def test_large_values_do_not_overflow():
    values = tf.constant([800.0, 801.0], tf.float32)
    loss = learned_constraints.constraint_loss(tf.zeros(2), values, 1.0, tf.reduce_mean)
    weights = np.exp([0.0, 1.0]) / np.mean(np.exp([0.0, 1.0]))
    np.testing.assert_allclose(loss, weights * values.numpy(), rtol=1e-5)


def _counts(p, num=1_000):
    """`num` examples in which every state has its exact share, of shares in whole parts of `num`."""
    return np.repeat(np.arange(len(p)), np.round(num * np.asarray(p)).astype(int))


def test_fixed_point_of_a_log_linear_constraint_has_the_data_s_expectations():
    """By gradient steps on the loss itself, over all states in their exact shares: E_q[psi] = E_data[psi]."""
    shares = [np.diff(np.linspace(0, 1_000, 9) ** power / 1_000.0 ** (power - 1)).round() for power in (1.0, 1.7)]
    model, data = (_counts(share / share.sum(), int(share.sum())) for share in shares)
    assert len(model) == len(data) == 1_000
    phi = tf.zeros(FEATURES, tf.float64)
    psi_data, psi_model = tf.constant(PSI[data]), tf.constant(PSI[model])
    for _ in range(300):
        with tf.GradientTape() as tape:
            tape.watch(phi)
            values = tf.linalg.matvec(psi_data, phi), tf.linalg.matvec(psi_model, phi)
            loss = tf.reduce_mean(learned_constraints.constraint_loss(*values, ALPHA, tf.reduce_mean))
        phi -= tape.gradient(loss, phi)
    log_p = np.log(shares[0] / shares[0].sum())
    q = np.exp(tilting.tilted(tf.constant(log_p), tf.linalg.matvec(tf.constant(PSI), phi), ALPHA)[0])
    assert np.abs(PSI.T @ (shares[1] - shares[0])).max() > 50.0  # of 1,000: p itself is far off
    np.testing.assert_allclose(PSI.T @ q, PSI[data].mean(0), atol=1e-8)


def test_constraint_s_gradient_is_that_of_the_data_s_likelihood_under_q():
    """d E_data log q / d phi = alpha (E_data[psi] - E_q[psi]), the gradient of inverse reinforcement learning."""
    log_p, phi = tf.nn.log_softmax(RNG.normal(size=STATES)), tf.constant(RNG.normal(size=FEATURES))
    with tf.GradientTape() as tape:
        tape.watch(phi)
        log_q, _ = tilting.tilted(log_p, tf.linalg.matvec(tf.constant(PSI), phi), ALPHA)
        likelihood = tf.reduce_sum(DATA * log_q)
    np.testing.assert_allclose(tape.gradient(likelihood, phi), ALPHA * PSI.T @ (DATA - np.exp(log_q)), rtol=1e-10)


def test_implicit_gradient_is_that_of_the_reverse_divergence():
    """d KL(p_theta || q) at the theta that q was made of is -alpha d E_p_theta[f], by enumeration."""
    theta, f = tf.constant(RNG.normal(size=STATES)), tf.constant(RNG.normal(size=STATES))
    log_q = tf.stop_gradient(tilting.tilted(tf.nn.log_softmax(theta), f, ALPHA)[0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(theta)
        log_p = tf.nn.log_softmax(theta)
        divergence = tf.reduce_sum(tf.exp(log_p) * (log_p - log_q))
        expected_loss = tf.reduce_sum(tf.exp(log_p) * learned_constraints.implicit_generator_loss(f, ALPHA))
    slope = tape.gradient(divergence, theta)
    np.testing.assert_allclose(tape.gradient(expected_loss, theta), slope, rtol=1e-10, atol=1e-14)
    assert np.abs(slope).max() > 1e-2


def test_implicit_loss_moves_the_generator_by_the_path():
    """G(z) = theta + z, f = -x^2: the gradient of the loss is 2 alpha x, that of -alpha E f by theta."""
    theta, z = tf.constant(0.3), tf.constant([-1.0, 0.5, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(theta)
        loss = tf.reduce_mean(learned_constraints.implicit_generator_loss(-tf.square(theta + z), ALPHA))
    np.testing.assert_allclose(tape.gradient(loss, theta), 2.0 * ALPHA * np.mean(0.3 + z), rtol=1e-6)


def test_explicit_generator_learns_a_constraint_that_is_learned_from_data():
    """Alternate steps of f, log-linear, and of the M step for p_theta: p_theta itself comes to E_data[psi].

    With p_theta a full table the M step's fixed point is q = p_theta, so f is constant where it can tell no more.
    """
    theta, phi = np.zeros(STATES), np.zeros(FEATURES)
    every = tf.constant(np.arange(STATES)[np.newaxis])
    for _ in range(3_000):
        log_p = theta - np.log(np.exp(theta).sum())
        q = np.exp(log_p + ALPHA * PSI @ phi)
        q /= q.sum()
        phi = 0.98 * phi + 0.5 * PSI.T @ (DATA - q)
        theta = theta + 0.3 * (q - np.exp(log_p))  # the gradient of E_q log p_theta by logits
    with tf.GradientTape() as tape:
        logits = tf.constant(theta)
        tape.watch(logits)
        values = tf.gather(tf.constant(PSI @ phi), every)
        loss = tilting.m_step_loss(tf.gather(tf.nn.log_softmax(logits), every), values, ALPHA, log_p)
    np.testing.assert_allclose(PSI.T @ np.exp(log_p), PSI.T @ DATA, atol=1e-3)
    np.testing.assert_allclose(tape.gradient(loss, logits), 0.0, atol=1e-3)
