"""The bipartite energy model: what an RBM is, the top of a deep belief net, and a deep Boltzmann machine in disguise.

    p(v, h) = h(v) exp(b'v + c'h + v'W h) / Z,   h binary, v of any exponential family (`tfdgm.math.units`)
    F(v)    = -log sum_h p(v, h) Z = -log h(v) - b'v - sum_j softplus(c_j + (v'W)_j)

and its tempered family, which leads from independent visibles at beta = 0 to the model at beta = 1:

    p_beta(v, h) ~ h(v) exp(((1 - beta) a + beta b)'v + beta (c'h + v'W h))

References:
  Smolensky (1986), Information processing in dynamical systems: foundations of harmony theory.
  Salakhutdinov & Murray (2008), On the quantitative analysis of deep belief networks, eq. 13-17 (the tempered family).
"""

import dataclasses

import tensorflow as tf

from tfdgm.math.units import BERNOULLI, Units


@dataclasses.dataclass(frozen=True)
class Harmonium:
    """Parameters of one energy, as tensors.

    Attributes:
      kernel: W, [V, H].
      visible_bias: b, [V].
      hidden_bias: c, [H].
      visible: what the visible units are; hidden units are binary.
      base_bias: a, [V], the visibles' fields at beta = 0; None is b.
      beta: inverse temperature: a scalar, or a tensor that broadcasts against fields [..., V] and [..., H]; None is 1.
    """

    kernel: tf.Tensor
    visible_bias: tf.Tensor
    hidden_bias: tf.Tensor
    visible: Units = BERNOULLI
    base_bias: tf.Tensor | None = None
    beta: tf.Tensor | float | None = None

    @property
    def num_visible(self) -> int:
        """V."""
        return int(self.kernel.shape[0] or 0)

    @property
    def num_hidden(self) -> int:
        """H."""
        return int(self.kernel.shape[1] or 0)

    def at(self, beta: tf.Tensor | float) -> "Harmonium":
        """The member of the tempered family at inverse temperature `beta`."""
        return dataclasses.replace(self, beta=beta)

    def hidden_field(self, v: tf.Tensor) -> tf.Tensor:
        """Logits of p(h = 1 | v): [..., V] to [..., H]."""
        field = tf.matmul(v, self.kernel) + self.hidden_bias
        return field if self.beta is None else self.beta * field

    def visible_field(self, h: tf.Tensor) -> tf.Tensor:
        """The field of v given h: [..., H] to [..., V]."""
        return self._tempered(tf.matmul(h, self.kernel, transpose_b=True) + self.visible_bias)

    def free_energy(self, v: tf.Tensor) -> tf.Tensor:
        """F(v) = -log p(v) - log Z, nats: [..., V] to [...]."""
        hidden = tf.reduce_sum(tf.nn.softplus(self.hidden_field(v)), axis=-1)
        return -self.visible.log_base(v) - tf.reduce_sum(v * self._tempered(self.visible_bias), axis=-1) - hidden

    def hidden_free_energy(self, h: tf.Tensor) -> tf.Tensor:
        """-log p(h) - log Z, nats: [..., H] to [...]."""
        bias = self.hidden_bias if self.beta is None else self.beta * self.hidden_bias
        return -tf.reduce_sum(h * bias, axis=-1) - self.visible.log_partition(self.visible_field(h))

    def log_base_partition(self) -> tf.Tensor:
        """log Z at beta = 0 in closed form, nats, scalar: H log 2 + A(a)."""
        bias = self.visible_bias if self.base_bias is None else self.base_bias
        return self.num_hidden * tf.math.log(tf.constant(2.0, bias.dtype)) + self.visible.log_partition(bias)

    def sample_hidden(self, v: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """h from p(h | v) by uniforms of its shape, [..., H]."""
        field = self.hidden_field(v)
        return tf.cast(noise < tf.sigmoid(field), field.dtype)

    def sample_visible(self, h: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """v from p(v | h) by uniforms of its shape, [..., V]."""
        return self.visible.sample(self.visible_field(h), noise)

    def sweep(self, v: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """One block Gibbs sweep v -> h -> v by uniforms [..., H + V], the hidden units' first."""
        hidden_noise, visible_noise = tf.split(noise, [self.num_hidden, self.num_visible], axis=-1)
        return self.sample_visible(self.sample_hidden(v, hidden_noise), visible_noise)

    def _tempered(self, visible_field: tf.Tensor) -> tf.Tensor:
        if self.beta is None:
            return visible_field
        base_bias = self.visible_bias if self.base_bias is None else self.base_bias
        return self.beta * visible_field + (1.0 - self.beta) * base_bias


@dataclasses.dataclass(frozen=True)
class Normalizer:
    """The partition function that a model's likelihood needs, as that of a harmonium.

    Attributes:
      harmonium: its log Z is what the model's unnormalised quantities lack.
      states: visibles [C, V] that come near p(v), such as persistent chains: where reverse annealing starts. None:
        there are none yet.
    """

    harmonium: Harmonium
    states: tf.Tensor | None = None
