"""The builder over a folder of the user's own images."""

import contextlib
import dataclasses
import hashlib
import os
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageOps
import tensorflow as tf
import tensorflow_datasets as tfds

from tfdgm.configs.experiment import DataConfig
from tfdgm.data.images import resize_images

_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif")
_GREY_MODES, _COLOUR_MODES = ("1", "L", "LA"), ("P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "LAB")
_ROTATED = (5, 6, 7, 8)  # EXIF orientations that swap height and width
_ORIENTATION = 0x0112
_HELD_OUT = 10  # one image in so many is for validation, and one for test
MAX_MEMORY_BYTES = 2**31  # larger folders are read from disk, example by example


@dataclasses.dataclass
class FolderConfig(tfds.core.BuilderConfig):
    """What one folder of images looks like.

    Attributes:
      root: the folder.
      files: images, relative to `root`, with "/" between the parts.
      shape: [H, W, C] of all images once prepared.
    """

    root: pathlib.Path = pathlib.Path()
    files: tuple[str, ...] = ()
    shape: tuple[int, int, int] = (0, 0, 0)


class ImageFolder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """PNG, JPEG, BMP and GIF images (its first frame) below one folder; sub-folders, if any, are the classes.

    Images are turned upright by their EXIF data; transparency is dropped. In the order of a hash of their names,
    one tenth of the images (at least one) is `test`, the next tenth `validation`, and the rest `train`.
    """

    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> tfds.core.DatasetInfo:
        features = {"image": tfds.features.Image(shape=self.builder_config.shape, encoding_format="png")}
        if classes := class_names(self.builder_config.files):
            features["label"] = tfds.features.ClassLabel(names=classes)
        return tfds.core.DatasetInfo(
            builder=self, description=type(self).__doc__, features=tfds.features.FeaturesDict(features)
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        del dl_manager
        return {name: self._generate_examples(files) for name, files in split_files(self.builder_config.files).items()}

    def _generate_examples(self, files: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        config = self.builder_config
        has_labels = bool(class_names(config.files))
        for file in files:
            example = {"image": _read(config.root / file, config.shape)}
            yield file, {**example, "label": file.split("/")[0]} if has_labels else example


def image_folder_builder(config: DataConfig, data_dir: pathlib.Path) -> tfds.core.DatasetBuilder:
    """The builder of a folder of images, to be prepared if it is not.

    Its name holds a fingerprint of the files' names, sizes and times of change and of the wanted size: where
    anything has changed it is another data set.

    Args:
      config: `path` is the folder; `image_height` and `image_width` are needed where sizes differ.
      data_dir: where prepared data are kept.

    Raises:
      ValueError: there is no such folder, too few images, sizes that differ, or a file that is no image.
    """
    root = pathlib.Path(config.path).expanduser().resolve()
    if not config.path or not root.is_dir():
        raise ValueError(f"data.path is {config.path!r}; for data.name 'folder' it must be a folder of images")
    files = _list_images(root)
    fingerprint = _fingerprint(root, files, config)
    prepared = data_dir / ImageFolder.name / fingerprint / str(ImageFolder.VERSION)
    if (prepared / "dataset_info.json").is_file():
        return tfds.builder_from_directory(prepared)
    shape = _common_shape(root, files, config)
    fits = len(files) * int(np.prod(shape, dtype=np.int64)) <= MAX_MEMORY_BYTES
    folder_config = FolderConfig(name=fingerprint, root=root, files=files, shape=shape)
    return ImageFolder(
        config=folder_config,
        data_dir=data_dir,
        file_format=tfds.core.FileFormat("tfrecord" if fits else "array_record"),
    )


def split_files(files: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Deals files out to `train`, `validation` and `test` by a hash of their names; each gets one at least."""
    ordered = sorted(files, key=lambda file: hashlib.sha256(file.encode()).digest())
    held_out = max(1, len(files) // _HELD_OUT)
    parts = {"train": ordered[2 * held_out :], "validation": ordered[held_out : 2 * held_out]}
    return {name: tuple(sorted(part)) for name, part in {**parts, "test": ordered[:held_out]}.items()}


def class_names(files: Sequence[str]) -> list[str]:
    """The sub-folders in order; none where the images are in the folder itself."""
    return sorted({file.split("/")[0] for file in files if "/" in file})


def _list_images(root: pathlib.Path) -> tuple[str, ...]:
    """All images below a folder, in order of name; hidden files and folders are left out."""
    files = []
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        images = [name for name in names if name.lower().endswith(_SUFFIXES) and not name.startswith(".")]
        files += [(pathlib.Path(folder) / name).relative_to(root).as_posix() for name in images]
    if len(files) < 3:
        raise ValueError(
            f"data.path is {str(root)!r}, with {len(files)} images ({', '.join(_SUFFIXES)}); it needs at least 3, "
            "one each for train, validation and test"
        )
    loose = sorted(file for file in files if "/" not in file)
    if loose and len(loose) < len(files):
        raise ValueError(f"data.path {str(root)!r} has sub-folders, which are classes, but {loose[0]!r} is in none")
    return tuple(sorted(files))


def _fingerprint(root: pathlib.Path, files: Sequence[str], config: DataConfig) -> str:
    wanted = (os.fspath(root), config.image_height, config.image_width, config.num_channels)
    digest = hashlib.sha256(repr(wanted).encode())
    for file in files:
        status = (root / file).stat()
        digest.update(repr((file, status.st_size, status.st_mtime_ns)).encode())
    return digest.hexdigest()[:16]


def _common_shape(root: pathlib.Path, files: Sequence[str], config: DataConfig) -> tuple[int, int, int]:
    """[H, W, C] to prepare the images at, from their headers."""
    first, colour = None, False
    for file in files:
        height, width, is_colour = _header(root / file)
        size = (config.image_height or height, config.image_width or width)
        colour |= is_colour
        first = first or (file, size, (height, width))
        if size != first[1]:
            raise ValueError(
                f"the images in data.path differ in size: {first[0]} is {first[2][0]}x{first[2][1]} pixels high and "
                f"wide, {file} is {height}x{width}; set data.image_height and data.image_width"
            )
    return (*first[1], config.num_channels or (3 if colour else 1))


def _header(path: pathlib.Path) -> tuple[int, int, bool]:
    """Height, width and whether there is colour, without decoding the pixels."""
    with _opened(path) as image:
        if image.mode not in _GREY_MODES + _COLOUR_MODES:
            raise ValueError(f"image {path} has pixels of mode {image.mode!r}; it must be 8-bit grey or colour")
        width, height = image.size
        if image.getexif().get(_ORIENTATION) in _ROTATED:
            width, height = height, width
        return height, width, image.mode in _COLOUR_MODES


def _read(path: pathlib.Path, shape: tuple[int, int, int]) -> np.ndarray:
    with _opened(path) as image:
        upright = PIL.ImageOps.exif_transpose(image).convert("RGB" if shape[-1] == 3 else "L")
        pixels = np.asarray(upright).reshape(1, upright.height, upright.width, shape[-1])
    return resize_images(tf.constant(pixels), shape, 256)[0].numpy()


@contextlib.contextmanager
def _opened(path: pathlib.Path) -> Iterator[PIL.Image.Image]:
    try:
        with PIL.Image.open(path) as image:
            yield image
    except OSError as error:
        raise ValueError(f"image {path} can't be read: {error}") from error
