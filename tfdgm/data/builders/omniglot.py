"""The builder of Omniglot's two small background sets."""

import pathlib
import zipfile

import numpy as np
import PIL.Image
import tensorflow as tf
import tensorflow_datasets as tfds

from tfdgm.data.builders.arrays import ImageArrayBuilder, LabelledImages
from tfdgm.data.builders.stratified import stratified_split
from tfdgm.data.images import resize_images

_ARCHIVES = ("images_background_small1", "images_background_small2")
_NUM_CHARACTERS = 242


class OmniglotSmall(ImageArrayBuilder, skip_registration=True):
    """4,840 grey drawings, 28x28, of 242 characters by 20 people each; the label is the character.

    The two archives share the alphabets Greek and Latin; each drawing is taken once. The 105x105 black on white
    drawings are made white on black and shrunk with antialiasing, which makes them grey. This is NOT the 28x28
    `chardata` of Burda et al. (2016): log-likelihoods do not compare with those published on that.
    Split here into 3,872 train, 484 validation and 484 test: of each character about sixteen, two and two.

    References:
      Lake, Salakhutdinov & Tenenbaum (2015), Human-level concept learning through probabilistic program induction.
    """

    VERSION = tfds.core.Version("1.0.0")
    SHAPE = (28, 28, 1)
    CLASSES = tuple(str(character) for character in range(_NUM_CHARACTERS))
    HOMEPAGE = "https://github.com/brendenlake/omniglot"

    def read(self, dl_manager: tfds.download.DownloadManager) -> dict[str, LabelledImages]:
        """The three splits; files are `<archive>/<alphabet>/<character>/<number>_<drawer>.png`."""
        drawings: dict[tuple[str, ...], np.ndarray] = {}
        for name in _ARCHIVES:
            with zipfile.ZipFile(dl_manager.manual_dir / f"{name}.zip") as archive:
                for member in archive.namelist():
                    if member.endswith(".png"):
                        with archive.open(member) as file:
                            drawings[pathlib.PurePosixPath(member).parts[1:]] = np.asarray(PIL.Image.open(file))
        keys = sorted(drawings)
        paper = np.stack([drawings[key] for key in keys])[..., np.newaxis]
        images = resize_images(tf.constant(255 * (1 - paper.astype(np.uint8))), self.SHAPE, 256).numpy()
        _, labels = np.unique(["/".join(key[:2]) for key in keys], return_inverse=True)
        parts = stratified_split(labels, {"validation": 484, "test": 484})
        return {split: (images[rows], labels[rows]) for split, rows in parts.items()}
