"""From strings to rows of token indices."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from tfdgm.math.tokens import UNKNOWN


def text_vectorization(length: int, vocabulary: Sequence[str] = ()) -> keras.layers.TextVectorization:
    """Keras's layer from strings [B] to indices int64 [B, length]: lower case, tokens apart by white space.

    Args:
      length: tokens kept of a text.
      vocabulary: as `DataSpec.vocabulary`, padding and the unknown first; empty: `adapt` learns it, the most frequent
        first.
    """
    return keras.layers.TextVectorization(
        standardize="lower",
        split="whitespace",
        output_sequence_length=length,
        vocabulary=list(vocabulary)[UNKNOWN + 1 :] if vocabulary else None,
        name="text",
    )


def spelled(text: tf.Tensor, length: int, num_bytes: int) -> tf.Tensor:
    """The first bytes of each word as it is written: strings [B] to int32 [B, length, num_bytes], 0 behind its end."""
    words = tf.strings.split(text).to_tensor("", shape=[None, length])
    return tf.cast(tf.io.decode_raw(words, tf.uint8, fixed_length=num_bytes), tf.int32)


def words_and_spelling(
    text: tf.Tensor, vectorization: keras.layers.TextVectorization, length: int, num_bytes: int
) -> tf.Tensor:
    """For each word its index and its bytes: strings [B] to int32 [B, length, 1 + num_bytes]."""
    words = tf.cast(vectorization(text), tf.int32)[:, :, tf.newaxis]
    return tf.concat([words, spelled(text, length, num_bytes)], axis=2)
