"""Builders over MATLAB files: Caltech 101 silhouettes, Frey faces, Olivetti faces."""

import numpy as np
import scipy.io
import tensorflow_datasets as tfds

from tfdgm.data.builders.arrays import ImageArrayBuilder, LabelledImages
from tfdgm.data.builders.stratified import stratified_split


class Caltech101Silhouettes(ImageArrayBuilder, skip_registration=True):
    """8,671 binary silhouettes, 28x28, of 101 classes of objects.

    Split here into 4,100 train, 2,264 validation and 2,307 test with the classes in proportion. These are the
    sizes of the published split, but not its members, which the raw file does not say: state so with any number.

    References:
      Marlin, Swersky, Chen & de Freitas (2010), Inductive principles for restricted Boltzmann machine learning.
    """

    VERSION = tfds.core.Version("1.0.0")
    SHAPE = (28, 28, 1)
    CLASSES = tuple(str(label) for label in range(101))
    HOMEPAGE = "https://people.cs.umass.edu/~marlin/data.shtml"

    def read(self, dl_manager: tfds.download.DownloadManager) -> dict[str, LabelledImages]:
        """The three splits; images are column-major in the file, labels start at 1."""
        raw = scipy.io.loadmat(dl_manager.manual_dir / "caltech101_silhouettes_28.mat")
        images = raw["X"].reshape(-1, 28, 28, 1).transpose(0, 2, 1, 3)
        labels = raw["Y"].ravel().astype(np.int64) - 1
        parts = stratified_split(labels, {"validation": 2264, "test": 2307})
        return {name: (images[rows], labels[rows]) for name, rows in parts.items()}


class FreyFaces(ImageArrayBuilder, skip_registration=True):
    """1,965 grey frames, 28x20, of a video of one face; no labels.

    Split at random into 1,565 train, 200 validation and 200 test, as is usual. Neighbouring frames are much
    alike, so test images have near twins in train: figures say little about generalisation.

    References:
      Roweis, Saul & Hinton (2002), Global coordination of local linear models.
    """

    VERSION = tfds.core.Version("1.0.0")
    SHAPE = (28, 20, 1)
    HOMEPAGE = "https://cs.nyu.edu/~roweis/data.html"

    def read(self, dl_manager: tfds.download.DownloadManager) -> dict[str, LabelledImages]:
        """The three splits."""
        images = scipy.io.loadmat(dl_manager.manual_dir / "frey_rawface.mat")["ff"].T.reshape(-1, 28, 20, 1)
        parts = stratified_split(np.zeros(len(images)), {"validation": 200, "test": 200})
        return {name: (images[rows], None) for name, rows in parts.items()}


class OlivettiFaces(ImageArrayBuilder, skip_registration=True):
    """400 grey faces, 64x64, of 40 people with 10 images each; the label is the person.

    Split into 320 train, 40 validation and 40 test: of each person eight, one and one.

    References:
      Samaria & Harter (1994), Parameterisation of a stochastic model for human face identification.
    """

    VERSION = tfds.core.Version("1.0.0")
    SHAPE = (64, 64, 1)
    CLASSES = tuple(str(person) for person in range(40))
    HOMEPAGE = "https://cs.nyu.edu/~roweis/data.html"

    def read(self, dl_manager: tfds.download.DownloadManager) -> dict[str, LabelledImages]:
        """The three splits; images are column-major in the file and stand person by person."""
        raw = scipy.io.loadmat(dl_manager.manual_dir / "olivettifaces.mat")["faces"]
        images = raw.T.reshape(400, 64, 64, 1).transpose(0, 2, 1, 3)
        labels = np.arange(400) // 10
        parts = stratified_split(labels, {"validation": 40, "test": 40})
        return {name: (images[rows], labels[rows]) for name, rows in parts.items()}
