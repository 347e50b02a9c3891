"""Tables of a finite model, and its objectives, against sums written out."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.evaluation.unified_model import FiniteModel, random_model
from tfdgm.math.per_example_gradients import gradient
from tfdgm.objectives import unified


@pytest.fixture(params=[(2, 1), (3, 4), (5, 3)])
def model(request):
    return random_model(np.random.default_rng(0), *request.param)


def _softmax(logits, axis):
    weights = np.exp(logits)
    return weights / weights.sum(axis=axis, keepdims=True)


def _probabilities(model: FiniteModel):
    """p(x|z), q(z|x, y), q(1|x)."""
    decoder = _softmax(model.theta.numpy().reshape(model.shape), 1)
    learned = _softmax(model.eta.numpy().reshape(model.shape), 0)
    return decoder, np.stack([learned, model.fixed_recognition]), 1.0 / (1.0 + np.exp(-model.logits.numpy()))


def test_tables(model):
    decoder, q, _ = _probabilities(model)
    data, prior = model.data.numpy(), model.prior.numpy()
    np.testing.assert_allclose(tf.exp(model.log_recognition(model.eta)), q, rtol=1e-12)
    np.testing.assert_allclose(tf.exp(model.log_x_given_y(model.theta)), [prior[0] @ decoder, data], rtol=1e-12)
    np.testing.assert_allclose(tf.exp(model.log_x(model.theta)), 0.5 * (prior[0] @ decoder + data), rtol=1e-12)
    joint = 0.5 * prior[:, :, np.newaxis] * np.stack([decoder, np.broadcast_to(data, model.shape)])
    np.testing.assert_allclose(tf.exp(model.log_joint(model.theta)), joint, rtol=1e-12)


def test_theta_is_away_from_theta0(model):
    moved = (model.log_decoder(model.theta) - model.log_decoder(model.theta0)).numpy()
    assert (moved[:, 0] > 0.0).all()
    odds = moved - moved[:, :1]
    assert (odds[:, 1:] <= -1.0).all()


def test_the_gans_two_objectives(model):
    decoder, _, q = _probabilities(model)
    generated, data = model.prior.numpy()[0] @ decoder, model.data.numpy()
    phi = -0.5 * (data @ np.log(q) + generated @ np.log(1.0 - q))
    theta = -0.5 * (data @ np.log(1.0 - q) + generated @ np.log(q))
    assert float(model.phi_loss(model.theta, model.logits)) == pytest.approx(phi, rel=1e-12)
    assert float(model.saturating_theta_loss(model.theta, model.logits)) == pytest.approx(-phi, rel=1e-12)
    assert float(model.theta_loss(model.theta, model.logits)) == pytest.approx(theta, rel=1e-12)


def test_bound_wake_and_sleep(model):
    decoder, q, _ = _probabilities(model)
    data, joint = model.data.numpy(), model.prior.numpy()[0][:, np.newaxis] * decoder
    elbos = (q[0] * np.log(joint / q[0])).sum(axis=0)
    np.testing.assert_allclose(model.elbos(model.theta, model.eta), elbos, rtol=1e-12)
    assert float(model.elbo(model.theta, model.eta)) == pytest.approx(data @ elbos, rel=1e-12)
    assert float(model.wake(model.theta, model.eta)) == pytest.approx((data * q[0] * np.log(decoder)).sum(), rel=1e-12)
    assert float(model.sleep(model.theta, model.eta)) == pytest.approx((joint * np.log(q[0])).sum(), rel=1e-12)


@pytest.mark.parametrize("which", ["tagged", "untagged"])
def test_the_bound_and_the_posterior_kl_are_sums_over_everything(model, which):
    _, q, _ = _probabilities(model)
    p, q_reversed = (np.array(part) for part in getattr(model, which)())
    assert p.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(q_reversed.sum(axis=0), 1.0)
    log_joint = np.array(model.log_joint(model.theta))
    log_posterior = log_joint - np.log(np.exp(log_joint).sum(axis=(0, 1)))
    bound = kl = 0.0
    for tag, x in np.ndindex(p.shape):
        for y, z in np.ndindex(2, model.shape[0]):
            mass = q[y, z, x] * q_reversed[y, tag, x]
            if mass > 0.0:
                bound += 2.0 * p[tag, x] * mass * (log_joint[y, z, x] - np.log(mass))
                kl += 2.0 * p[tag, x] * mass * (np.log(mass) - log_posterior[y, z, x])
    args = model.theta, model.eta, p, q_reversed
    assert float(model.vae_bound(*args)) == pytest.approx(bound, rel=1e-12)
    assert float(model.vae_posterior_kl(*args)) == pytest.approx(kl, rel=1e-12)
    assert kl > 0.0


def test_the_perfect_discriminator_knows_the_tag(model):
    p, q_reversed = (np.array(part) for part in model.tagged())
    np.testing.assert_allclose(p[1], 0.5 * model.data, rtol=1e-12)
    np.testing.assert_array_equal(q_reversed[:, 0], [np.zeros(p.shape[1]), np.ones(p.shape[1])])
    np.testing.assert_array_equal(q_reversed[:, 1], [np.ones(p.shape[1]), np.zeros(p.shape[1])])


@pytest.mark.parametrize("which", ["tagged", "untagged"])
def test_the_prior_stays_where_theta_is_learned_from_it(model, which):
    """No gradient goes through theta0, though theta be the same tensor."""
    other = dataclasses.replace(model, theta=tf.identity(model.theta0))

    def slope(at):
        return gradient(lambda theta: model.vae_posterior_kl(theta, model.eta, *getattr(model, which)()), at)

    np.testing.assert_array_equal(slope(model.theta0), slope(other.theta))


def test_weights_at_the_best_discriminator_are_those_of_the_posterior(model):
    """p(y) q^r / q = q^r(y|x) p_theta0(x) / p_theta0(x|y) where q(y|x) = p_theta0(y|x)."""
    log_x_given_y, log_x = model.log_x_given_y(model.theta0), model.log_x(model.theta0)
    logits = log_x_given_y[1] - log_x_given_y[0]
    for y in (0, 1):
        expected = unified.log_q_reversed(logits, y) + log_x - log_x_given_y[y]
        found = np.log(0.5) + unified.log_importance_weights(logits, y)
        np.testing.assert_allclose(found, expected, atol=1e-12)
