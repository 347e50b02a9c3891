"""One small generator under many objectives. One table, `OBJECTIVES`.

Generator          z ~ N(0, I),  x = mean(z) + sigma noise,  sigma = floor + exp(s)
KL, JSD, W_1       of the densities themselves, by quadrature          (`tfdgm.evaluation.mode_targets`)
GAN                E log D(x) + E log (1 - D(g)) up,  E log D(g) up    (Goodfellow et al. 2014)
IWGAN              the same, each log D(g_k) weighted by D / (1 - D)   (Hu et al. 2018)
VAE                E_q log p(x|z) - KL(q(z|x) || p(z)) up              (Kingma & Welling 2014)
AAVAE              D(x) times that, of real and generated x            (Hu et al. 2018)
VAE/GAN            encoder: the bound; generator: log p(x|z) and log D of generated x and of reconstructions
                                                                       (Larsen et al. 2016)

Of a seed, all start from the same generator and take as many steps of it by the same optimizer.
"""

import math
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from tfdgm.core.types import DataSpec
from tfdgm.evaluation.mode_targets import Integrals, Target, integrals
from tfdgm.models.base import Batch, GenerativeModel, Logs
from tfdgm.networks.discriminator import Discriminator
from tfdgm.networks.mlp import mlp
from tfdgm.objectives import unified
from tfdgm.objectives.adversarial import logistic_discriminator, non_saturating_generator
from tfdgm.objectives.elbo import diagonal_normal_log_prob, elbo, kl_from_standard_normal

STEPS_AT_ONCE = 50  # of an execution
NUM_DISCRIMINATOR_STEPS = 2  # for each of the generator, on minibatches of their own
NUM_IMPORTANCE_SAMPLES = 8
_OPPONENT_SIZES = (32, 32)  # of a discriminator's hidden layers, and of an encoder's
_LEARNING_RATE, _BETA_1, _BETA_2 = 5e-3, 0.5, 0.99  # the rate falls to 0, as half a cosine


class ModeFit(GenerativeModel):
    """The generator, and what all objectives share; a subclass adds networks and its `train_step`.

    Batches have `x` [B, NUM_DISCRIMINATOR_STEPS, D], a minibatch for each step of a discriminator; all else that learns
    from data takes the last. They have `noise`, standard normals [B, num_draws, 2D]: a draw is z and the noise of x.

    Attributes:
      num_draws: what one step needs.
    """

    num_draws = 0

    def __init__(self, target: Target) -> None:
        """Args: target: what to fit. Weights are by Keras's own seed; noise comes with the batches."""
        num_dims = target.num_dims
        super().__init__(DataSpec(shape=(num_dims,), domain="real", num_levels=0))
        self.target = target
        self.mean = mlp((num_dims,), target.hidden_sizes, (num_dims,), activation="tanh", name="mean")
        kernel = self.mean.get_layer("outputs").kernel
        kernel.assign(target.start_scale * kernel)
        start = keras.initializers.Constant(math.log(target.start_scale))
        self.log_scale = self.add_weight(shape=(), initializer=start, name="log_scale")

    def ready(self, num_steps: int) -> "ModeFit":
        """The model, compiled for a training of so many steps: every group by the same optimizer."""
        self.compile(
            {
                name: keras.optimizers.Adam(
                    keras.optimizers.schedules.CosineDecay(_LEARNING_RATE, num_steps * self.updates_a_step(name)),
                    _BETA_1,
                    _BETA_2,
                )
                for name in self.groups()
            },
            steps_per_execution=STEPS_AT_ONCE,
        )
        return self

    def updates_a_step(self, group: str) -> int:
        """Of a variable group."""
        return NUM_DISCRIMINATOR_STEPS if group == "discriminator" else 1

    def state(self) -> list[Any]:
        """All variables, the optimizers' among them."""
        return [*self.variables, *(variable for each in self.optimizers.values() for variable in each.variables)]

    def groups(self) -> dict[str, list[Any]]:
        """The generator's own; objectives with networks add theirs."""
        return {"generator": [*self.mean.trainable_variables, self.log_scale]}

    def sigma(self) -> tf.Tensor:
        """Of the generator's noise, a scalar."""
        return self.target.sigma_floor + tf.exp(self.log_scale.value)

    def generate(self, noise: tf.Tensor) -> tf.Tensor:
        """x [B, D] from standard normals [B, 2D]."""
        z, noise = tf.split(noise, 2, axis=1)
        return self.mean(z) + self.sigma() * noise

    def points(self, nodes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """mean(z) at nodes z [M, D], float64 [M, D], and sigma, float64."""
        means = self.mean(tf.cast(nodes, self.variable_dtype))
        return tf.cast(means, tf.float64), tf.cast(self.sigma(), tf.float64)


class DivergenceFit(ModeFit):
    """Down a divergence of the densities; data are not drawn."""

    def __init__(self, target: Target, *, divergence: Callable[..., tf.Tensor]) -> None:
        """Args: divergence: a method of `Integrals`. The others as in `ModeFit`."""
        super().__init__(target)
        self.divergence, self.integrals = divergence, integrals(target, target.training)

    def train_step(self, batch: Batch) -> Logs:
        """One step down the divergence."""
        del batch
        return {"loss/generator": self.minimize("generator", self._loss)}

    def _loss(self) -> tf.Tensor:
        return self.divergence(self.integrals, *self.points(self.integrals.nodes))


class GANFit(ModeFit):
    """A GAN; with several importance samples an IWGAN."""

    num_draws = NUM_DISCRIMINATOR_STEPS + 1

    def __init__(self, target: Target, *, num_importance_samples: int = 1) -> None:
        """Args: num_importance_samples: K, that share a loss. The others as in `ModeFit`."""
        super().__init__(target)
        self.discriminator, self.num_importance_samples = _discriminator(self), num_importance_samples

    def groups(self) -> dict[str, list[Any]]:
        """Two players."""
        return {"discriminator": self.discriminator.trainable_variables, **super().groups()}

    def train_step(self, batch: Batch) -> Logs:
        """Several steps of the discriminator, then one of the generator."""
        *noises, noise = _minibatches(batch["noise"])
        for x, each in zip(_minibatches(batch["x"]), noises, strict=True):
            loss = self.minimize("discriminator", self._discriminator_loss, x, each)
        generator_loss = self.minimize("generator", self._generator_loss, noise)
        return {"loss/discriminator": loss, "loss/generator": generator_loss}

    def _discriminator_loss(self, x: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        return logistic_discriminator(self.discriminator(x), self.discriminator(self.generate(noise)))

    def _generator_loss(self, noise: tf.Tensor) -> tf.Tensor:
        logits = self.discriminator(self.generate(noise))
        return unified.importance_weighted_theta_loss(tf.reshape(logits, [-1, self.num_importance_samples]))


class VAEFit(ModeFit):
    """A VAE, the generator its decoder."""

    num_draws = 1

    def __init__(self, target: Target) -> None:
        """Args as in `ModeFit`."""
        super().__init__(target)
        num_dims = target.num_dims
        self.encoder = mlp((num_dims,), _OPPONENT_SIZES, (2 * num_dims,), activation="tanh", name="encoder")

    def groups(self) -> dict[str, list[Any]]:
        """One: encoder and decoder share a loss."""
        return {"generator": [*super().groups()["generator"], *self.encoder.trainable_variables]}

    def train_step(self, batch: Batch) -> Logs:
        """One step up the bound."""
        return {"loss/generator": self.minimize("generator", self._loss, batch["x"][:, -1], batch["noise"][:, 0])}

    def bound(self, x: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """The ELBO [B], nats, by one sample."""
        log_likelihood, kl, _ = self.terms(x, noise)
        return elbo(log_likelihood[:, tf.newaxis], kl)

    def terms(self, x: tf.Tensor, noise: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """log p(x|z) [B] and KL(q(z|x) || p(z)) [B], nats, and x drawn anew from p(x|z), [B, D]."""
        code_noise, noise = tf.split(noise, 2, axis=1)
        mean, log_var = tf.split(self.encoder(x), 2, axis=1)
        decoded, sigma = self.mean(mean + tf.exp(0.5 * log_var) * code_noise), self.sigma()
        log_likelihood = diagonal_normal_log_prob(x, decoded, 2.0 * tf.math.log(sigma))
        return log_likelihood, kl_from_standard_normal(mean, log_var), decoded + sigma * noise

    def _loss(self, x: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        return -self.bound(x, noise)


class AAVAEFit(VAEFit):
    """An adversary-activated VAE: generated examples that the discriminator takes for real count as data."""

    num_draws = NUM_DISCRIMINATOR_STEPS + 3

    def __init__(self, target: Target) -> None:
        """Args as in `ModeFit`."""
        super().__init__(target)
        self.discriminator = _discriminator(self)

    def groups(self) -> dict[str, list[Any]]:
        """The discriminator, and the VAE."""
        return {"discriminator": self.discriminator.trainable_variables, **super().groups()}

    def train_step(self, batch: Batch) -> Logs:
        """Several steps of the discriminator, then one up the activated bounds."""
        *noises, noise, code_noise, fake_noise = _minibatches(batch["noise"])
        for x, each in zip(_minibatches(batch["x"]), noises, strict=True):
            loss = self.minimize("discriminator", self._discriminator_loss, x, each)
        fake = self.generate(noise)  # outside of the loss: examples stay where they are
        generator_loss = self.minimize("generator", self._activated_loss, x, fake, code_noise, fake_noise)
        return {"loss/discriminator": loss, "loss/generator": generator_loss}

    _discriminator_loss = GANFit._discriminator_loss

    def _activated_loss(self, x: tf.Tensor, fake: tf.Tensor, noise: tf.Tensor, fake_noise: tf.Tensor) -> tf.Tensor:
        real_part = unified.adversary_activated(self.bound(x, noise), self.discriminator(x))
        return -real_part - unified.adversary_activated(self.bound(fake, fake_noise), self.discriminator(fake))


class VAEGANFit(VAEFit):
    """VAE/GAN; the likelihood is of x itself, for points have no features to compare by."""

    num_draws = 2 * NUM_DISCRIMINATOR_STEPS + 2

    def __init__(self, target: Target) -> None:
        """Args as in `ModeFit`."""
        super().__init__(target)
        self.discriminator = _discriminator(self)

    def groups(self) -> dict[str, list[Any]]:
        """Three, each with a loss of its own."""
        return {
            "discriminator": self.discriminator.trainable_variables,
            "encoder": self.encoder.trainable_variables,
            **ModeFit.groups(self),
        }

    def train_step(self, batch: Batch) -> Logs:
        """Algorithm 1 of Larsen et al. (2016), with several steps of the discriminator."""
        *noises, noise, code_noise = _minibatches(batch["noise"])
        for x, *each in zip(_minibatches(batch["x"]), noises[::2], noises[1::2], strict=True):
            loss = self.minimize("discriminator", self._discriminator_loss, x, *each)
        encoder_loss = self.minimize("encoder", self._loss, x, code_noise)
        generator_loss = self.minimize("generator", self._generator_loss, x, noise, code_noise)
        return {"loss/discriminator": loss, "loss/encoder": encoder_loss, "loss/generator": generator_loss}

    def _discriminator_loss(self, x: tf.Tensor, noise: tf.Tensor, code_noise: tf.Tensor) -> tf.Tensor:
        fake, reconstructed = self.discriminator(self.generate(noise)), self.discriminator(self.terms(x, code_noise)[2])
        return logistic_discriminator(self.discriminator(x), fake) + unified.phi_loss(reconstructed, 0)

    def _generator_loss(self, x: tf.Tensor, noise: tf.Tensor, code_noise: tf.Tensor) -> tf.Tensor:
        log_likelihood, _, reconstructed = self.terms(x, code_noise)
        fooled = [non_saturating_generator(self.discriminator(each)) for each in (self.generate(noise), reconstructed)]
        return fooled[0] + fooled[1] - log_likelihood


def _minibatches(values: tf.Tensor) -> list[tf.Tensor]:
    return tf.unstack(values, axis=1)


def _discriminator(model: ModeFit) -> Discriminator:
    return Discriminator(
        model.spec.shape,
        network="mlp",
        hidden_sizes=_OPPONENT_SIZES,
        num_filters=(),
        activation="tanh",
        normalization="none",
        name="discriminator",
    )


def _divergence(divergence: Callable[..., tf.Tensor]) -> Callable[[Target], ModeFit]:
    return lambda target: DivergenceFit(target, divergence=divergence)


OBJECTIVES: dict[str, Callable[[Target], ModeFit]] = {
    "KL(data||model)": _divergence(Integrals.kl_from_data),
    "KL(model||data)": _divergence(Integrals.kl_from_model),
    "JSD": _divergence(Integrals.jensen_shannon),
    "W_1": _divergence(Integrals.wasserstein),
    "GAN": GANFit,
    "IWGAN": lambda target: GANFit(target, num_importance_samples=NUM_IMPORTANCE_SAMPLES),
    "VAE": VAEFit,
    "AAVAE": AAVAEFit,
    "VAE/GAN": VAEGANFit,
}
