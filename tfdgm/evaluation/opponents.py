"""Opponents without a generator: a discriminator and a critic trained on two given sets, to see what they estimate.

    discriminator    max  E log D(x) + E log(1 - D(g)),   D = sigmoid(f):    log 2 - loss / 2  <=  JSD
    critic           max  E f(x) - E f(g) - lambda E (|grad f(x^)| - 1)^2:   (E f(x) - E f(g)) / slope  <=  W_1

Both hold for the very points at which they are taken, as finite sets: no D tells more apart than the best one
(Goodfellow et al. 2014, theorem 1), and no f more than the best of its slope (`tfdgm.evaluation.critic_slopes`).
"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.types import DataSpec
from tfdgm.evaluation.critic_slopes import largest_slope
from tfdgm.math.per_example_gradients import row_gradients
from tfdgm.models.base import Batch, GenerativeModel, Logs
from tfdgm.networks.discriminator import Discriminator
from tfdgm.objectives.adversarial import logistic_discriminator, wasserstein_critic
from tfdgm.objectives.penalties import Critic, between, two_sided

PENALTY_WEIGHT = 10.0  # Gulrajani et al. (2017), section 4
_LEARNING_RATE, _BETA_1, _BETA_2 = 1e-3, 0.5, 0.9
_BATCH_SIZE = 128
STEPS_AT_ONCE = 50  # of an execution


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two sets of points, as many of either, the second one moved by a parameter t.

    Attributes:
      t: the parameter.
      train_real: to train on, [M, D], float32.
      train_fake: likewise.
      real: to estimate on, [N, D], float32.
      fake: likewise.
      velocity: d fake / d t, [N, D], float32; None where t is no real number.
    """

    t: float
    train_real: np.ndarray
    train_fake: np.ndarray
    real: np.ndarray
    fake: np.ndarray
    velocity: np.ndarray | None = None


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What an opponent says of a pair.

    Attributes:
      distance: its estimate.
      gradient: d distance / d t, the opponent standing still: what a generator with this parameter learns from.
      slope: the largest between any real and any fake point.
    """

    distance: float
    gradient: float
    slope: float


@dataclasses.dataclass(frozen=True)
class Kind:
    """What makes an opponent.

    Attributes:
      loss: of f, real and fake points [B, D] and uniforms [B, 1], per example.
      estimate: whose mean is the distance, of f's values at real and at fake points, per example.
      has_origin: whether a constant added to f changes the loss.
    """

    loss: Callable[[Critic, tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]
    estimate: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    has_origin: bool


def _critic_loss(f: Critic, real: tf.Tensor, fake: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    line = between(real, fake, lambda shape: noise)
    return wasserstein_critic(f(real), f(fake)) + PENALTY_WEIGHT * two_sided(f, line)


KINDS: dict[str, Kind] = {
    "discriminator": Kind(
        lambda f, real, fake, noise: logistic_discriminator(f(real), f(fake)),
        lambda real, fake: math.log(2.0) - 0.5 * logistic_discriminator(real, fake),
        has_origin=True,
    ),
    "critic": Kind(_critic_loss, lambda real, fake: -wasserstein_critic(real, fake), has_origin=False),
}


class Opponent(GenerativeModel):
    """A fully connected f of points [N, D]; each training starts from the same weights."""

    def __init__(self, spec: DataSpec, *, kind: str, hidden_sizes: Sequence[int], **kwargs: Any) -> None:
        """Args: kind: of `KINDS`. hidden_sizes: of the network. kwargs: `seed` and Keras's own."""
        super().__init__(spec, **kwargs)
        self.kind = KINDS[kind]
        self.network = Discriminator(
            spec.shape,
            network="mlp",
            hidden_sizes=hidden_sizes,
            num_filters=(),
            activation="relu",
            normalization="none",
            use_bias=self.kind.has_origin,
            name="network",
        )
        self.compile(keras.optimizers.Adam(_LEARNING_RATE, _BETA_1, _BETA_2), steps_per_execution=STEPS_AT_ONCE)
        self._first = [variable.numpy() for variable in self._state()]

    def train_step(self, batch: Batch) -> Logs:
        """One step on as many real points (`x`) as fake ones."""
        noise = philox.row_uniform(self.row_seeds(), (1,))
        return {"loss/model": self.minimize("model", self.kind.loss, self.network, batch["x"], batch["fake"], noise)}

    def judge(self, pair: Pair) -> Verdict:
        """The estimate on the points that were kept apart, and its gradient."""
        real_values, fake = self.network(tf.constant(pair.real)), tf.constant(pair.fake)
        fake_values = self.network(fake)
        gradient = math.nan
        if pair.velocity is not None:
            (slopes,) = row_gradients(lambda fake: self.kind.estimate(real_values, self.network(fake)), fake)
            gradient = float(tf.reduce_sum(slopes * pair.velocity)) / len(pair.fake)
        return Verdict(
            float(tf.reduce_mean(self.kind.estimate(real_values, fake_values))),
            gradient,
            largest_slope(pair.real, pair.fake, real_values, fake_values),
        )

    def verdicts(self, pair: Pair, stages: Sequence[int]) -> list[Verdict]:
        """What it says after so many steps from its first weights.

        Args:
          pair: trained on, and judged.
          stages: steps, going up, each a multiple of `STEPS_AT_ONCE`.
        """
        for variable, value in zip(self._state(), self._first, strict=True):
            variable.assign(value)
        found, random = [], np.random.default_rng(self.seed)
        for num_steps in np.diff(stages, prepend=0).tolist():
            batches = _minibatches(pair, num_steps, random)
            self.fit(batches, epochs=1, steps_per_epoch=num_steps, verbose=0, shuffle=False)
            found.append(self.judge(pair))
        return found

    def _state(self) -> list[Any]:
        return [*self.variables, *(variable for each in self.optimizers.values() for variable in each.variables)]


def opponent(kind: str, num_dims: int, hidden_sizes: Sequence[int], seed: int = 0) -> Opponent:
    """A new one of `KINDS`, its weights and minibatches by the seed."""
    keras.utils.set_random_seed(seed)
    spec = DataSpec(shape=(num_dims,), domain="real", num_levels=0)
    return Opponent(spec, kind=kind, hidden_sizes=hidden_sizes, seed=seed)


def _minibatches(pair: Pair, num_steps: int, random: np.random.Generator) -> tf.data.Dataset:
    """Real and fake points drawn apart from each other, with replacement."""
    rows = random.integers(len(pair.train_real), size=(2, num_steps * _BATCH_SIZE))
    points = {"x": pair.train_real[rows[0]], "fake": pair.train_fake[rows[1]]}
    return tf.data.Dataset.from_tensor_slices(points).batch(_BATCH_SIZE, drop_remainder=True)
