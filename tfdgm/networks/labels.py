"""Labels as inputs of a network: one-hot, behind what stands in the last axis already."""

import tensorflow as tf


def with_label(x: tf.Tensor, label: tf.Tensor, num_classes: int) -> tf.Tensor:
    """x [B, ..., C] and label [B] to [B, ..., C + num_classes], the label the same at every place (of an image).

    References:
      Mirza & Osindero (2014), Conditional generative adversarial nets.
    """
    one_hot = tf.one_hot(label, num_classes, dtype=x.dtype)
    maps = tf.reshape(one_hot, [-1, *[1] * (x.shape.rank - 2), num_classes])
    return tf.concat([x, tf.broadcast_to(maps, tf.concat([tf.shape(x)[:-1], [num_classes]], 0))], axis=-1)
