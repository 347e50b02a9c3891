"""A training split of which few labels are shown, the same number of each class, and where they stand."""

import dataclasses

import numpy as np
import tensorflow as tf

from tfdgm.data.source import Data, MemorySplit


def with_few_labels(data: Data, num_labels: int) -> Data:
    """`data` with all but the first labels of each class, in the order of the split, replaced by -1.

    Args:
      data: its training split is in memory and has labels.
      num_labels: kept in all; classes share them, the first ones having one more where they can't do so evenly.

    Raises:
      ValueError: for a split that is read from disk or has no labels, or has fewer of a class than it should keep.
    """
    split, num_classes = data.splits["train"], data.spec.num_classes
    if not isinstance(split, MemorySplit) or not num_classes:
        state = "no labels" if not num_classes else "a training split that is read from disk, example by example"
        raise ValueError(f"data.num_labels is {num_labels}, but the data set has {state}; leave it 0")
    if num_labels < num_classes:
        raise ValueError(f"data.num_labels is {num_labels}; {num_classes} classes need one label each at least")
    arrays = split.gather(tf.range(split.num_examples, dtype=tf.int64))
    label = arrays["label"].numpy()
    shares = [len(part) for part in np.array_split(np.arange(num_labels), num_classes)]
    kept = []
    for index, share in enumerate(shares):
        (places,) = np.nonzero(label == index)
        if len(places) < share:
            raise ValueError(
                f"data.num_labels is {num_labels}, {share} of class {index}, of which the training split has "
                f"{len(places)}"
            )
        kept.append(places[:share])
    labeled = np.sort(np.concatenate(kept)).astype(np.int64)
    few = np.full_like(label, -1)
    few[labeled] = label[labeled]
    splits = {**data.splits, "train": MemorySplit({**arrays, "label": few})}
    return dataclasses.replace(data, splits=splits, labeled=labeled)
