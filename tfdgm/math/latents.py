"""Paths between points of a standard normal latent space."""

from collections.abc import Callable

import tensorflow as tf


def great_circle(z_a: tf.Tensor, z_b: tf.Tensor, num_points: int) -> tf.Tensor:
    """Points from z_a to z_b, ends included: directions along the great circle, norms linearly.

    Args:
      z_a: [B, D].
      z_b: [B, D].
      num_points: at least 2.

    Returns:
      [B, num_points, D].

    References:
      White (2016), Sampling generative networks, section 2.1 (slerp).
    """
    t = tf.linspace(tf.zeros([], z_a.dtype), tf.ones([], z_a.dtype), num_points)[tf.newaxis, :, tf.newaxis]
    return point_on_great_circle(z_a[:, tf.newaxis], z_b[:, tf.newaxis], t)


def decoded_path(
    decode: Callable[[tf.Tensor], tf.Tensor], z_a: tf.Tensor, z_b: tf.Tensor, num_points: int
) -> tf.Tensor:
    """What a decoder makes of `great_circle`'s points, each as likely under the prior as the ends.

    Args:
      decode: [N, D] to [N, *event_shape].
      z_a: [B, D].
      z_b: [B, D].
      num_points: at least 2.

    Returns:
      [B, num_points, *event_shape].
    """
    decoded = decode(tf.reshape(great_circle(z_a, z_b, num_points), [-1, z_a.shape[-1]]))
    return tf.reshape(decoded, [-1, num_points, *decoded.shape[1:]])


def point_on_great_circle(z_a: tf.Tensor, z_b: tf.Tensor, t: tf.Tensor) -> tf.Tensor:
    """The points a fraction t [..., 1] of the way from z_a to z_b [..., D], as `great_circle` has them."""
    norm_a, norm_b = tf.norm(z_a, axis=-1, keepdims=True), tf.norm(z_b, axis=-1, keepdims=True)
    unit_a, unit_b = z_a / norm_a, z_b / norm_b
    cosine = tf.clip_by_value(tf.reduce_sum(unit_a * unit_b, -1, keepdims=True), -1.0, 1.0)
    angle = tf.acos(cosine)
    sine = tf.sin(angle)
    # Parallel ends have no arc: there the straight line is the limit.
    straight = sine < 1e-4
    safe = tf.where(straight, tf.ones_like(sine), sine)
    weight_a = tf.where(straight, 1.0 - t, tf.sin((1.0 - t) * angle) / safe)
    weight_b = tf.where(straight, t * tf.ones_like(sine), tf.sin(t * angle) / safe)
    return ((1.0 - t) * norm_a + t * norm_b) * (weight_a * unit_a + weight_b * unit_b)
