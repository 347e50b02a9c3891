"""A network from words and their spelling to the logits of a tag each: convolutions over bytes, then over words."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from tfdgm.core.validation import require_at_least, require_between
from tfdgm.math.tokens import PADDING, rows_of

_NUM_BYTE_VALUES = 256
_BYTE_WINDOW = 3  # bytes in a window of spelling


class WordTagger(keras.layers.Layer):
    """Logits [B, L, K] of words, each by its vector, by its spelling and by its neighbours'.

    A word's spelling is the maximum over windows of three bytes, as in Ma & Hovy (2016), section 2.1; words then see
    their neighbours through stages of convolution, whose window may stick out at either end of a sentence.

    Attributes:
      num_dropout_units: uniforms that one word's dropout takes; 0 without dropout.
    """

    def __init__(
        self,
        vocabulary: Sequence[str],
        num_classes: int,
        *,
        embedding_size: int = 64,
        num_byte_filters: int = 32,
        num_filters: Sequence[int] = (128, 128),
        window: int = 3,
        dropout_rate: float = 0.5,
        name: str,
    ) -> None:
        """Builds all layers.

        Args:
          vocabulary: the words; index 0 is padding.
          num_classes: K.
          embedding_size: dimensions of a word's vector.
          num_byte_filters: of spelling.
          num_filters: of each stage over words.
          window: words that a stage sees at once, odd.
          dropout_rate: probability of a feature to be dropped in training, before the first stage and the last layer.
          name: of the network, and the start of its variables' paths.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        super().__init__(name=name)
        require_at_least(1, embedding_size=embedding_size, num_byte_filters=num_byte_filters)
        require_at_least(1, num_filters=min(num_filters, default=0))
        require_between(0.0, 0.95, dropout_rate=dropout_rate)
        if window < 1 or window % 2 == 0:
            raise ValueError(f"window is {window}; it must be odd, a word and as many before it as behind it")
        self.dropout_rate = dropout_rate
        uniform = keras.initializers.RandomUniform(-0.25, 0.25)
        self.embeddings = self.add_weight((len(vocabulary), embedding_size), uniform, name="embeddings")
        self.bytes = self.add_weight((_NUM_BYTE_VALUES, num_byte_filters), uniform, name="bytes")
        self.spelling = keras.layers.Conv1D(num_byte_filters, _BYTE_WINDOW, activation="relu", name="spelling")
        self.spelling.build((None, None, num_byte_filters))
        sizes = [embedding_size + num_byte_filters, *num_filters]
        self.stages = [
            keras.layers.Conv1D(size, window, padding="same", activation="relu", name=f"stage_{index}")
            for index, size in enumerate(num_filters)
        ]
        for stage, size in zip(self.stages, sizes, strict=False):
            stage.build((None, None, size))
        self.outputs = keras.layers.Dense(num_classes, name="outputs")
        self.outputs.build((None, None, sizes[-1]))
        self._dropped = (sizes[0], sizes[-1])
        self.num_dropout_units = sum(self._dropped) if dropout_rate else 0
        self.built = True

    def call(self, x: tf.Tensor, noise: tf.Tensor | None = None) -> tf.Tensor:
        """Logits [B, L, K].

        Args:
          x: int [B, L, 1 + C], a word's index and its bytes.
          noise: uniforms [B, L, num_dropout_units] in [0, 1) of dropout; None: none is dropped.
        """
        words, spelling = x[:, :, 0], x[:, :, 1:]
        is_word = tf.cast(words != PADDING, self.compute_dtype)[:, :, tf.newaxis]
        noises = tf.split(noise, self._dropped, axis=2) if noise is not None else (None, None)
        vectors = rows_of(tf.cast(self.embeddings, self.compute_dtype), words)
        h = tf.concat([vectors, self._spelled(spelling)], axis=2) * is_word
        h = self._dropout(h, noises[0])
        for stage in self.stages:
            h = stage(h) * is_word  # what is behind a sentence's end says nothing
        return self.outputs(self._dropout(h, noises[1]))

    def _spelled(self, spelling: tf.Tensor) -> tf.Tensor:
        """Bytes [B, L, C] to features [B, L, F]."""
        shape, num_bytes = tf.shape(spelling), spelling.shape[2]
        flat = tf.reshape(spelling, [-1, num_bytes])
        is_byte = tf.cast(flat != PADDING, self.compute_dtype)[:, :, tf.newaxis]
        vectors = rows_of(tf.cast(self.bytes, self.compute_dtype), flat) * is_byte
        windows = tf.pad(vectors, [[0, 0], [_BYTE_WINDOW - 1, _BYTE_WINDOW - 1], [0, 0]])
        features = tf.reduce_max(self.spelling(windows), axis=1)
        return tf.reshape(features, [shape[0], shape[1], features.shape[-1]])

    def _dropout(self, h: tf.Tensor, noise: tf.Tensor | None) -> tf.Tensor:
        if noise is None:
            return h
        return h * tf.cast(noise >= self.dropout_rate, h.dtype) / (1.0 - self.dropout_rate)
