"""From strings to rows of token indices."""

from collections.abc import Sequence

import keras

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
