"""Right-hand sides of the unified view on a finite model, by hand: probabilities in NumPy, no tape, none of the losses.

What is said of `FiniteModel` holds of the symbols; vectors are flat like its parameters.
"""

import dataclasses

import numpy as np

from tfdgm.evaluation import unified_gradients as closed_forms
from tfdgm.evaluation.unified_model import GENERATED, REAL, FiniteModel


class RightSides:
    """Probabilities of a model at theta0 and at theta, and what follows from them."""

    def __init__(self, model: FiniteModel) -> None:
        """Args: model: whose tables and parameters are taken."""
        arrays = {field.name: np.array(getattr(model, field.name)) for field in dataclasses.fields(model)}
        self.data, self.theta0, self.theta = arrays["data"], arrays["theta0"], arrays["theta"]
        self.prior, self.prior_of_real = arrays["prior"][GENERATED], arrays["prior"][REAL]
        self.fixed_recognition = arrays["fixed_recognition"]
        self.recognition = closed_forms.softmax(arrays["eta"].reshape(model.shape), axis=0)
        self.discriminator = 1.0 / (1.0 + np.exp(-arrays["logits"]))

    def decoder(self, theta: np.ndarray) -> np.ndarray:
        """p(x|z), [M, S]."""
        return closed_forms.softmax(theta.reshape(self.recognition.shape), axis=1)

    def joint(self, theta: np.ndarray) -> np.ndarray:
        """p(z, x), [M, S]."""
        return self.prior[:, np.newaxis] * self.decoder(theta)

    def generated(self, theta: np.ndarray) -> np.ndarray:
        """p_g(x), [S]."""
        return self.joint(theta).sum(axis=0)

    def mixture(self, theta: np.ndarray) -> np.ndarray:
        """p_theta(x), [S]."""
        return 0.5 * (self.generated(theta) + self.data)

    def from_slope(self, theta: np.ndarray, slope: np.ndarray) -> np.ndarray:
        """Gradient by theta of what has this slope by p_g(x)."""
        return closed_forms.through_generator(self.decoder(theta), self.prior, slope).ravel()

    # ---- (a) the GAN, gradients by theta --------------------------------------------------------------------------

    def kl_less_jsd(self, theta: np.ndarray, belief: np.ndarray) -> np.ndarray:
        """Of E_p(y) KL(p_theta(x|y) || q(x|y)) - JSD with q(x|0) ~ belief(x) p_theta0(x); y = 1 has none."""
        generated, q = self.generated(theta), closed_forms.posterior(belief, self.mixture(self.theta0))
        slope = 0.5 * closed_forms.kl_slope(generated, q) - closed_forms.jsd_slope(generated, self.data)
        return self.from_slope(theta, slope)

    def lemma1(self, theta: np.ndarray) -> np.ndarray:
        """With q^r: q^r(0|x) = q(1|x)."""
        return self.kl_less_jsd(theta, self.discriminator)

    def lemma1_saturating(self) -> np.ndarray:
        """With q, negated, at theta0."""
        return -self.kl_less_jsd(self.theta0, 1.0 - self.discriminator)

    def drift(self) -> np.ndarray:
        """Of KL(p_theta(x) || p_theta0(x)) at theta; p_g is one half of p_theta(x)."""
        return self.from_slope(
            self.theta, 0.5 * closed_forms.kl_slope(self.mixture(self.theta), self.mixture(self.theta0))
        )

    def best_discriminator(self) -> np.ndarray:
        """Of KL(p_g || p_data) - 2 JSD at theta0."""
        generated = self.generated(self.theta0)
        slope = closed_forms.kl_slope(generated, self.data) - 2.0 * closed_forms.jsd_slope(generated, self.data)
        return self.from_slope(self.theta0, slope)

    # ---- (b) the VAE ----------------------------------------------------------------------------------------------

    def elbo_by_theta(self, theta: np.ndarray) -> np.ndarray:
        """Gradient of the ELBO's mean over p_data(x)."""
        return closed_forms.decoder_gradient(self.decoder(theta), self.recognition, self.data).ravel()

    def elbo_by_eta(self) -> np.ndarray:
        """Likewise, at theta."""
        return closed_forms.recognition_gradient(self.joint(self.theta), self.recognition, self.data).ravel()

    def elbo_gradients(self) -> np.ndarray:
        """By theta and by eta, one after the other, at theta."""
        return np.concatenate([self.elbo_by_theta(self.theta), self.elbo_by_eta()])

    def elbo_and_constant(self) -> np.ndarray:
        """Of lemma 2: the generated branch, and log p(y) of either."""
        q, generated = self.fixed_recognition, self.generated(self.theta0)
        kl = (q * np.log(q / self.prior_of_real[:, np.newaxis])).sum(axis=0)
        constant = generated @ (np.log(self.data) - kl) - 2.0 * np.log(2.0)
        return self.data @ self.log_likelihood_less_kl() + constant

    def backward_drift(self) -> np.ndarray:
        """Gradient of 2 KL(p_theta0(x) || p_theta(x)) by theta; p_g is one half of p_theta(x)."""
        return self.from_slope(self.theta, -self.mixture(self.theta0) / self.mixture(self.theta))

    def weighted_elbo_gradients(self) -> np.ndarray:
        """By theta and eta, of 2 E D(x) ELBO(x) over p_theta0(x), at theta."""
        weights = 2.0 * self.mixture(self.theta0) * self.discriminator
        by_theta = closed_forms.decoder_gradient(self.decoder(self.theta), self.recognition, weights)
        by_eta = closed_forms.recognition_gradient(self.joint(self.theta), self.recognition, weights)
        return np.concatenate([by_theta.ravel(), by_eta.ravel()])

    # ---- (c) wake and sleep, at theta -----------------------------------------------------------------------------

    def sleep_of_label(self) -> np.ndarray:
        """Sleep phase with h = y, by the discriminator's logits."""
        joint = 0.5 * np.stack([self.generated(self.theta), self.data])
        q = np.stack([1.0 - self.discriminator, self.discriminator])
        return closed_forms.sleep_gradient(joint, q)[REAL]

    def reversed_sleep(self) -> np.ndarray:
        """Of E log q^r(y|x) over p_theta(x|y) p(y), by theta."""
        return self.from_slope(self.theta, 0.5 * np.log(self.discriminator))

    def sleep(self) -> np.ndarray:
        """Sleep phase with h = z, by eta."""
        return closed_forms.sleep_gradient(self.joint(self.theta), self.recognition).ravel()

    def wake_kl(self) -> np.ndarray:
        """-KL(q(z|x) p_data(x) || p_theta(x, z)) - H(p_data), a number."""
        q = self.data * self.recognition
        return -(q * np.log(q / self.joint(self.theta))).sum() + self.data @ np.log(self.data)

    # ---- (d) the bound of every x, [S], at theta ------------------------------------------------------------------

    def log_likelihood(self) -> np.ndarray:
        """log p(x)."""
        return np.log(self.generated(self.theta))

    def log_likelihood_less_kl(self) -> np.ndarray:
        """log p(x) - KL(q(z|x) || p(z|x))."""
        posterior = self.joint(self.theta) / self.generated(self.theta)
        return self.log_likelihood() - (self.recognition * np.log(self.recognition / posterior)).sum(axis=0)

    def negative_free_energy(self) -> np.ndarray:
        """H(q) - E_q energy(x, z), energy = -log p(x, z)."""
        q, energy = self.recognition, -np.log(self.joint(self.theta))
        return -(q * np.log(q)).sum(axis=0) - (q * energy).sum(axis=0)
