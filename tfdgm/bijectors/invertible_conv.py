"""Invertible 1x1 convolution: one learned matrix mixes the channels of every pixel (Kingma & Dhariwal 2018).

    z_ij = W x_ij,   log |det dz/dx| = H W log |det W|        (eq. 9)

W acts from data to latents, so that a step of maximum likelihood only multiplies; sampling solves.
"""

import abc
import math
from collections.abc import Callable, Sequence

import keras
import numpy as np
import scipy.linalg
import tensorflow as tf

from tfdgm.bijectors.layer import BijectorLayer, Context, require_channels
from tfdgm.bijectors.permutation import require_order
from tfdgm.core.validation import require_choice


class InvertibleConv(BijectorLayer, abc.ABC):
    """Base of both parametrisations; starts as a random rotation where not told otherwise.

    References:
      Kingma & Dhariwal (2018), Glow: generative flow with invertible 1x1 convolutions, section 3.2.
    """

    def __init__(
        self, event_shape: Sequence[int], *, order: Sequence[int] | None = None, name: str = "invertible_conv"
    ) -> None:
        """Builds the weights.

        Args:
          event_shape: [D] or [H, W, C].
          order: of the channels, which W starts as: z_c = x_{order[c]}; None for a random rotation.
          name: of the layer.

        Raises:
          ValueError: for any other shape, or an order that is no permutation of the channels.
        """
        require_channels(event_shape)
        super().__init__(event_shape, event_shape, name=name)
        size = self.event_shape[-1]
        if order is None:
            start = np.asarray(keras.initializers.Orthogonal()((size, size), "float32"), np.float64)
        else:
            start = np.eye(size)[list(require_order(order, size))]
        self._start(start)

    @abc.abstractmethod
    def matrix(self) -> tf.Tensor:
        """W, [C, C]."""

    @abc.abstractmethod
    def log_abs_det(self) -> tf.Tensor:
        """log |det W|, a scalar."""

    @abc.abstractmethod
    def solve(self, columns: tf.Tensor) -> tf.Tensor:
        """W^-1 of columns [C, N]."""

    @abc.abstractmethod
    def _start(self, matrix: np.ndarray) -> None:
        """Builds the weights at W = matrix, an orthogonal one."""

    def forward_and_log_det(self, z: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """x_ij = W^-1 z_ij, by solving."""
        del context
        columns = tf.reshape(z, [-1, self.event_shape[-1]])
        x = tf.transpose(self.solve(tf.transpose(columns)))
        return tf.reshape(x, [-1, *self.event_shape]), -self._log_det()

    def inverse_and_log_det(self, x: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """z_ij = W x_ij: one product for all pixels, faster than a convolution is (BUILD_NOTES 47)."""
        del context
        rows = tf.reshape(x, [-1, self.event_shape[-1]])
        z = tf.matmul(rows, self.matrix(), transpose_b=True)
        return tf.reshape(z, [-1, *self.event_shape]), self._log_det()

    def _log_det(self) -> tf.Tensor:
        return math.prod(self.event_shape[:-1]) * self.log_abs_det()


class PlainInvertibleConv(InvertibleConv):
    """W itself is learned.

    Attributes:
      kernel: W, [C, C].
    """

    def _start(self, matrix: np.ndarray) -> None:
        self.kernel = self.add_weight(
            shape=matrix.shape, initializer=_constant(matrix), aggregation="mean", name="kernel"
        )

    def matrix(self) -> tf.Tensor:
        """W."""
        return tf.convert_to_tensor(self.kernel.value)

    def log_abs_det(self) -> tf.Tensor:
        """By W = QR, O(C^3); XLA compiles it, as it does not what TensorFlow has for determinants."""
        return tf.reduce_sum(tf.math.log(tf.abs(tf.linalg.diag_part(tf.linalg.qr(self.matrix()).r))))

    def solve(self, columns: tf.Tensor) -> tf.Tensor:
        """By W = QR and a triangular solve."""
        q, r = tf.linalg.qr(self.matrix())
        return tf.linalg.triangular_solve(r, tf.matmul(q, columns, transpose_a=True), lower=False)


class LUInvertibleConv(InvertibleConv):
    """W = P L (U + diag(sign * exp(log_diagonal))): P and the signs stay, the triangles are learned.

    L has a diagonal of ones, U of zeros, so log |det W| = sum(log_diagonal), O(C).

    Attributes:
      lower: below the diagonal of L, [C, C].
      upper: above the diagonal of U, [C, C].
      log_diagonal: [C].

    References:
      Kingma & Dhariwal (2018), eq. 10 and 11.
    """

    def _start(self, matrix: np.ndarray) -> None:
        permutation, lower, upper = scipy.linalg.lu(matrix)
        diagonal = np.diag(upper)
        self.lower = self._weight(np.tril(lower, -1), "lower", trainable=True)
        self.upper = self._weight(np.triu(upper, 1), "upper", trainable=True)
        self.log_diagonal = self._weight(np.log(np.abs(diagonal)), "log_diagonal", trainable=True)
        self.permutation = self._weight(permutation, "permutation", trainable=False)
        self.sign = self._weight(np.sign(diagonal), "sign", trainable=False)

    def matrix(self) -> tf.Tensor:
        """P L U."""
        return tf.matmul(self.permutation.value, tf.matmul(self._lower(), self._upper()))

    def log_abs_det(self) -> tf.Tensor:
        """The sum of log |diagonal of U|."""
        return tf.reduce_sum(self.log_diagonal.value)

    def solve(self, columns: tf.Tensor) -> tf.Tensor:
        """By two triangular solves."""
        columns = tf.matmul(self.permutation.value, columns, transpose_a=True)
        return tf.linalg.triangular_solve(
            self._upper(), tf.linalg.triangular_solve(self._lower(), columns, lower=True), lower=False
        )

    def _lower(self) -> tf.Tensor:
        strict = tf.linalg.band_part(self.lower.value, -1, 0)
        return tf.linalg.set_diag(strict, tf.ones_like(self.log_diagonal.value))

    def _upper(self) -> tf.Tensor:
        triangle = tf.linalg.band_part(self.upper.value, 0, -1)
        return tf.linalg.set_diag(triangle, self.sign.value * tf.exp(self.log_diagonal.value))

    def _weight(self, value: np.ndarray, name: str, *, trainable: bool) -> keras.Variable:
        return self.add_weight(
            shape=value.shape, initializer=_constant(value), trainable=trainable, aggregation="mean", name=name
        )


INVERTIBLE_CONVS: dict[str, type[InvertibleConv]] = {"plain": PlainInvertibleConv, "lu": LUInvertibleConv}


def invertible_conv(kind: str, event_shape: Sequence[int], *, name: str = "invertible_conv") -> InvertibleConv:
    """One by its name in `INVERTIBLE_CONVS`.

    Raises:
      ValueError: for an unknown kind, or a shape that is neither [D] nor [H, W, C].
    """
    require_choice("invertible_conv", kind, INVERTIBLE_CONVS)
    return INVERTIBLE_CONVS[kind](event_shape, name=name)


def _constant(value: np.ndarray) -> Callable[..., tf.Tensor]:
    def initializer(shape: Sequence[int], dtype: str) -> tf.Tensor:
        del shape
        return tf.constant(value, dtype)

    return initializer
