"""Reads data sets of vectors from TFDS's files, many examples at a time."""

import tensorflow as tf
import tensorflow_datasets as tfds

_CHUNK = 10_000  # examples parsed at a time


def read_vectors(builder: tfds.core.DatasetBuilder, instruction: str) -> dict[str, tf.Tensor]:
    """One split, or part of one, in TFDS's order: a million vectors take seconds, example by example they take minutes.

    Args:
      builder: of a prepared `VectorArrayBuilder`.
      instruction: as TFDS has them: `train`, `train[100:]`.

    Returns:
      `x` float32 [N, D] and, where the set has labels, `label` int32 [N].
    """
    features = {"vector": tf.io.FixedLenFeature(builder.info.features["vector"].shape, tf.float32)}
    if "label" in builder.info.features:
        features["label"] = tf.io.FixedLenFeature([], tf.int64)
    parts = []
    for file in builder.info.splits[instruction].file_instructions:
        records = tf.data.TFRecordDataset(file.filename).skip(file.skip).take(file.take).batch(_CHUNK)
        parts += list(records.map(lambda serialized: tf.io.parse_example(serialized, features)))
    arrays = {name: tf.concat([part[name] for part in parts], axis=0) for name in features}
    label = {"label": tf.cast(arrays["label"], tf.int32)} if "label" in arrays else {}
    return {"x": arrays["vector"], **label}
