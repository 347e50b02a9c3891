"""Rows of token indices: 0 behind the end of a text, 1 for a token that the vocabulary has not."""

import tensorflow as tf

PADDING, UNKNOWN = 0, 1


def clause_after(tokens: tf.Tensor, token: int) -> tuple[tf.Tensor, tf.Tensor]:
    """What stands behind the first occurrence of a token that has something before it.

    Args:
      tokens: int [B, L].
      token: the index that divides; below 0: none does.

    Returns:
      Whether there is such a clause with something in it, bool [B], and the clause, int [B, L], nothing but padding
      where there is none.
    """
    length = tf.shape(tokens)[1]
    place = tf.range(length)[tf.newaxis]
    divides = (tokens == token) & (place > 0)
    first = tf.argmax(divides, axis=1, output_type=tf.int32)[:, tf.newaxis]
    source = first + 1 + place
    behind = tf.gather(tokens, tf.minimum(source, length - 1), batch_dims=1)
    is_there = (source < length) & tf.reduce_any(divides, axis=1, keepdims=True)
    clause = tf.where(is_there, behind, tf.zeros_like(behind))
    return tf.reduce_any(clause != PADDING, axis=1), clause


@tf.custom_gradient
def rows_of(table: tf.Tensor, indices: tf.Tensor) -> tuple[tf.Tensor, object]:
    """Rows of a table [V, D] by index, [..., D]; its gradient is a plain tensor, which all optimizers can take."""

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, None]:
        flat = tf.reshape(upstream, [-1, table.shape[1]])
        return tf.math.unsorted_segment_sum(flat, tf.reshape(indices, [-1]), table.shape[0]), None

    return tf.gather(table, indices), gradient
