"""The gradient estimators of a small RBM, exactly: the distribution of each chain by its transition matrix.

    d log p(x) / d theta = d/d theta [-F(x)] + E_p(v)[d F(v) / d theta]

The first term is known; estimators differ in where the v of the second comes from. theta is one flat vector.

References:
  Hinton (2002), Training products of experts by minimizing contrastive divergence.
  Tieleman (2008), Training restricted Boltzmann machines using approximations to the likelihood gradient.
"""

import dataclasses

import numpy as np
import tensorflow as tf

from tfdgm.core.validation import require_between
from tfdgm.evaluation.estimates import Moments, moments
from tfdgm.evaluation.tiny_belief_net import MAX_HIDDEN, MAX_VISIBLE
from tfdgm.math import bernoulli, per_example_gradients
from tfdgm.math.binary_tables import binary_states, normalize
from tfdgm.math.harmonium import Harmonium
from tfdgm.objectives.energy import contrastive_divergence


@dataclasses.dataclass(frozen=True)
class TinyHarmonium:
    """Shapes alone; the parameters are arguments."""

    num_visible: int
    num_hidden: int

    def __post_init__(self) -> None:
        """Refuses what is too large for enumeration."""
        require_between(1, MAX_VISIBLE, num_visible=self.num_visible)
        require_between(1, MAX_HIDDEN, num_hidden=self.num_hidden)

    @property
    def num_parameters(self) -> int:
        """Of theta."""
        return self.num_visible * self.num_hidden + self.num_visible + self.num_hidden

    def random_parameters(self, seed: int, scale: float) -> tf.Tensor:
        """theta, independent normals of a standard deviation `scale`, float64."""
        return tf.constant(np.random.default_rng(seed).normal(scale=scale, size=self.num_parameters))

    def harmonium(self, theta: tf.Tensor) -> Harmonium:
        """The model."""
        sizes = [self.num_visible * self.num_hidden, self.num_visible, self.num_hidden]
        kernel, visible_bias, hidden_bias = tf.split(theta, sizes)
        return Harmonium(tf.reshape(kernel, [self.num_visible, self.num_hidden]), visible_bias, hidden_bias)

    def log_table(self, theta: tf.Tensor) -> tf.Tensor:
        """log p(v) of all states, [2^V]."""
        return normalize(-self.harmonium(theta).free_energy(binary_states(self.num_visible)))

    def log_likelihood(self, theta: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        """log p(x), nats: [B, V] to [B]."""
        harmonium = self.harmonium(theta)
        log_partition = tf.reduce_logsumexp(-harmonium.free_energy(binary_states(self.num_visible)))
        return -harmonium.free_energy(x) - log_partition

    def sweep_matrix(self, theta: tf.Tensor) -> np.ndarray:
        """p(v' | v) of one Gibbs sweep v -> h -> v', [2^V, 2^V]."""
        return _sweep_matrix(self.num_visible, self.num_hidden, theta).numpy()


def data_distribution(x: tf.Tensor) -> np.ndarray:
    """Each example's own distribution over all states: all of it at the example, [B, 2^V]."""
    same = tf.reduce_all(x[:, tf.newaxis] == binary_states(x.shape[1]), axis=-1)
    return same.numpy().astype(float)


def estimate(net: TinyHarmonium, theta: tf.Tensor, x: tf.Tensor, distribution: np.ndarray) -> Moments:
    """Mean and variance of the estimate by one v an example.

    Args:
      net: the shapes.
      theta: [P].
      x: data, [B, V].
      distribution: of v, given the example, [B, 2^V]: k sweeps on from the data for CD-k, that of a chain for PCD.
    """
    return moments(-_gradients(net.num_hidden, theta, x).numpy(), distribution)


@tf.function(autograph=False)
def _gradients(num_hidden: int, theta: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """That of the training loss of every example and every v, [B, 2^V, P]."""
    net = TinyHarmonium(x.shape[1], num_hidden)

    def losses(theta: tf.Tensor) -> tf.Tensor:
        harmonium = net.harmonium(theta)
        by_state = tf.vectorized_map(
            lambda v: contrastive_divergence(harmonium, x, v[tf.newaxis]), binary_states(net.num_visible)
        )
        return tf.transpose(by_state)

    return per_example_gradients.jacobian(losses, theta)


@tf.function(autograph=False)
def _sweep_matrix(num_visible: int, num_hidden: int, theta: tf.Tensor) -> tf.Tensor:
    harmonium = TinyHarmonium(num_visible, num_hidden).harmonium(theta)
    v, h = binary_states(num_visible), binary_states(num_hidden)
    up = bernoulli.log_prob(h, harmonium.hidden_field(v)[:, tf.newaxis])
    down = bernoulli.log_prob(v, harmonium.visible_field(h)[:, tf.newaxis])
    return tf.matmul(tf.exp(up), tf.exp(down))
