"""The builder of Tiny ImageNet's ten-class cut."""

import io
import pathlib
import tarfile

import numpy as np
import PIL.Image
import tensorflow_datasets as tfds

from tfdgm.data.builders.arrays import ImageArrayBuilder, LabelledImages
from tfdgm.data.builders.stratified import stratified_split

_WNIDS = {
    "n01443537": "goldfish",
    "n02056570": "king penguin",
    "n02099601": "golden retriever",
    "n02129165": "lion",
    "n02279972": "monarch butterfly",
    "n02814860": "lighthouse",
    "n04146614": "school bus",
    "n04285008": "sports car",
    "n07747607": "orange",
    "n07873807": "pizza",
}
_ROOT = pathlib.PurePosixPath("tiny-imagenet-200")


class TinyImagenet10(ImageArrayBuilder, skip_registration=True):
    """5,500 colour images, 64x64, of ten classes of Tiny ImageNet.

    The set's 500 validation images, 50 a class, are `test` here, since the real test labels are not public. Of
    its 5,000 training images 500 are `validation`, 50 a class, and 4,500 `train`.

    References:
      Deng et al. (2009), ImageNet: a large-scale hierarchical image database. CVPR.
    """

    name = "tiny_imagenet_10"  # TFDS would make tiny_imagenet10 of the class name
    VERSION = tfds.core.Version("1.0.0")
    SHAPE = (64, 64, 3)
    CLASSES = tuple(_WNIDS.values())
    HOMEPAGE = "https://cs231n.stanford.edu"

    def read(self, dl_manager: tfds.download.DownloadManager) -> dict[str, LabelledImages]:
        """The three splits, in the order of file names."""
        with tarfile.open(dl_manager.manual_dir / "tiny_imagenet_10.tar.gz") as archive:
            files = {pathlib.PurePosixPath(m.name): archive.extractfile(m).read() for m in archive if m.isfile()}
        annotations = files[_ROOT / "val" / "val_annotations.txt"].decode().splitlines()
        wnid_of = {line.split("\t")[0]: line.split("\t")[1] for line in annotations}
        examples = {"train": ([], []), "val": ([], [])}
        for path in sorted(path for path in files if path.suffix == ".JPEG"):
            split = path.relative_to(_ROOT).parts[0]
            wnid = wnid_of[path.name] if split == "val" else path.parent.parent.name
            examples[split][0].append(_decode(files[path]))
            examples[split][1].append(list(_WNIDS).index(wnid))
        images, labels = (np.asarray(values) for values in examples["train"])
        parts = stratified_split(labels, {"validation": 500})
        splits = {name: (images[rows], labels[rows]) for name, rows in parts.items()}
        return {**splits, "test": tuple(np.asarray(values) for values in examples["val"])}


def _decode(encoded: bytes) -> np.ndarray:
    """Colour uint8 [64, 64, 3]; some of the files are grey."""
    return np.asarray(PIL.Image.open(io.BytesIO(encoded)).convert("RGB"))
