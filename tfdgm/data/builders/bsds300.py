"""Patches of the natural images of BSDS300, as densities of them are compared on."""

import pathlib
import tarfile

import numpy as np
import PIL.Image
import tensorflow_datasets as tfds

from tfdgm.data.builders.arrays import LabelledVectors, VectorArrayBuilder

_SIDE = 8  # pixels
_NUM_TRAIN_IMAGES = 180
_SIZES = {"train": 1_000_000, "validation": 50_000, "test": 250_000}
_CHUNK = 50_000  # patches drawn at a time; divides every size


class Bsds300(VectorArrayBuilder, skip_registration=True):
    """1,300,000 patches of grey natural images, 8x8 less the last pixel: 63 dimensions; no labels.

    Each patch is of an image and a place that are uniform; levels 0 to 255 plus uniform noise in [0, 1), divided by
    256; less the patch's mean; without the last pixel, which the mean of zero makes a function of the others.

    Sizes are those of Papamakarios et al.: 1,000,000 train patches of the first 180 train images by file name,
    50,000 validation patches of the last 20, 250,000 test patches of the 100 test images. The patches are our own
    cut, so figures are near the published ones, not the same. The cut is drawn by NumPy's frozen legacy generator
    with seed 0, so the set never changes.

    References:
      Martin, Fowlkes, Tal & Malik (2001), A database of human segmented natural images.
      Uria, Murray & Larochelle (2013), RNADE, section 4.2.
      Papamakarios, Pavlakou & Murray (2017), Masked autoregressive flow for density estimation, section 4.2.
    """

    VERSION = tfds.core.Version("1.0.0")
    SHAPE = (_SIDE * _SIDE - 1,)
    HOMEPAGE = "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/bsds"

    def read(self, dl_manager: tfds.download.DownloadManager) -> dict[str, LabelledVectors]:
        """The three splits, one after the other."""
        folders = read_images(dl_manager.manual_dir / "BSDS300-images.tar.gz")
        images = {
            "train": folders["train"][:_NUM_TRAIN_IMAGES],
            "validation": folders["train"][_NUM_TRAIN_IMAGES:],
            "test": folders["test"],
        }
        rng = np.random.RandomState(0)
        return {name: (_patches(images[name], num, rng), None) for name, num in _SIZES.items()}


def read_images(path: pathlib.Path) -> dict[str, list[np.ndarray]]:
    """Grey images uint8 [H, W] by folder, `train` and `test`, in the order of the files' names.

    Grey is Pillow's, by the ITU-R 601 luma weights as in MATLAB's rgb2gray.
    """
    found: dict[str, dict[str, np.ndarray]] = {"train": {}, "test": {}}
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile():
                *_, folder, name = pathlib.PurePosixPath(member.name).parts
                found[folder][name] = np.asarray(PIL.Image.open(archive.extractfile(member)).convert("L"))
    return {folder: [images[name] for name in sorted(images)] for folder, images in found.items()}


def cut_patches(images: list[np.ndarray], num: int, rng: np.random.RandomState) -> np.ndarray:
    """Patches at random places of random images, as `Bsds300` has them: float32 [num, 63]."""
    image = rng.randint(len(images), size=num)
    # Of the places that an image has for a patch, which landscape and portrait have in other shapes.
    place = rng.random_sample([2, num])
    levels = np.empty([num, _SIDE, _SIDE], np.uint8)
    for index, pixels in enumerate(images):
        windows = np.lib.stride_tricks.sliding_window_view(pixels, (_SIDE, _SIDE))
        rows = image == index
        top, left = (place[:, rows] * np.reshape(windows.shape[:2], [2, 1])).astype(np.int64)
        levels[rows] = windows[top, left]
    x = (levels.reshape(num, -1) + rng.random_sample([num, _SIDE * _SIDE])) / 256.0
    return (x - x.mean(axis=1, keepdims=True))[:, :-1].astype(np.float32)


def _patches(images: list[np.ndarray], num: int, rng: np.random.RandomState) -> np.ndarray:
    return np.concatenate([cut_patches(images, _CHUNK, rng) for _ in range(num // _CHUNK)])
