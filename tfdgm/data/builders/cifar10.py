"""Builders over partial copies of CIFAR-10, for where TFDS's own, which wants the whole archive, can't be built."""

import gzip
import pathlib
import tarfile

import numpy as np
import PIL.Image
import tensorflow_datasets as tfds

from tfdgm.data.builders.arrays import ImageArrayBuilder, LabelledImages
from tfdgm.data.builders.stratified import stratified_split

_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_HOMEPAGE = "https://www.cs.toronto.edu/~kriz/cifar.html"


class Cifar10Subset(ImageArrayBuilder, skip_registration=True):
    """The first 4,000 training images of CIFAR-10, exact; colour, 32x32.

    Split here into 3,200 train, 400 validation and 400 test with the classes in proportion. Its figures are not
    those of CIFAR-10.

    References:
      Krizhevsky (2009), Learning multiple layers of features from tiny images.
    """

    VERSION = tfds.core.Version("1.0.0")
    SHAPE = (32, 32, 3)
    CLASSES = _CLASSES
    HOMEPAGE = _HOMEPAGE

    def read(self, dl_manager: tfds.download.DownloadManager) -> dict[str, LabelledImages]:
        """The three splits, from records of one label byte and three planes of colour."""
        with gzip.open(dl_manager.manual_dir / "data_batch_1_first4000.bin.gz") as file:
            records = np.frombuffer(file.read(), np.uint8).reshape(-1, 1 + 3 * 32 * 32)
        images = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        labels = records[:, 0]
        parts = stratified_split(labels, {"validation": 400, "test": 400})
        return {name: (images[rows], labels[rows]) for name, rows in parts.items()}


class Cifar10Jpeg(ImageArrayBuilder, skip_registration=True):
    """All 50,000 training and 10,000 test images of CIFAR-10 as lossy JPEG; colour, 32x32.

    For samplers and classifiers. Likelihoods on these pixels are not those of CIFAR-10.

    References:
      Krizhevsky (2009), Learning multiple layers of features from tiny images.
    """

    VERSION = tfds.core.Version("1.0.0")
    SHAPE = (32, 32, 3)
    CLASSES = _CLASSES
    HOMEPAGE = _HOMEPAGE

    def read(self, dl_manager: tfds.download.DownloadManager) -> dict[str, LabelledImages]:
        """Train and test; members of the archive are `<split>/<class>/<number>.jpg`."""
        examples = {"train": ([], []), "test": ([], [])}
        with tarfile.open(dl_manager.manual_dir / "cifar10_jpeg_q75.tar.gz") as archive:
            for member in archive:
                if member.isfile():
                    split, label, _ = pathlib.PurePosixPath(member.name).parts
                    examples[split][0].append(np.asarray(PIL.Image.open(archive.extractfile(member)).convert("RGB")))
                    examples[split][1].append(_CLASSES.index(label))
        return {split: (np.stack(images), np.asarray(labels)) for split, (images, labels) in examples.items()}
