"""Texts as rows of token indices, and the vocabulary of the training split that they index."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from tfdgm.core.types import DataSpec
from tfdgm.data.source import Data, MemorySplit
from tfdgm.networks.text import text_vectorization, words_and_spelling

_NUM_BYTES = 16  # of a word's spelling

Texts = tuple[list[str], Any]


def read_texts(builder: tfds.core.DatasetBuilder, instructions: Mapping[str, str], length: int = 0) -> Data:
    """The splits of a data set of texts, whose spec has the vocabulary.

    Args:
      builder: of a prepared `TextArrayBuilder` or `TaggedTextArrayBuilder`.
      instructions: what TFDS is asked for, by split; the vocabulary is that of `train`, the most frequent word first.
      length: words kept of a text; 0: as many as the longest of `train` has, or, where they are tagged, the longest.

    Returns:
      `x` int32 [N, length], 0 behind the end of a text, and `label` int32 [N]. Of tagged texts `x` int32
      [N, length, 17], a word's index and the first 16 bytes of its spelling, and `label` int32 [N, length], -1 behind
      the end.
    """
    found = {name: _read(builder, instruction) for name, instruction in instructions.items()}
    label_feature = builder.info.features["label"]
    is_tagged = isinstance(label_feature, tfds.features.Sequence)
    considered = found if is_tagged else {"train": found["train"]}  # no tag is lost
    length = length or max(len(text.split()) for texts, _ in considered.values() for text in texts)
    vectorization = text_vectorization(length)
    vectorization.adapt(found["train"][0])
    class_names = tuple((label_feature.feature if is_tagged else label_feature).names)

    def arrays(texts: list[str], labels: Any) -> dict[str, Any]:
        if is_tagged:
            x = words_and_spelling(tf.constant(texts), vectorization, length, _NUM_BYTES)
            return {"x": x, "label": _padded(labels, length)}
        return {"x": tf.cast(vectorization(texts), tf.int32), "label": labels.astype(np.int32)}

    spec = DataSpec(
        (length, 1 + _NUM_BYTES) if is_tagged else (length,),
        "int32",
        "tokens",
        num_levels=0,
        num_classes=len(class_names),
        class_names=class_names,
        vocabulary=tuple(map(str, vectorization.get_vocabulary())),
    )
    return Data(spec, {name: MemorySplit(arrays(*split)) for name, split in found.items()}, num_levels=0)


def _read(builder: tfds.core.DatasetBuilder, instruction: str) -> Texts:
    # One file after the other: the order is that of random access, whatever the number of shards.
    read_config = tfds.ReadConfig(interleave_cycle_length=1, add_tfds_id=False)
    examples = list(tfds.as_numpy(builder.as_dataset(split=instruction, shuffle_files=False, read_config=read_config)))
    labels = [example["label"] for example in examples]
    is_tagged = np.ndim(labels[0]) > 0
    return [example["text"].decode("utf-8") for example in examples], labels if is_tagged else np.array(labels)


def _padded(labels: list[np.ndarray], length: int) -> np.ndarray:
    padded = np.full((len(labels), length), -1, np.int32)
    for row, label in zip(padded, labels, strict=True):
        row[: len(label)] = label[:length]
    return padded
