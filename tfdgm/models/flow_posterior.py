"""Posteriors of a VAE: a Gaussian, and a normalizing flow that starts from one (Rezende & Mohamed 2015).

    z_0 = mean(x) + exp(log_var(x) / 2) noise,   z = f_K ... f_1 (z_0; context(x))
    log q(z|x) = log N(noise; 0, I) - sum_d log_var_d / 2 - sum_k log |det df_k|          (eq. 6 and 7)

Planar and radial steps take all their parameters from the encoder (section 4.2). Steps of an inverse autoregressive
flow have networks of their own, to which the encoder gives a context, Kingma et al.'s h (2016, algorithm 1).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras
import tensorflow as tf

from tfdgm.bijectors.composition import Composition
from tfdgm.bijectors.gated import Gated
from tfdgm.bijectors.layer import BijectorLayer
from tfdgm.bijectors.masked_autoregressive import InverseAutoregressive
from tfdgm.bijectors.permutation import Permutation, reversal
from tfdgm.bijectors.planar import Planar
from tfdgm.bijectors.radial import Radial
from tfdgm.core import philox
from tfdgm.core.validation import require_at_least, require_choice
from tfdgm.networks.made import Made
from tfdgm.objectives import elbo as bounds

_NUM_PAIRS = 32  # of noise and its negative, that a mean without a closed form takes


class Encoded(NamedTuple):
    """What the encoder says of each example.

    Attributes:
      mean: of z_0, [B, D].
      log_var: of z_0, [B, D].
      context: of the flow, [B, C]; None where there is no flow.
    """

    mean: tf.Tensor
    log_var: tf.Tensor
    context: tf.Tensor | None = None


class GaussianPosterior:
    """q(z|x) = N(mean(x), diag exp(log_var(x))).

    Attributes:
      num_outputs: what the encoder must give for an example: mean and log_var, 2 D.
    """

    def __init__(self, latent_dim: int) -> None:
        """Args: latent_dim: D."""
        self.num_outputs = 2 * latent_dim

    def encoded(self, outputs: tf.Tensor) -> Encoded:
        """The encoder's outputs [B, num_outputs], apart."""
        mean, log_var = tf.split(outputs, 2, axis=-1)
        return Encoded(mean, log_var)

    def sample(self, encoded: Encoded, noise: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Draws z by the reparameterisation trick.

        Args:
          encoded: of the examples.
          noise: standard normal, [B, K, D], or [1, K, D] for all examples.

        Returns:
          z [B, K, D] and log q(z|x) [B, K], nats.
        """
        z = encoded.mean[:, tf.newaxis] + tf.exp(0.5 * encoded.log_var)[:, tf.newaxis] * noise
        # log q(z|x) from the noise itself: exact, and cheaper than from z.
        half_log_det = 0.5 * tf.reduce_sum(encoded.log_var, -1)[:, tf.newaxis]
        return z, bounds.diagonal_normal_log_prob(noise, 0.0, 0.0) - half_log_det

    def kl(self, encoded: Encoded, log_q: tf.Tensor, log_p: tf.Tensor) -> tf.Tensor:
        """KL(q(z|x) || N(0, I)) [B] in nats, in closed form; the samples' log q and log p [B, K] are not used."""
        del log_q, log_p
        return bounds.kl_from_standard_normal(encoded.mean, encoded.log_var)

    def mean(self, encoded: Encoded) -> tf.Tensor:
        """E[z|x] under q, [B, D]."""
        return encoded.mean


class FlowPosterior(keras.layers.Layer):
    """q(z|x) of z = f(z_0; context(x)), z_0 Gaussian: the methods of `GaussianPosterior`, for a flow.

    Attributes:
      flow: f, from z_0 to z.
      num_outputs: what the encoder must give for an example: mean and log_var of z_0, then the context, 2 D + C.
    """

    def __init__(self, flow: BijectorLayer, context_size: int) -> None:
        """Args: flow: of vectors [D]. context_size: C."""
        super().__init__(name="posterior")
        self.flow = flow
        self.base = GaussianPosterior(flow.latent_shape[0])
        self.num_outputs = self.base.num_outputs + context_size
        self.built = True

    def encoded(self, outputs: tf.Tensor) -> Encoded:
        """The encoder's outputs [B, num_outputs], apart."""
        split = self.base.num_outputs
        return self.base.encoded(outputs[:, :split])._replace(context=outputs[:, split:])

    def sample(self, encoded: Encoded, noise: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """z [B, K, D] and log q(z|x) [B, K]: see `GaussianPosterior.sample`."""
        z, log_q = self.base.sample(encoded, noise)
        rows = tf.reshape(z, [-1, *self.flow.latent_shape])  # bijectors act on one batch axis
        contexts = tf.repeat(encoded.context, tf.shape(noise)[1], axis=0)
        rows, log_det = self.flow.forward_and_log_det(rows, contexts)
        return tf.reshape(rows, tf.shape(z)), log_q - tf.reshape(log_det, tf.shape(log_q))

    def kl(self, encoded: Encoded, log_q: tf.Tensor, log_p: tf.Tensor) -> tf.Tensor:
        """KL(q(z|x) || p(z)) [B] in nats, estimated by samples from q with log q and log p [B, K]: no closed form."""
        del encoded
        return bounds.sampled_kl(log_q, log_p)

    def mean(self, encoded: Encoded) -> tf.Tensor:
        """E[z|x] under q, [B, D], estimated by 32 pairs of noise and its negative, which are the same for every x.

        It has no closed form. The estimate has no bias, a standard error of at most an eighth of q's deviation or
        thereabouts, and none where the flow is affine; the same noise keeps it from varying over x where q does not.
        What the flow makes of z_0's mean would be cheaper, but is the mean of nothing.
        """
        seeds = tf.range(_NUM_PAIRS, dtype=tf.int64)
        noise = philox.row_normal(seeds, self.flow.latent_shape, dtype=encoded.mean.dtype)
        z, _ = self.sample(encoded, tf.concat([noise, -noise], axis=0)[tf.newaxis])
        return tf.reduce_mean(z, axis=1)


def posterior(
    flow: str,
    latent_dim: int,
    *,
    num_steps: int,
    hidden_sizes: Sequence[int],
    context_size: int,
    activation: str,
) -> GaussianPosterior | FlowPosterior:
    """A posterior by the name of its flow.

    Args:
      flow: one of `FLOWS`, or `none` for a Gaussian.
      latent_dim: D.
      num_steps: K.
      hidden_sizes: `iaf`: of each step's network.
      context_size: `iaf`: of the context.
      activation: `iaf`: of each step's network.

    Raises:
      ValueError: naming a field of `VAEConfig` with a value that it cannot have.
    """
    require_choice("posterior_flow", flow, ("none", *FLOWS))
    require_at_least(1, num_flow_steps=num_steps, flow_context_size=context_size)
    require_at_least(1, flow_hidden_sizes=min(hidden_sizes, default=0))
    if flow == "none":
        return GaussianPosterior(latent_dim)
    return FLOWS[flow](latent_dim, num_steps, hidden_sizes, context_size, activation)


def _planar(latent_dim: int, num_steps: int, *_: object) -> FlowPosterior:
    return _amortized(Planar, 2 * latent_dim + 1, latent_dim, num_steps)


def _radial(latent_dim: int, num_steps: int, *_: object) -> FlowPosterior:
    return _amortized(Radial, latent_dim + 2, latent_dim, num_steps)


def _amortized(kind: type[Planar] | type[Radial], num_params: int, latent_dim: int, num_steps: int) -> FlowPosterior:
    """The context is the parameters of all steps, one after another, those of the last step first."""

    def part(index: int) -> Callable[[tf.Tensor], tf.Tensor]:
        return lambda context: context[:, index * num_params : (index + 1) * num_params]

    name = kind.__name__.lower()
    steps = [kind(latent_dim, conditioner=part(index), name=f"{name}_{index}") for index in range(num_steps)]
    return FlowPosterior(Composition(steps), num_steps * num_params)


def _iaf(
    latent_dim: int, num_steps: int, hidden_sizes: Sequence[int], context_size: int, activation: str
) -> FlowPosterior:
    """Gated steps, between which the order of the dimensions is turned round (Kingma et al. 2016, section 4)."""
    parts: list[BijectorLayer] = []
    for index in range(num_steps):
        name = f"iaf_{index}"
        made = Made(latent_dim, 2, hidden_sizes, context_size=context_size, activation=activation, name=f"{name}_made")
        turn = Permutation((latent_dim,), reversal(latent_dim), name=f"reversal_{index}")
        parts += [InverseAutoregressive(made, latent_dim, Gated(), uses_context=True, name=name), turn]
    return FlowPosterior(Composition(parts[:-1]), context_size)  # between steps alone


FLOWS: dict[str, Callable[..., FlowPosterior]] = {"planar": _planar, "radial": _radial, "iaf": _iaf}
