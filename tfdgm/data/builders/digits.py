"""The embedded data set: scikit-learn's 8x8 handwritten digits, which need no download."""

import sklearn.datasets
import tensorflow_datasets as tfds

from tfdgm.data.builders.arrays import ImageArrayBuilder, LabelledImages
from tfdgm.data.builders.stratified import stratified_split


class Digits(ImageArrayBuilder, skip_registration=True):
    """1,797 real handwritten digits, 8x8, grey levels 0 to 16, labels 0 to 9.

    The set has no split of its own. Here: 1,297 train, 250 validation, 250 test, each with the classes in
    proportion, by `stratified_split`.

    References:
      Alpaydin & Kaynak (1998), Optical recognition of handwritten digits. UCI machine learning repository.
    """

    VERSION = tfds.core.Version("1.0.0")
    SHAPE = (8, 8, 1)
    CLASSES = tuple("0123456789")
    HOMEPAGE = "https://archive.ics.uci.edu/dataset/80"

    def read(self, dl_manager: tfds.download.DownloadManager) -> dict[str, LabelledImages]:
        """The three splits, from the copy inside scikit-learn."""
        del dl_manager
        digits = sklearn.datasets.load_digits()
        images = digits.images.astype("uint8")[..., None]
        parts = stratified_split(digits.target, {"validation": 250, "test": 250})
        return {name: (images[rows], digits.target[rows]) for name, rows in parts.items()}
