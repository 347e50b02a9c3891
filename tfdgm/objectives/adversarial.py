"""Losses of the two players of adversarial models, per example, on logits. One table, `LOSSES`.

r stands for the discriminator's (or critic's) logits of real examples, f for those of generated ones; D is the sigmoid
of a logit.
"""

import dataclasses
from collections.abc import Callable

import tensorflow as tf

Mean = Callable[[tf.Tensor], tf.Tensor]
"""From logits [B] to their mean over the global batch, a scalar."""


def logistic_discriminator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """-log D(x) - log(1 - D(G(z))): [B] twice to [B], nats.

    At the best D its mean is 2 log 2 - 2 JSD(p_data, p_model).

    References:
      Goodfellow et al. (2014), Generative adversarial nets, eq. 1 and theorem 1.
    """
    # -log sigmoid(r) = softplus(-r), -log(1 - sigmoid(f)) = softplus(f)
    return tf.nn.softplus(-real) + tf.nn.softplus(fake)


def minimax_generator(fake: tf.Tensor) -> tf.Tensor:
    """log(1 - D(G(z))): [B], nats; hardly any gradient where D is sure.

    References:
      Goodfellow et al. (2014), eq. 1.
    """
    return -tf.nn.softplus(fake)


def non_saturating_generator(fake: tf.Tensor) -> tf.Tensor:
    """-log D(G(z)): [B], nats.

    References:
      Goodfellow et al. (2014), section 3.
    """
    return tf.nn.softplus(-fake)


def least_squares_discriminator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """((r - 1)^2 + f^2) / 2: [B] twice to [B].

    References:
      Mao et al. (2017), Least squares generative adversarial networks, eq. 9.
    """
    return 0.5 * (tf.square(real - 1.0) + tf.square(fake))


def least_squares_generator(fake: tf.Tensor) -> tf.Tensor:
    """(f - 1)^2 / 2: [B].

    References:
      Mao et al. (2017), eq. 9.
    """
    return 0.5 * tf.square(fake - 1.0)


def hinge_discriminator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """max(0, 1 - r) + max(0, 1 + f): [B] twice to [B]; its generator maximises f.

    References:
      Lim & Ye (2017), Geometric GAN; Miyato et al. (2018), Spectral normalization, eq. 16.
    """
    return tf.nn.relu(1.0 - real) + tf.nn.relu(1.0 + fake)


def wasserstein_critic(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """f - r: [B] twice to [B]; with a 1-Lipschitz critic, minus its mean is at most W_1.

    References:
      Arjovsky, Chintala & Bottou (2017), Wasserstein GAN, eq. 2.
    """
    return fake - real


def wasserstein_generator(fake: tf.Tensor) -> tf.Tensor:
    """-f: [B].

    References:
      Arjovsky, Chintala & Bottou (2017), eq. 4.
    """
    return -fake


def relativistic_discriminator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """-log sigmoid(r - f) of pairs: [B] twice to [B], nats.

    References:
      Jolicoeur-Martineau (2019), The relativistic discriminator, section 4.1 (RSGAN).
    """
    return tf.nn.softplus(fake - real)


def relativistic_average_discriminator(real: tf.Tensor, fake: tf.Tensor, mean: Mean) -> tf.Tensor:
    """-log sigmoid(r - E f) - log(1 - sigmoid(f - E r)): [B] twice to [B], nats.

    Args:
      real: r, [B].
      fake: f, [B].
      mean: over the global batch, which this loss couples.

    References:
      Jolicoeur-Martineau (2019), section 4.2 (RaSGAN).
    """
    return tf.nn.softplus(-(real - mean(fake))) + tf.nn.softplus(fake - mean(real))


@dataclasses.dataclass(frozen=True)
class AdversarialLoss:
    """What the two players minimise.

    Attributes:
      discriminator: takes r [B], f [B] and `Mean`; gives [B].
      generator: likewise.
      needs_real: whether the generator's depends on r.
      has_origin: whether a constant added to all logits changes the discriminator's.
    """

    discriminator: Callable[[tf.Tensor, tf.Tensor, Mean], tf.Tensor]
    generator: Callable[[tf.Tensor, tf.Tensor, Mean], tf.Tensor]
    needs_real: bool = False
    has_origin: bool = True


def _apart(
    discriminator: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    generator: Callable[[tf.Tensor], tf.Tensor],
    *,
    has_origin: bool = True,
) -> AdversarialLoss:
    """Losses that do not couple a batch, the generator's of its own logits alone."""
    return AdversarialLoss(
        lambda real, fake, mean: discriminator(real, fake),
        lambda real, fake, mean: generator(fake),
        has_origin=has_origin,
    )


LOSSES: dict[str, AdversarialLoss] = {
    "minimax": _apart(logistic_discriminator, minimax_generator),
    "non_saturating": _apart(logistic_discriminator, non_saturating_generator),
    "least_squares": _apart(least_squares_discriminator, least_squares_generator),
    "hinge": _apart(hinge_discriminator, wasserstein_generator),
    "wasserstein": _apart(wasserstein_critic, wasserstein_generator, has_origin=False),
    # The generator's are the discriminator's with the roles exchanged.
    "relativistic": AdversarialLoss(
        lambda real, fake, mean: relativistic_discriminator(real, fake),
        lambda real, fake, mean: relativistic_discriminator(fake, real),
        needs_real=True,
        has_origin=False,
    ),
    "relativistic_average": AdversarialLoss(
        relativistic_average_discriminator,
        lambda real, fake, mean: relativistic_average_discriminator(fake, real, mean),
        needs_real=True,
        has_origin=False,
    ),
}
