"""A directed layer of a deep belief net: a harmonium whose recognition weights may leave its generative ones."""

from typing import Any

import keras
import tensorflow as tf

from tfdgm.math.units import Units
from tfdgm.networks.harmonium import HarmoniumLayer


class BeliefLayer(HarmoniumLayer):
    """A `HarmoniumLayer` with a second kernel R for inference; both nets share the coordinates that centre them.

        q(h | v): logits c + (v - mu)'R          p(v | h): logits b + W (h - lambda)

    With R = W they are the two conditionals of the harmonium; so untying the weights means no more than to let R go.

    Attributes:
      recognition_kernel: R, [V, H].
    """

    def __init__(self, num_visible: int, num_hidden: int, **kwargs: Any) -> None:
        """Args: as those of `HarmoniumLayer`."""
        super().__init__(num_visible, num_hidden, **kwargs)
        self.recognition_kernel = self.add_weight(
            shape=(num_visible, num_hidden), initializer="zeros", aggregation="mean", name="recognition_kernel"
        )
        self.tie()

    def tie(self) -> None:
        """R becomes W."""
        self.recognition_kernel.assign(self.kernel.value)

    def recognition_field(self, v: tf.Tensor) -> tf.Tensor:
        """Logits of q(h = 1 | v): [..., V] to [..., H]."""
        kernel, bias = self.recognition_kernel.value, self.hidden_bias.value
        if self.centered:
            bias = bias - tf.linalg.matvec(kernel, self.visible_mean.value, transpose_a=True)
        return tf.matmul(v, kernel) + bias

    def generative_field(self, h: tf.Tensor) -> tf.Tensor:
        """Logits of p(v = 1 | h): [..., H] to [..., V]."""
        kernel, bias = self.kernel.value, self.visible_bias.value
        if self.centered:
            bias = bias - tf.linalg.matvec(kernel, self.hidden_mean.value)
        return tf.matmul(h, kernel, transpose_b=True) + bias


def start_above(layer: HarmoniumLayer, below: HarmoniumLayer, now: tf.Tensor, *, tied: bool) -> None:
    """Where `now`, a bool scalar, holds: begins a layer whose first visibles are the hidden units of `below`.

    Tied, it is the harmonium below turned round: its p(v) of these visibles is p(h) there, exactly so where weights of
    further units are zero. They keep the small ones that they have, without which they would all learn the same.
    Otherwise only these visibles' means and biases are set: at rest, v has the mean that h has below.

    Args:
      layer: has at least as many visibles as `below` has hidden units.
      below: trained.
      now: elsewhere all values stay.
      tied: asks for at least as many hidden units in `layer` as `below` has visibles.

    References:
      Hinton, Osindero & Teh (2006), A fast learning algorithm for deep belief nets, section 4.
    """
    own, given = _values(layer), _values(below)

    def begun() -> list[tf.Tensor]:
        return _turned(own, given) if tied else _at_rest(own, given, layer.visible)

    # Variables are read before the branches and assigned after them: replicas can't meet within one.
    for variable, value in zip(_variables(layer), tf.cond(now, begun, lambda: own), strict=True):
        variable.assign(value)


def _turned(own: list[tf.Tensor], given: list[tf.Tensor]) -> list[tf.Tensor]:
    """The harmonium `given` with its sides exchanged, filled up by one's `own` values."""
    kernel, visible_bias, hidden_bias, visible_mean, hidden_mean = given
    num_visible, num_hidden = kernel.shape
    rows = tf.concat([tf.transpose(kernel), own[0][:num_hidden, num_visible:]], axis=1)
    turned = [hidden_bias, visible_bias, hidden_mean, visible_mean]
    return [
        tf.concat([rows, own[0][num_hidden:]], axis=0),
        *(tf.concat([vector, mine[vector.shape[0] :]], axis=0) for vector, mine in zip(turned, own[1:], strict=True)),
    ]


def _at_rest(own: list[tf.Tensor], given: list[tf.Tensor], visible: Units) -> list[tf.Tensor]:
    kernel, _, hidden_bias, visible_mean, hidden_mean = own
    mean_below = given[4]
    visible_mean = tf.concat([mean_below, visible_mean[mean_below.shape[0] :]], axis=0)
    return [kernel, visible.inverse_mean(visible_mean), hidden_bias, visible_mean, hidden_mean]


def _variables(layer: HarmoniumLayer) -> list[keras.Variable]:
    return [layer.kernel, layer.visible_bias, layer.hidden_bias, layer.visible_mean, layer.hidden_mean]


def _values(layer: HarmoniumLayer) -> list[tf.Tensor]:
    return [tf.convert_to_tensor(variable.value) for variable in _variables(layer)]
