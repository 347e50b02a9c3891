"""Penalties on the gradient of a critic with respect to its input, per example. One table, `PENALTIES`.

A critic is a callable from x [B, *event_shape] to values [B] of which each depends on its own row alone: batch
normalisation couples rows, and then a row's gradient is not that of its own value. Under mixed precision the critic's
layers compute in 16 bits; x, the gradient, its norm and the penalty are in the precision of x, float32.
"""

from collections.abc import Callable, Sequence

import tensorflow as tf

Critic = Callable[[tf.Tensor], tf.Tensor]
Noise = Callable[[tuple[int, ...]], tf.Tensor]
"""From a shape to uniforms [B, *shape] in (0, 1)."""


def squared_gradient_norm(critic: Critic, x: tf.Tensor) -> tf.Tensor:
    """|grad_x critic(x)|^2: [B, *event_shape] to [B]."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        values = critic(x)
    gradient = tf.convert_to_tensor(tape.gradient(values, x))
    return tf.reduce_sum(tf.square(gradient), axis=tf.range(1, tf.rank(x)))


def two_sided(critic: Critic, x: tf.Tensor) -> tf.Tensor:
    """(|grad_x critic(x)| - 1)^2: [B, *event_shape] to [B].

    References:
      Gulrajani et al. (2017), Improved training of Wasserstein GANs, eq. 3.
    """
    return tf.square(_norm(critic, x) - 1.0)


def one_sided(critic: Critic, x: tf.Tensor) -> tf.Tensor:
    """max(0, |grad_x critic(x)| - 1)^2: [B, *event_shape] to [B]; slopes below 1 go free.

    References:
      Gulrajani et al. (2017), section 4; Petzka, Fischer & Lukovnikov (2018), On the regularization of Wasserstein
      GANs, eq. 8.
    """
    return tf.square(tf.nn.relu(_norm(critic, x) - 1.0))


def zero_centered(critic: Critic, x: tf.Tensor) -> tf.Tensor:
    """|grad_x critic(x)|^2 / 2: [B, *event_shape] to [B]; at real x it is R_1, with gamma as its weight.

    References:
      Mescheder, Geiger & Nowozin (2018), Which training methods for GANs do actually converge?, eq. 9.
    """
    return 0.5 * squared_gradient_norm(critic, x)


def between(real: tf.Tensor, fake: tf.Tensor, noise: Noise) -> tf.Tensor:
    """A point drawn on the line from each fake example to a real one, [B, *event_shape].

    References:
      Gulrajani et al. (2017), algorithm 1.
    """
    weight = noise((1,) * (real.shape.rank - 1))
    return weight * real + (1.0 - weight) * fake


def around(real: tf.Tensor, spread: tf.Tensor, noise: Noise) -> tf.Tensor:
    """x + spread u / 2 with u uniform in (0, 1), [B, *event_shape]; spread is the data's standard deviation, a scalar.

    References:
      Kodali et al. (2017), On convergence and stability of GANs, algorithm 1.
    """
    return real + 0.5 * spread * noise(tuple(int(size or 0) for size in real.shape[1:]))


def off_diagonal(kernels: Sequence[tf.Tensor]) -> tf.Tensor:
    """sum over kernels of |W W' * (1 - I)|_F^2, a scalar: filters W [outputs, inputs] orthogonal, of any length.

    Args:
      kernels: each [..., outputs], as Keras has them.

    References:
      Brock, Donahue & Simonyan (2019), Large scale GAN training, eq. 3.
    """

    def penalty(kernel: tf.Tensor) -> tf.Tensor:
        matrix = tf.reshape(kernel, [-1, kernel.shape[-1]])
        products = tf.matmul(matrix, matrix, transpose_a=True)
        return tf.reduce_sum(tf.square(tf.linalg.set_diag(products, tf.zeros_like(products[0]))))

    return tf.add_n([penalty(kernel) for kernel in kernels])


Penalty = Callable[[Critic, tf.Tensor, tf.Tensor, tf.Tensor, Noise], tf.Tensor]

# Each takes the critic, real and fake x [B, *event_shape], the data's standard deviation and noise; gives [B].
PENALTIES: dict[str, Penalty] = {
    "gradient": lambda critic, real, fake, spread, noise: two_sided(critic, between(real, fake, noise)),
    "one_sided_gradient": lambda critic, real, fake, spread, noise: one_sided(critic, between(real, fake, noise)),
    "r1": lambda critic, real, fake, spread, noise: zero_centered(critic, real),
    "dragan": lambda critic, real, fake, spread, noise: two_sided(critic, around(real, spread, noise)),
}


def _norm(critic: Critic, x: tf.Tensor) -> tf.Tensor:
    square = squared_gradient_norm(critic, x)
    # The root has no derivative at 0: there the penalty's own is taken to be 0.
    return tf.sqrt(tf.maximum(square, tf.constant(1e-30, square.dtype)))
