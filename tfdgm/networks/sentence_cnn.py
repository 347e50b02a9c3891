"""The convolutional sentence classifier of Kim (2014): windows of words, the maximum over time, a linear layer."""

import pathlib
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from tfdgm.core.validation import require_at_least, require_between
from tfdgm.math.tokens import PADDING, rows_of


class SentenceCNN(keras.layers.Layer):
    """Logits of token rows: f(x) = [max over t of relu(W_h x_{t:t+h} + b_h), all widths h], logits = V dropout(f) + c.

    Attributes:
      num_features: D of `features`: filters of all widths together.
      num_dropout_units: uniforms that one example's dropout takes; 0 without dropout.

    References:
      Kim (2014), Convolutional neural networks for sentence classification, eq. 1-5; random vectors are his CNN-rand.
    """

    def __init__(
        self,
        vocabulary: Sequence[str],
        num_classes: int,
        *,
        embedding_size: int = 300,
        filter_widths: Sequence[int] = (3, 4, 5),
        num_filters: int = 100,
        dropout_rate: float = 0.5,
        max_norm: float = 3.0,
        vectors_file: str = "",
        name: str,
    ) -> None:
        """Builds all layers.

        Args:
          vocabulary: the tokens; index 0 is padding.
          num_classes: K.
          embedding_size: dimensions of a word's vector.
          filter_widths: words in a window of each group of filters.
          num_filters: of each width.
          dropout_rate: probability of a feature to be dropped in training.
          max_norm: bound on the norm of a class's weights (section 2.1); 0 is none.
          vectors_file: text file of pretrained vectors, a word and its numbers a line; words that are not in it, and
            all where it is empty, begin uniform on (-0.25, 0.25), as in the author's code.
          name: of the network, and the start of its variables' paths.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        super().__init__(name=name)
        if not vocabulary:
            raise ValueError("vocabulary is empty; a sentence network needs data of domain 'tokens'")
        if not filter_widths:
            raise ValueError("filter_widths is (); the network needs the words of at least one window")
        require_at_least(1, embedding_size=embedding_size, num_filters=num_filters, filter_widths=min(filter_widths))
        require_at_least(0.0, max_norm=max_norm)
        require_between(0.0, 0.95, dropout_rate=dropout_rate)
        self.dropout_rate = dropout_rate
        self.embeddings = self.add_weight(
            (len(vocabulary), embedding_size), keras.initializers.RandomUniform(-0.25, 0.25), name="embeddings"
        )
        if vectors_file:
            self.embeddings.assign(with_vectors_of(vectors_file, vocabulary, self.embeddings.numpy()))
        self._widest = max(filter_widths)
        self.convolutions = [
            keras.layers.Conv1D(num_filters, width, activation="relu", name=f"windows_of_{width}")
            for width in filter_widths
        ]
        for convolution in self.convolutions:
            convolution.build((None, None, embedding_size))
        self.num_features = num_filters * len(filter_widths)
        bound = keras.constraints.MaxNorm(max_norm, axis=0) if max_norm else None
        self.outputs = keras.layers.Dense(num_classes, kernel_constraint=bound, name="outputs")
        self.outputs.build((None, self.num_features))
        self.num_dropout_units = self.num_features if dropout_rate else 0
        self.built = True

    def features(self, tokens: tf.Tensor) -> tf.Tensor:
        """f(x), int [B, L] to [B, D]; it does not depend on how much padding there is."""
        ends = tf.where(tokens != PADDING, tf.range(1, tf.shape(tokens)[1] + 1), 0)
        tokens = tokens[:, : tf.maximum(tf.reduce_max(ends), 1)]  # what follows is padding in all rows
        is_word = tf.cast(tokens != PADDING, self.compute_dtype)[:, :, tf.newaxis]
        words = rows_of(tf.cast(self.embeddings, self.compute_dtype), tokens) * is_word
        # A window may stick out at either end, so that each word is at each of its places.
        margin = self._widest - 1
        words = tf.pad(words, [[0, 0], [margin, margin], [0, 0]])
        return tf.concat([tf.reduce_max(layer(words), axis=1) for layer in self.convolutions], axis=1)

    def call(self, tokens: tf.Tensor, noise: tf.Tensor | None = None) -> tf.Tensor:
        """Logits [B, K].

        Args:
          tokens: int [B, L].
          noise: uniforms [B, num_dropout_units] in [0, 1) of dropout; None: none is dropped.
        """
        features = self.features(tokens)
        if noise is not None:
            kept = tf.cast(noise >= self.dropout_rate, features.dtype)
            features = features * kept / (1.0 - self.dropout_rate)
        return self.outputs(features)


def with_vectors_of(path: str, vocabulary: Sequence[str], vectors: np.ndarray) -> np.ndarray:
    """`vectors` [V, D] with the rows of words in a file replaced by the file's.

    Args:
      path: a word and D numbers a line, apart by spaces; a first line of two numbers (word2vec's) is passed over.
      vocabulary: the V words.
      vectors: [V, D].

    Raises:
      ValueError: where there is no such file, a line has not D numbers, or no word is of the vocabulary.
    """
    if not pathlib.Path(path).is_file():
        raise ValueError(f"vectors_file is {path!r}, which is no file; empty begins with random vectors")
    places = {word: index for index, word in enumerate(vocabulary)}
    vectors, size, num_found = vectors.copy(), vectors.shape[1], 0
    with pathlib.Path(path).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            word, *values = line.rstrip().split(" ")
            if number == 1 and len(values) == 1:
                continue
            if len(values) != size:
                raise ValueError(
                    f"vectors_file {path!r} has {len(values)} numbers in line {number}; embedding_size is {size}"
                )
            if word in places:
                vectors[places[word]] = np.asarray(values, np.float64)
                num_found += 1
    if not num_found:
        raise ValueError(f"vectors_file {path!r} has none of the {len(vocabulary):,} words of the vocabulary")
    return vectors
