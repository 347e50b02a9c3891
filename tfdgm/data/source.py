"""Splits with random access, in memory or on disk, and the data set that they make up."""

import dataclasses
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from tfdgm.core.types import DataSpec
from tfdgm.data.images import cropped
from tfdgm.data.scaling import BINARIZATIONS


class Split(Protocol):
    """Examples that can be had by index.

    Attributes:
      num_examples: number of examples.
    """

    num_examples: int

    def gather(self, indices: tf.Tensor) -> dict[str, tf.Tensor]:
        """Examples by index, also inside `tf.data` and graphs.

        Args:
          indices: int64 [B], values 0 to num_examples - 1.

        Returns:
          `x`: raw values [B, ...]; `label`: int32 [B], where there are labels.
        """


class MemorySplit:
    """A split held in memory as one array an entry.

    The arrays are captured by the input functions that use them: they are shared, never copied into a graph.
    """

    def __init__(self, arrays: dict[str, Any]) -> None:
        """Takes `x` [N, ...] and, where there are labels, `label` [N]."""
        with tf.device("CPU"):
            self._arrays = {name: tf.convert_to_tensor(array) for name, array in arrays.items()}
        self.num_examples = int(self._arrays["x"].shape[0])

    def gather(self, indices: tf.Tensor) -> dict[str, tf.Tensor]:
        """See `Split`."""
        return {name: tf.gather(array, indices) for name, array in self._arrays.items()}


class RecordSplit:
    """A split read from disk by TFDS random access, for data that do not fit into memory."""

    def __init__(self, source: Sequence[dict[str, Any]], shape: tuple[int, ...], has_labels: bool) -> None:
        """Takes a TFDS data source of `image` uint8 [H, W, C], cropped to `shape`, and, if `has_labels`, `label`."""
        self._source = source
        self._shape = shape
        self._has_labels = has_labels
        self.num_examples = len(source)

    def gather(self, indices: tf.Tensor) -> dict[str, tf.Tensor]:
        """See `Split`."""
        x, label = tf.numpy_function(self._read, [indices], [tf.uint8, tf.int32], stateful=False)
        x = tf.ensure_shape(x, [indices.shape[0], *self._shape])
        return {"x": x, "label": tf.ensure_shape(label, indices.shape)} if self._has_labels else {"x": x}

    def _read(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        records = self._source.__getitems__([int(index) for index in indices])
        images = [cropped(record["image"], self._shape) for record in records]
        images = np.stack(images) if images else np.zeros((0, *self._shape), np.uint8)
        labels = [record["label"] for record in records] if self._has_labels else np.zeros(len(records))
        return images, np.asarray(labels, np.int32)


@dataclasses.dataclass(frozen=True)
class Data:
    """A data set: what one example is, and its three splits.

    Attributes:
      spec: what the pipelines deliver.
      splits: exactly `train`, `validation` and `test`, which share no example.
      num_levels: raw values are 0 to num_levels - 1; 0: they are in the domain already.
      binarization: how raw levels become binary: see `tfdgm.data.scaling`.
      labeled: indices int64 [M] of the training examples whose label is shown; the others have -1. None: all are.
    """

    spec: DataSpec
    splits: dict[str, Split]
    num_levels: int = 256
    binarization: str = "dynamic"
    labeled: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Refuses an unknown binarization, and `none` for values that are not binary."""
        if self.binarization not in BINARIZATIONS:
            raise ValueError(f"binarization is {self.binarization!r}; it must be one of {', '.join(BINARIZATIONS)}")
        if self.spec.domain == "binary" and self.binarization == "none" and self.num_levels > 2:
            raise ValueError(
                f"binarization is 'none', but the data have {self.num_levels} levels; domain 'binary' needs "
                "'dynamic' or 'threshold'"
            )

    @classmethod
    def from_arrays(
        cls,
        x_train: np.ndarray,
        x_validation: np.ndarray | None = None,
        x_test: np.ndarray | None = None,
        *,
        spec: DataSpec,
        label_train: np.ndarray | None = None,
        label_validation: np.ndarray | None = None,
        label_test: np.ndarray | None = None,
        num_levels: int = 0,
        binarization: str = "dynamic",
    ) -> "Data":
        """A data set of your own arrays.

        Args:
          x_train: [N, *spec.shape]; raw whole numbers if `num_levels`, else values in `spec.domain`.
          x_validation: likewise; None is an empty split.
          x_test: likewise.
          spec: what the pipelines deliver.
          label_train: int [N], values 0 to `spec.num_classes` - 1; None: no labels.
          label_validation: likewise.
          label_test: likewise.
          num_levels: number of raw levels; 0: the values are in the domain already.
          binarization: `dynamic`, `threshold` or `none`.

        Raises:
          ValueError: an array does not agree with the spec.
        """
        x_train = np.asarray(x_train)
        no_x, no_label = x_train[:0], np.zeros(0, np.int32) if spec.num_classes else None
        arrays = {
            "train": (x_train, label_train),
            "validation": (no_x, no_label) if x_validation is None else (x_validation, label_validation),
            "test": (no_x, no_label) if x_test is None else (x_test, label_test),
        }
        splits = {name: MemorySplit(_checked(name, x, y, spec, num_levels)) for name, (x, y) in arrays.items()}
        return cls(spec, splits, num_levels, binarization)


def _checked(
    name: str, x: np.ndarray, label: np.ndarray | None, spec: DataSpec, num_levels: int
) -> dict[str, np.ndarray]:
    x = np.asarray(x)
    if x.shape[1:] != spec.shape:
        raise ValueError(f"x_{name} has shape {x.shape}; spec.shape wants (N, {', '.join(map(str, spec.shape))})")
    if num_levels and (not np.issubdtype(x.dtype, np.integer) or (x.size and not 0 <= x.min() <= x.max() < num_levels)):
        raise ValueError(f"x_{name} must hold whole numbers from 0 to num_levels - 1 = {num_levels - 1}")
    if (label is not None) != bool(spec.num_classes):
        state = "missing" if label is None else "given"
        raise ValueError(f"label_{name} is {state}, but spec.num_classes is {spec.num_classes}")
    if label is None:
        return {"x": x}
    label = np.asarray(label)
    if label.shape != x.shape[:1] or (label.size and not 0 <= label.min() <= label.max() < spec.num_classes):
        raise ValueError(f"label_{name} must be {len(x)} whole numbers from 0 to {spec.num_classes - 1}")
    return {"x": x, "label": label.astype(np.int32)}
