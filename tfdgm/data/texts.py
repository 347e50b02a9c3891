"""Texts as rows of token indices, and the vocabulary of the training split that they index."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from tfdgm.core.types import DataSpec
from tfdgm.data.source import Data, MemorySplit
from tfdgm.networks.text import text_vectorization


def read_texts(builder: tfds.core.DatasetBuilder, instructions: Mapping[str, str], length: int = 0) -> Data:
    """The splits of a data set of texts, whose spec has the vocabulary.

    Args:
      builder: of a prepared `TextArrayBuilder`.
      instructions: what TFDS is asked for, by split; the vocabulary is that of `train`, the most frequent token first.
      length: tokens kept of a text; 0: as many as the longest of `train` has.

    Returns:
      `x` int32 [N, length], 0 behind the end of a text, and `label` int32 [N].
    """
    found = {name: _read(builder, instruction) for name, instruction in instructions.items()}
    train_texts = found["train"][0]
    length = length or max(len(text.split()) for text in train_texts)
    vectorization = text_vectorization(length)
    vectorization.adapt(train_texts)
    vocabulary = tuple(map(str, vectorization.get_vocabulary()))
    class_names = tuple(builder.info.features["label"].names)
    spec = DataSpec(
        (length,),
        "int32",
        "tokens",
        num_levels=0,
        num_classes=len(class_names),
        class_names=class_names,
        vocabulary=vocabulary,
    )
    splits = {
        name: MemorySplit({"x": tf.cast(vectorization(texts), tf.int32), "label": labels})
        for name, (texts, labels) in found.items()
    }
    return Data(spec, splits, num_levels=0)


def _read(builder: tfds.core.DatasetBuilder, instruction: str) -> tuple[list[str], np.ndarray]:
    # One file after the other: the order is that of random access, whatever the number of shards.
    read_config = tfds.ReadConfig(interleave_cycle_length=1, add_tfds_id=False)
    dataset = builder.as_dataset(split=instruction, shuffle_files=False, read_config=read_config)
    examples = next(iter(dataset.batch(builder.info.splits[instruction].num_examples)))
    return [text.decode("utf-8") for text in examples["text"].numpy()], examples["label"].numpy().astype(np.int32)
