"""The base of builders whose raw files are read whole into arrays."""

import abc
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds

LabelledImages = tuple[np.ndarray, np.ndarray | None]
"""Images uint8 [N, H, W, C], and labels int [N] where there are any."""


class ImageArrayBuilder(tfds.core.GeneratorBasedBuilder, abc.ABC, skip_registration=True):
    """A TFDS builder whose subclass states shape and classes and reads all splits at once.

    Attributes:
      SHAPE: [H, W, C] of every image.
      CLASSES: class names in the order of the labels; empty where there are no labels.
      HOMEPAGE: where the data come from.
    """

    SHAPE: ClassVar[tuple[int, int, int]]
    CLASSES: ClassVar[tuple[str, ...]] = ()
    HOMEPAGE: ClassVar[str] = ""
    MANUAL_DOWNLOAD_INSTRUCTIONS = "tfdgm.data.catalog lists the raw files that belong into the manual folder."

    @abc.abstractmethod
    def read(self, dl_manager: tfds.download.DownloadManager) -> dict[str, LabelledImages]:
        """Images, and labels or None, by name of the split; raw files are in `dl_manager.manual_dir`."""

    def _info(self) -> tfds.core.DatasetInfo:
        features = {"image": tfds.features.Image(shape=self.SHAPE, encoding_format="png")}
        if self.CLASSES:
            features["label"] = tfds.features.ClassLabel(names=self.CLASSES)
        return tfds.core.DatasetInfo(
            builder=self,
            description=type(self).__doc__,
            features=tfds.features.FeaturesDict(features),
            homepage=self.HOMEPAGE,
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        return {name: self._generate_examples(*arrays) for name, arrays in self.read(dl_manager).items()}

    def _generate_examples(self, images: np.ndarray, labels: np.ndarray | None) -> Iterator[tuple[int, dict[str, Any]]]:
        for index, image in enumerate(images):
            yield index, {"image": image} if labels is None else {"image": image, "label": int(labels[index])}
