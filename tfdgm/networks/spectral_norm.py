"""Layers whose kernel is divided by its spectral norm, found by power iteration (Miyato et al. 2018).

    W_SN = W / sigma,   sigma = u' W v,   v <- W' u / |W' u|,   u <- W v / |W v|   once a training call (algorithm 1)

u and v are constants to the gradient, sigma is not: dL/dW = (dL/dW_SN - <dL/dW_SN, W_SN> u v') / sigma (eq. 12, whose
second term a layer that overwrites its kernel lacks).
"""

from typing import Any

import keras
import tensorflow as tf

from tfdgm.networks.kernels import finished


class _SpectralKernel(keras.layers.Layer):
    """What both layers share: u, [outputs], which training calls move, and the normalised kernel."""

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Keras's, and u."""
        super().build(input_shape)
        normal = keras.initializers.RandomNormal(stddev=1.0)
        # The same on all replicas, since the kernel is.
        self.left_vector = self.add_weight(
            shape=(self.kernel.shape[-1],),
            initializer=normal,
            trainable=False,
            aggregation="only_first_replica",
            name="left_vector",
        )

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """All variables: what Dense and Conv2D have for it knows of kernel and bias alone."""
        keras.layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store: dict[str, Any]) -> None:
        """Likewise."""
        keras.layers.Layer.load_own_variables(self, store)

    def largest_singular_value(self) -> tf.Tensor:
        """sigma as the power iteration has it so far, a scalar: |W u|."""
        kernel = tf.convert_to_tensor(self.kernel.value)
        u = tf.math.l2_normalize(tf.convert_to_tensor(self.left_vector.value), epsilon=1e-24)
        return tf.norm(tf.linalg.matvec(tf.reshape(kernel, [-1, kernel.shape[-1]]), u))

    def singular_values(self, num: int) -> tf.Tensor:
        """The largest `num` of the kernel, or all where it has fewer, from the largest down."""
        kernel = tf.convert_to_tensor(self.kernel.value)
        matrix = tf.reshape(kernel, [-1, kernel.shape[-1]])
        is_wide = matrix.shape[0] < matrix.shape[1]
        # The eigenvalues of the smaller product are the squares.
        squares = tf.linalg.eigvalsh(tf.matmul(matrix, matrix, transpose_a=not is_wide, transpose_b=is_wide))
        return tf.sqrt(tf.maximum(squares[::-1][:num], 0.0))

    def normalized_kernel(self, training: bool = False) -> tf.Tensor:
        """W_SN, of the kernel's shape and the layer's compute dtype; a training call first moves u."""
        kernel = self.kernel.value  # the whole precision of the variable, whatever the layer computes in
        matrix = tf.reshape(kernel, [-1, kernel.shape[-1]])  # W' of the paper: [inputs, outputs]
        fixed, u = tf.stop_gradient(matrix), tf.convert_to_tensor(self.left_vector.value)
        v = tf.math.l2_normalize(tf.linalg.matvec(fixed, u), epsilon=1e-24)
        if training:
            u = tf.math.l2_normalize(tf.linalg.matvec(fixed, v, transpose_a=True), epsilon=1e-24)
            self.left_vector.assign(u)
        else:
            u = tf.math.l2_normalize(u, epsilon=1e-24)
        sigma = tf.tensordot(v, tf.linalg.matvec(matrix, u), 1)
        return tf.cast(kernel / sigma, self.compute_dtype)


class SpectralDense(_SpectralKernel, keras.layers.Dense):
    """Dense with spectral norm 1."""

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """[..., inputs] to [..., units]."""
        return finished(self, tf.matmul(inputs, self.normalized_kernel(training)))


class SpectralConv2D(_SpectralKernel, keras.layers.Conv2D):
    """Conv2D whose kernel, as a matrix [height * width * inputs, filters], has spectral norm 1."""

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """[B, H, W, C] to [B, H', W', filters]."""
        return finished(self, self.convolution_op(inputs, self.normalized_kernel(training)))


def spectral_layers(network: keras.layers.Layer) -> list[_SpectralKernel]:
    """All spectrally normalised layers of a network."""
    return [layer for layer in network._flatten_layers() if isinstance(layer, _SpectralKernel)]
