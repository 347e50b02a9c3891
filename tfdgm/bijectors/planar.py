"""Planar flow: the space stretched or squeezed across one hyperplane (Rezende & Mohamed 2015).

    x = z + u tanh(w'z + b),   |det dx/dz| = |1 + u'w (1 - tanh^2(w'z + b))|        (eq. 10 to 12)

It is invertible where w'u >= -1 (appendix A.1), which `u` is made to keep. The inverse has no closed form: a = w'z is
the root of a + w'u tanh(a + b) = w'x, a monotone function of one variable.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from tfdgm.bijectors.amortized import Amortized
from tfdgm.bijectors.layer import Context
from tfdgm.math.monotone_root import monotone_root

_LEAST = 1e-3  # of 1 + w'u, so that no volume vanishes


class Plane(NamedTuple):
    """Parameters of a planar flow, for all rows or each row's own.

    Attributes:
      w: [..., D].
      u: [..., D].
      b: [..., 1].
      stretch: w'u > -1, [..., 1].
    """

    w: tf.Tensor
    u: tf.Tensor
    b: tf.Tensor
    stretch: tf.Tensor


class Planar(Amortized):
    """Of vectors; w, u and b are weights, or given by a context for each row.

    References:
      Rezende & Mohamed (2015), Variational inference with normalizing flows, section 4.1 and appendix A.1.
    """

    def __init__(
        self, num_dims: int, *, conditioner: Callable[[tf.Tensor], tf.Tensor] | None = None, name: str = "planar"
    ) -> None:
        """Builds the weights.

        Args:
          num_dims: D.
          conditioner: of the context, gives [B, 2 D + 1]: w, u, b; without it they are weights.
          name: of the layer.

        Raises:
          ValueError: when `num_dims` is below 1.
        """
        super().__init__(num_dims, 2 * num_dims + 1, conditioner, initial_scale=num_dims**-0.5, name=name)

    def plane(self, context: Context = None) -> Plane:
        """The parameters, u as the constraint leaves it: moved along w until w'u = m(w'u).

        The paper's m(a) = log(1 + exp(a)) - 1 moves every u, the more the smaller w is, like 1 / |w|. This one leaves
        those alone that need no move, and m(0) = 0, m'(0) = 1: value and gradient are finite also where w is 0.
        """
        num_dims = self.event_shape[0]
        w, free_u, b = tf.split(self.free_params(context), [num_dims, num_dims, 1], axis=-1)
        inner = _inner(w, free_u)
        move = _move(inner)
        squared_norm = tf.maximum(_inner(w, w), 1e-20)
        return Plane(w, free_u + move * w / squared_norm, b, inner + move)

    def forward_and_log_det(self, z: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """z + u tanh(w'z + b)."""
        plane = self.plane(context)
        activation = tf.tanh(_inner(plane.w, z) + plane.b)
        return z + plane.u * activation, _log_det(plane.stretch, activation)

    def inverse_and_log_det(self, x: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """x - u tanh(a + b), a found by bisection and Newton's steps."""
        plane = self.plane(context)
        target = _inner(plane.w, x)

        def value_and_slope(a: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            activation = tf.tanh(a + plane.b)
            slope = 1.0 + plane.stretch * (1.0 - tf.square(activation))
            return a + plane.stretch * activation - target, slope

        bound = tf.abs(plane.stretch)  # for |tanh| <= 1
        a = monotone_root(value_and_slope, target - bound, target + bound)
        activation = tf.tanh(a + plane.b)
        return x - plane.u * activation, -_log_det(plane.stretch, activation)


def _move(inner: tf.Tensor) -> tf.Tensor:
    """m(a) - a: 0 where a >= 0; below, m(a) = c (exp(a / c) - 1) > -c with c = 1 - least."""
    most = 1.0 - _LEAST
    below = tf.minimum(inner, 0.0)
    return most * tf.math.expm1(below / most) - below


def _inner(w: tf.Tensor, z: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(w * z, axis=-1, keepdims=True)


def _log_det(stretch: tf.Tensor, activation: tf.Tensor) -> tf.Tensor:
    return tf.math.log1p(stretch * (1.0 - tf.square(activation)))[..., 0]
