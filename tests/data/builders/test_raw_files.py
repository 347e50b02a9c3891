"""Builders over raw files, each opened from the real thing."""

import numpy as np
import pytest

from tfdgm.configs.experiment import DataConfig
from tfdgm.data import Data, open_data


def _open(name: str, manual_dir: str) -> Data:
    return open_data(DataConfig(name=name), manual_dir=manual_dir)


def _sizes(data: Data) -> tuple[int, ...]:
    return tuple(data.splits[name].num_examples for name in ("train", "validation", "test"))


# Shape, sizes of the splits, number of classes.
_EXPECTED = {
    "caltech101_silhouettes": ((28, 28, 1), (4100, 2264, 2307), 101),
    "frey_faces": ((28, 20, 1), (1565, 200, 200), 0),
    "olivetti_faces": ((64, 64, 1), (320, 40, 40), 40),
    "omniglot_small": ((28, 28, 1), (3872, 484, 484), 242),
    "cifar10_subset": ((32, 32, 3), (3200, 400, 400), 10),
    "tiny_imagenet_10": ((64, 64, 3), (4500, 500, 500), 10),
    "mnist": ((28, 28, 1), (50000, 10000, 10000), 10),
    "fashion_mnist": ((28, 28, 1), (50000, 10000, 10000), 10),
    "binarized_mnist": ((28, 28, 1), (50000, 10000, 10000), 0),
    "cifar10_jpeg": ((32, 32, 3), (45000, 5000, 10000), 10),
}
_SLOW = ("mnist", "fashion_mnist", "binarized_mnist", "cifar10_jpeg", "tiny_imagenet_10")


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow if n in _SLOW else ()) for n in _EXPECTED])
def test_shape_splits_and_labels(name: str, manual_dir: str, read_split) -> None:
    data = _open(name, manual_dir)
    assert (data.spec.shape, _sizes(data), data.spec.num_classes) == _EXPECTED[name]
    test = read_split(data.splits["test"])
    assert 0.9 * (data.num_levels - 1) < test["x"].max() <= data.num_levels - 1
    assert test["x"].std() > 0.1 * (data.num_levels - 1)
    if data.spec.num_classes:
        assert set(np.unique(np.concatenate([read_split(s)["label"] for s in data.splits.values()]))) == set(
            range(data.spec.num_classes)
        )


def test_each_person_of_olivetti_is_in_every_split(manual_dir: str, read_split) -> None:
    data = _open("olivetti_faces", manual_dir)
    for name, per_person in (("train", 8), ("validation", 1), ("test", 1)):
        np.testing.assert_array_equal(np.bincount(read_split(data.splits[name])["label"]), per_person)


def test_omniglot_has_no_image_twice(manual_dir: str, read_split) -> None:
    data = _open("omniglot_small", manual_dir)
    images = np.concatenate([read_split(split)["x"].reshape(-1, 784) for split in data.splits.values()])
    assert len(np.unique(images, axis=0)) == 4840
    assert images.mean() < 0.3 * 255  # strokes are bright


@pytest.mark.slow
def test_cifar10_copies_agree(manual_dir: str, read_split) -> None:
    """The first image of data_batch_1 is a frog with the known first pixels."""
    data = _open("cifar10_subset", manual_dir)
    splits = [read_split(split) for split in data.splits.values()]
    images = np.concatenate([split["x"] for split in splits])
    labels = np.concatenate([split["label"] for split in splits])
    found = np.flatnonzero((images[:, 0, 0] == (59, 62, 63)).all(axis=1))
    assert 6 in labels[found]
