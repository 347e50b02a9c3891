"""The bases of builders that have all examples as arrays."""

import abc
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds

LabelledImages = tuple[np.ndarray, np.ndarray | None]
"""Images uint8 [N, H, W, C], and labels int [N] where there are any."""

LabelledVectors = tuple[np.ndarray, np.ndarray | None]
"""Vectors float [N, D], and labels int [N] where there are any."""

LabelledTexts = tuple[list[str], Any]
"""Texts, words apart by white space, and labels int [N]; of tagged ones a list of labels a text, one a word."""


class ArrayBuilder(tfds.core.GeneratorBasedBuilder, abc.ABC, skip_registration=True):
    """A TFDS builder whose subclass states shape and classes and has all splits at once.

    Attributes:
      FEATURE: name of an example's array: `image`, `vector` or `text`.
      SHAPE: of every example; texts have none.
      CLASSES: class names in the order of the labels; empty where there are no labels.
      HOMEPAGE: where the data come from.
    """

    FEATURE: ClassVar[str]
    SHAPE: ClassVar[tuple[int, ...]] = ()
    CLASSES: ClassVar[tuple[str, ...]] = ()
    HOMEPAGE: ClassVar[str] = ""
    MANUAL_DOWNLOAD_INSTRUCTIONS = "tfdgm.data.catalog lists the raw files that belong into the manual folder."

    @abc.abstractmethod
    def feature(self) -> tfds.features.FeatureConnector:
        """How TFDS keeps one example's array."""

    def label_feature(self) -> tfds.features.FeatureConnector:
        """How TFDS keeps a label."""
        return tfds.features.ClassLabel(names=self.CLASSES)

    @abc.abstractmethod
    def read(self, dl_manager: tfds.download.DownloadManager) -> dict[str, tuple[Any, Any]]:
        """Examples, and labels or None, by name of the split; raw files are in `dl_manager.manual_dir`."""

    def _info(self) -> tfds.core.DatasetInfo:
        features = {self.FEATURE: self.feature()}
        if self.CLASSES:
            features["label"] = self.label_feature()
        return tfds.core.DatasetInfo(
            builder=self,
            description=type(self).__doc__,
            features=tfds.features.FeaturesDict(features),
            homepage=self.HOMEPAGE,
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        return {name: self._generate_examples(*arrays) for name, arrays in self.read(dl_manager).items()}

    def _generate_examples(self, arrays: Any, labels: Any) -> Iterator[tuple[int, dict[str, Any]]]:
        for index, array in enumerate(arrays):
            label = {} if labels is None else {"label": np.asarray(labels[index]).tolist()}
            yield index, {self.FEATURE: array, **label}


class ImageArrayBuilder(ArrayBuilder, skip_registration=True):
    """Images [H, W, C]; `read` gives `LabelledImages`."""

    FEATURE = "image"

    def feature(self) -> tfds.features.FeatureConnector:
        """PNG, which loses nothing."""
        return tfds.features.Image(shape=self.SHAPE, encoding_format="png")


class VectorArrayBuilder(ArrayBuilder, skip_registration=True):
    """Vectors [D] of real values, on the scale that models are to see; `read` gives `LabelledVectors`."""

    FEATURE = "vector"

    def feature(self) -> tfds.features.FeatureConnector:
        """Float32."""
        return tfds.features.Tensor(shape=self.SHAPE, dtype=np.float32)


class TextArrayBuilder(ArrayBuilder, skip_registration=True):
    """Texts of any length; `read` gives `LabelledTexts`."""

    FEATURE = "text"

    def feature(self) -> tfds.features.FeatureConnector:
        """UTF-8."""
        return tfds.features.Text()


class TaggedTextArrayBuilder(TextArrayBuilder, skip_registration=True):
    """Texts with a label a word."""

    def label_feature(self) -> tfds.features.FeatureConnector:
        """As many as there are words."""
        return tfds.features.Sequence(tfds.features.ClassLabel(names=self.CLASSES))
