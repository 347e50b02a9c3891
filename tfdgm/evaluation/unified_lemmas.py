"""The identities of the unified view on a finite model: the losses, by autodiff, against closed forms by hand.

Lemma 1, of the GAN, holds at theta0 only. What it leaves out elsewhere is known, and checked too:

    -E log q^r(y|x) = E_p(y) KL(p_theta(x|y) || q^r(x|y)) - JSD - KL(p_theta(x) || p_theta0(x)) + constant

So of the last line of lemma 2, of the VAE:

    -2 E KL(Q || p_theta(z, y|x)) = ELBO + 2 KL(p_theta0(x) || p_theta(x)) + constant

References:
  Hu, Yang, Salakhutdinov & Xing (2018), On unifying deep generative models, lemmas 1 and 2.
"""

import dataclasses
import functools
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tfdgm.evaluation.unified_model import FiniteModel
from tfdgm.evaluation.unified_right_sides import RightSides
from tfdgm.math.per_example_gradients import gradient


@dataclasses.dataclass(frozen=True)
class Identity:
    """One line of the table.

    Attributes:
      statement: what is equal, after the letter of its group.
      source: where it is from.
      left: of the losses, values or gradients by autodiff.
      right: by hand, of the same shape.
      holds: False for what must not be equal.
    """

    statement: str
    source: str
    left: Callable[[FiniteModel], tf.Tensor]
    right: Callable[[RightSides], np.ndarray]
    holds: bool = True


def _of_theta_loss(at: str) -> Callable[[FiniteModel], tf.Tensor]:
    """Gradient of -E log q^r(y|x) at a field of the model."""
    return lambda m: gradient(lambda theta: m.theta_loss(theta, m.logits), getattr(m, at))


def _of_best_theta_loss(m: FiniteModel) -> tf.Tensor:
    """Gradient of -E log D(x) over p_g(x), which is twice p(y = 0) p_theta(x|0), at theta0."""
    log_generated = m.log_x_given_y(m.theta0)[0]
    return 2.0 * gradient(lambda theta: m.theta_loss(theta, tf.math.log(m.data) - log_generated), m.theta0)


def _of_posterior_kl(at: str) -> Callable[[FiniteModel], tf.Tensor]:
    """Gradient of -2 E KL(Q || p_theta(z, y|x)) by theta at a field of the model."""
    return lambda m: -gradient(lambda theta: m.vae_posterior_kl(theta, m.eta, *m.tagged()), getattr(m, at))


def _by_both(m: FiniteModel, function: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]) -> tf.Tensor:
    """Gradient by theta and by eta, one after the other."""
    return gradient(lambda both: function(*tf.split(both, 2)), tf.concat([m.theta, m.eta], axis=0))


def _posterior_logits(m: FiniteModel) -> tf.Tensor:
    """eta by which q(z|x, 0) is the posterior: log p(x|z) p(z)."""
    return tf.reshape(m.log_joint(m.theta)[0], [-1])


_not_equal = functools.partial(Identity, holds=False)

IDENTITIES = (
    Identity(
        "(a) d/dtheta -E log q^r = d/dtheta E KL(p_theta||q^r) - JSD, at theta0",
        "lemma 1",
        _of_theta_loss("theta0"),
        lambda by_hand: by_hand.lemma1(by_hand.theta0),
    ),
    _not_equal(
        "(a)   the same away from theta0: not equal",
        "lemma 1",
        _of_theta_loss("theta"),
        lambda by_hand: by_hand.lemma1(by_hand.theta),
    ),
    Identity(
        "(a)   with - KL(p_theta(x)||p_theta0(x)), anywhere",
        "derived",
        _of_theta_loss("theta"),
        lambda by_hand: by_hand.lemma1(by_hand.theta) - by_hand.drift(),
    ),
    Identity(
        "(a) d/dtheta E log q = -d/dtheta E KL(p_theta||q) - JSD, at theta0",
        "derived",
        lambda m: gradient(lambda theta: m.saturating_theta_loss(theta, m.logits), m.theta0),
        RightSides.lemma1_saturating,
    ),
    Identity(
        "(a) best D: d/dtheta -E_g log D = d/dtheta KL(p_g||p_data) - 2 JSD",
        "Arjovsky & Bottou",
        _of_best_theta_loss,
        RightSides.best_discriminator,
    ),
    Identity(
        "(b) 2 E[E_Q log p(x|z,y) - KL(Q||p(z,y))] = ELBO + constant",
        "lemma 2",
        lambda m: m.vae_bound(m.theta, m.eta, *m.tagged()),
        RightSides.elbo_and_constant,
    ),
    Identity(
        "(b)   its gradients by theta and eta",
        "lemma 2",
        lambda m: _by_both(m, lambda theta, eta: m.vae_bound(theta, eta, *m.tagged())),
        RightSides.elbo_gradients,
    ),
    Identity(
        "(b) d/deta -2 E KL(Q||p(z,y|x)) = d/deta ELBO, anywhere",
        "lemma 2",
        lambda m: -gradient(lambda eta: m.vae_posterior_kl(m.theta, eta, *m.tagged()), m.eta),
        RightSides.elbo_by_eta,
    ),
    Identity(
        "(b) d/dtheta -2 E KL(Q||p(z,y|x)) = d/dtheta ELBO, at theta0",
        "lemma 2",
        _of_posterior_kl("theta0"),
        lambda by_hand: by_hand.elbo_by_theta(by_hand.theta0),
    ),
    _not_equal(
        "(b)   the same away from theta0: not equal",
        "lemma 2",
        _of_posterior_kl("theta"),
        lambda by_hand: by_hand.elbo_by_theta(by_hand.theta),
    ),
    Identity(
        "(b)   with + 2 KL(p_theta0(x)||p_theta(x)), anywhere",
        "derived",
        _of_posterior_kl("theta"),
        lambda by_hand: by_hand.elbo_by_theta(by_hand.theta) + by_hand.backward_drift(),
    ),
    Identity(
        "(b) learned D: the gradients of 2 E D(x) ELBO(x)",
        "AAVAE",
        lambda m: _by_both(m, lambda theta, eta: m.vae_bound(theta, eta, *m.untagged())),
        RightSides.weighted_elbo_gradients,
    ),
    Identity(
        "(c) GAN, phi: d/dphi E log q = d/dphi -E KL(p(y|x)||q(y|x)), sleep with y",
        "sleep phase",
        lambda m: -gradient(lambda logits: m.phi_loss(m.theta, logits), m.logits),
        RightSides.sleep_of_label,
    ),
    Identity(
        "(c) GAN, theta: d/dtheta E log q^r, sleep with q^r for q",
        "sleep phase",
        lambda m: -_of_theta_loss("theta")(m),
        RightSides.reversed_sleep,
    ),
    Identity(
        "(c) d/deta E log q(z|x) = d/deta -E KL(p(z|x)||q(z|x)), sleep with z",
        "sleep phase",
        lambda m: gradient(lambda eta: m.sleep(m.theta, eta), m.eta),
        RightSides.sleep,
    ),
    Identity(
        "(c) VAE, theta: d/dtheta E_q log p(x|z) = d/dtheta ELBO",
        "wake phase",
        lambda m: gradient(lambda theta: m.wake(theta, m.eta), m.theta),
        lambda by_hand: by_hand.elbo_by_theta(by_hand.theta),
    ),
    Identity(
        "(c) VAE: ELBO = -KL(q(z|x) p_data(x)||p(x,z)) - H(p_data)",
        "wake phase",
        lambda m: m.elbo(m.theta, m.eta),
        RightSides.wake_kl,
    ),
    Identity(
        "(c)   its gradients by theta and eta",
        "wake phase",
        lambda m: _by_both(m, m.elbo),
        RightSides.elbo_gradients,
    ),
    Identity(
        "(d) ELBO(x) = log p(x) - KL(q(z|x)||p(z|x))",
        "lecture",
        lambda m: m.elbos(m.theta, m.eta),
        RightSides.log_likelihood_less_kl,
    ),
    Identity(
        "(d) ELBO(x) = -F(x), F = E_q energy - H(q)",
        "lecture",
        lambda m: m.elbos(m.theta, m.eta),
        RightSides.negative_free_energy,
    ),
    Identity(
        "(d) ELBO(x) = log p(x) where q is the posterior",
        "lecture",
        lambda m: m.elbos(m.theta, _posterior_logits(m)),
        RightSides.log_likelihood,
    ),
)
