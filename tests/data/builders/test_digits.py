"""The embedded digits: every image once, splits apart, classes in proportion."""

import numpy as np
import sklearn.datasets

from tfdgm.data import Data


def test_the_three_splits_are_the_data_set(digits: Data, read_split) -> None:
    splits = {name: read_split(split) for name, split in digits.splits.items()}
    assert {name: len(split["x"]) for name, split in splits.items()} == {"train": 1297, "validation": 250, "test": 250}
    raw = sklearn.datasets.load_digits()
    rows = np.concatenate([np.c_[split["x"].reshape(-1, 64), split["label"]] for split in splits.values()])
    original = np.c_[raw.images.reshape(-1, 64), raw.target]
    np.testing.assert_array_equal(np.unique(rows, axis=0), np.unique(original, axis=0))
    assert len(rows) == len(original)
    # All 1,797 images differ, so that equal sets and sizes make the splits disjoint.
    assert len(np.unique(original, axis=0)) == 1797


def test_labels_are_spread_evenly(digits: Data, read_split) -> None:
    for split in digits.splits.values():
        counts = np.bincount(read_split(split)["label"], minlength=10)
        assert counts.min() >= 0.95 * split.num_examples / 10 - 1
        assert counts.max() <= 1.05 * split.num_examples / 10 + 1


def test_levels_are_0_to_16(digits: Data, read_split) -> None:
    x = read_split(digits.splits["train"])["x"]
    assert x.dtype == np.uint8
    assert (x.min(), x.max()) == (0, 16)
    assert digits.num_levels == 17
