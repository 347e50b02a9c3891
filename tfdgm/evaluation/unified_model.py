"""The unified view on finite spaces: every expectation is a sum over tables, in float64; nothing is sampled.

    p_theta(x|z, y)    the decoder for y = 0, p_data(x) for y = 1; p_theta(x|y) its mean over p(z|y)
    p_theta(x)         (p_theta(x|0) + p_theta(x|1)) / 2, at theta0 a fixed prior
    q(y|x)             sigmoid(t(x)) for y = 1; q^r(y|x) = q(1 - y|x); q^r(x|y) ~ q^r(y|x) p_theta0(x)
    q_eta(z|x, 0)      learned; q(z|x, 1), of which p_theta(x|z, 1) = p_data(x) says nothing, is fixed

Parameters are flat vectors, so that gradients are vectors too: theta, the logits of p(x|z); t; eta, those of q(z|x, 0).
All axes of tables stand in the order y, z, x.

References:
  Hu, Yang, Salakhutdinov & Xing (2018), On unifying deep generative models.
"""

import dataclasses
import math

import numpy as np
import tensorflow as tf

from tfdgm.objectives import unified

GENERATED, REAL = 0, 1
_LOG_HALF = -math.log(2.0)  # log p(y)


@dataclasses.dataclass(frozen=True)
class FiniteModel:
    """Some tables and points of the parameters, float64; S values of x, M of z.

    Attributes:
      data: p_data(x), [S], nowhere 0.
      prior: p(z|y), [2, M].
      fixed_recognition: q(z|x, 1), [M, S].
      theta0: of the prior p_theta0(x), [M * S].
      theta: another point, [M * S].
      logits: t, [S].
      eta: [M * S].
    """

    data: tf.Tensor
    prior: tf.Tensor
    fixed_recognition: tf.Tensor
    theta0: tf.Tensor
    theta: tf.Tensor
    logits: tf.Tensor
    eta: tf.Tensor

    @property
    def shape(self) -> tuple[int, int]:
        """(M, S)."""
        num_z, num_x = self.fixed_recognition.shape
        return num_z, num_x

    def log_decoder(self, theta: tf.Tensor) -> tf.Tensor:
        """log p_theta(x|z), [M, S]."""
        return tf.nn.log_softmax(tf.reshape(theta, self.shape), axis=1)

    def log_recognition(self, eta: tf.Tensor) -> tf.Tensor:
        """log q(z|x, y), [2, M, S]."""
        learned = tf.nn.log_softmax(tf.reshape(eta, self.shape), axis=0)
        return tf.stack([learned, tf.math.log(self.fixed_recognition)])

    def log_joint(self, theta: tf.Tensor) -> tf.Tensor:
        """log p_theta(x, z, y), [2, M, S]."""
        return self._log_likelihood(theta) + self._log_prior()

    def log_x_given_y(self, theta: tf.Tensor) -> tf.Tensor:
        """log p_theta(x|y), [2, S]."""
        return tf.reduce_logsumexp(self.log_joint(theta), axis=1) - _LOG_HALF

    def log_x(self, theta: tf.Tensor) -> tf.Tensor:
        """log p_theta(x), [S]."""
        return tf.reduce_logsumexp(self.log_joint(theta), axis=[0, 1])

    # ---- the GAN, scalars in nats ---------------------------------------------------------------------------------

    def phi_loss(self, theta: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """-E log q(y|x) over p_theta(x|y) p(y)."""
        return self._mean(theta, [unified.phi_loss(logits, y) for y in (GENERATED, REAL)])

    def theta_loss(self, theta: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """-E log q^r(y|x) over p_theta(x|y) p(y)."""
        return self._mean(theta, [unified.theta_loss(logits, y) for y in (GENERATED, REAL)])

    def saturating_theta_loss(self, theta: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """E log q(y|x) over p_theta(x|y) p(y)."""
        return self._mean(theta, [unified.saturating_theta_loss(logits, y) for y in (GENERATED, REAL)])

    def _mean(self, theta: tf.Tensor, losses: list[tf.Tensor]) -> tf.Tensor:
        return 0.5 * tf.reduce_sum(tf.exp(self.log_x_given_y(theta)) * tf.stack(losses))

    # ---- the VAE and wake-sleep, scalars in nats unless said otherwise --------------------------------------------

    def elbos(self, theta: tf.Tensor, eta: tf.Tensor) -> tf.Tensor:
        """E_q(z|x,0) log p_theta(x|z) - KL(q(z|x, 0) || p(z|0)) of every x, [S]."""
        log_q = self.log_recognition(eta)[GENERATED]
        kl = tf.reduce_sum(tf.exp(log_q) * (log_q - tf.math.log(self.prior[GENERATED])[:, tf.newaxis]), axis=0)
        return tf.reduce_sum(tf.exp(log_q) * self.log_decoder(theta), axis=0) - kl

    def elbo(self, theta: tf.Tensor, eta: tf.Tensor) -> tf.Tensor:
        """Its mean over p_data(x)."""
        return tf.reduce_sum(self.data * self.elbos(theta, eta))

    def wake(self, theta: tf.Tensor, eta: tf.Tensor) -> tf.Tensor:
        """E log p_theta(x|z) over q_eta(z|x) p_data(x), which theta climbs."""
        q = tf.exp(self.log_recognition(eta)[GENERATED])
        return tf.reduce_sum(self.data * q * self.log_decoder(theta))

    def sleep(self, theta: tf.Tensor, eta: tf.Tensor) -> tf.Tensor:
        """E log q_eta(z|x) over p_theta(x|z) p(z), which eta climbs."""
        joint = self.prior[GENERATED][:, tf.newaxis] * tf.exp(self.log_decoder(theta))
        return tf.reduce_sum(joint * self.log_recognition(eta)[GENERATED])

    # ---- the VAE with a discriminator -----------------------------------------------------------------------------

    def tagged(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Pairs (x, tag), tag 1 for real: where supports overlap, no discriminator of x alone is perfect.

        Returns:
          p_theta0(x, tag), [2, S], and the perfect q*^r(y | x, tag), which is 1 for y = 1 - tag, [2, 2, S].
        """
        p = 0.5 * tf.exp(self.log_x_given_y(tf.stop_gradient(self.theta0)))
        q_reversed = (1.0 - tf.eye(2, dtype=p.dtype))[:, :, tf.newaxis] * tf.ones_like(p)
        return p, q_reversed

    def untagged(self) -> tuple[tf.Tensor, tf.Tensor]:
        """p_theta0(x) as [1, S], and the learned q^r(y|x), [2, 1, S]."""
        p = tf.exp(self.log_x(tf.stop_gradient(self.theta0)))
        q_reversed = tf.exp(tf.stack([unified.log_q_reversed(self.logits, y) for y in (GENERATED, REAL)]))
        return p[tf.newaxis], q_reversed[:, tf.newaxis]

    def vae_bound(self, theta: tf.Tensor, eta: tf.Tensor, p: tf.Tensor, q_reversed: tf.Tensor) -> tf.Tensor:
        """2 E_p [E_Q log p_theta(x|z, y) - KL(Q || p(z|y) p(y))] with Q = q(z|x, y) q^r(y|x).

        Args:
          theta: [M * S].
          eta: [M * S].
          p: where x is drawn, [T, S] of T tags.
          q_reversed: q^r(y|x), [2, T, S].
        """
        reconstruction = self._expected(eta, self._log_likelihood(theta), q_reversed)
        return 2.0 * tf.reduce_sum(p * (reconstruction - self._kl(eta, self._log_prior(), q_reversed)))

    def vae_posterior_kl(self, theta: tf.Tensor, eta: tf.Tensor, p: tf.Tensor, q_reversed: tf.Tensor) -> tf.Tensor:
        """2 E_p KL(Q || p_theta(z, y|x)); arguments as of `vae_bound`."""
        log_posterior = self.log_joint(theta) - self.log_x(theta)
        return 2.0 * tf.reduce_sum(p * self._kl(eta, log_posterior, q_reversed))

    def _log_likelihood(self, theta: tf.Tensor) -> tf.Tensor:
        """log p_theta(x|z, y), [2, M, S]."""
        return tf.stack([self.log_decoder(theta), tf.broadcast_to(tf.math.log(self.data), self.shape)])

    def _log_prior(self) -> tf.Tensor:
        """log p(z|y) p(y), [2, M, 1]."""
        return tf.math.log(self.prior)[:, :, tf.newaxis] + _LOG_HALF

    def _expected(self, eta: tf.Tensor, values: tf.Tensor, q_reversed: tf.Tensor) -> tf.Tensor:
        """E_Q of values [2, M, S or 1]: [T, S]."""
        inner = tf.reduce_sum(tf.exp(self.log_recognition(eta)) * values, axis=1)
        return tf.reduce_sum(q_reversed * inner[:, tf.newaxis], axis=0)

    def _kl(self, eta: tf.Tensor, log_p: tf.Tensor, q_reversed: tf.Tensor) -> tf.Tensor:
        """KL(Q || p) by the chain rule, where q^r may be 0: log p(z, y) [2, M, S or 1] to [T, S]."""
        within = self._expected(eta, self.log_recognition(eta) - log_p, q_reversed)
        return within + tf.reduce_sum(tf.math.xlogy(q_reversed, q_reversed), axis=0)


def random_model(rng: np.random.Generator, num_x: int, num_z: int) -> FiniteModel:
    """Tables from Dirichlet distributions, parameters from normal ones.

    Theta is away from theta0 for certain: whatever z is, the first x is likelier by its logit, higher by 1 and more.
    """
    theta0, step, eta = rng.normal(size=(3, num_z * num_x))
    is_first = np.arange(num_z * num_x) % num_x == 0
    fields = {
        "data": rng.dirichlet(2.0 * np.ones(num_x)),
        "prior": rng.dirichlet(2.0 * np.ones(num_z), size=2),
        "fixed_recognition": rng.dirichlet(2.0 * np.ones(num_z), size=num_x).T,
        "theta0": theta0,
        "theta": theta0 + np.where(is_first, 1.0 + np.abs(step), -np.abs(step)),
        "logits": 2.0 * rng.normal(size=num_x),
        "eta": eta,
    }
    return FiniteModel(**{name: tf.constant(value) for name, value in fields.items()})
