"""Few labels: which are shown, and how often their examples come."""

import numpy as np
import pytest

from tfdgm.configs import DataConfig
from tfdgm.core.types import DataSpec
from tfdgm.data import Data, open_data, train_batches
from tfdgm.data.few_labels import with_few_labels

SPEC = DataSpec((2,), domain="real", num_levels=0, num_classes=3)
LABEL = np.array([0, 2, 1, 1, 0, 2, 2, 1, 0, 0, 1, 2])


def _data(spec=SPEC, label=LABEL):
    x = np.arange(24, dtype=np.float32).reshape(12, 2)
    return Data.from_arrays(x, spec=spec, label_train=label)


def test_the_first_of_each_class_keep_their_label_and_the_others_none():
    data = with_few_labels(_data(), 5)  # two of the first two classes, one of the last
    np.testing.assert_array_equal(data.labeled, [0, 1, 2, 3, 4])
    shown = data.splits["train"].gather(np.arange(12, dtype=np.int64))["label"].numpy()
    np.testing.assert_array_equal(shown, [0, 2, 1, 1, 0] + [-1] * 7)


def test_every_other_row_is_labeled_and_each_kind_has_whole_epochs():
    data = with_few_labels(_data(), 3)
    batches = list(train_batches(data, batch_size=4, seed=1, num_steps=6).as_numpy_iterator())
    index = np.concatenate([batch["index"] for batch in batches])
    label = np.concatenate([batch["label"] for batch in batches])
    assert (label[::2] >= 0).all()
    np.testing.assert_array_equal(label[::2], LABEL[index[::2]])
    np.testing.assert_array_equal(np.sort(index[1::2]), np.arange(12))
    np.testing.assert_array_equal(np.sort(index[::2].reshape(4, 3), axis=1), np.tile(data.labeled, (4, 1)))
    later = list(train_batches(data, batch_size=4, seed=1, first_step=4, num_steps=2).as_numpy_iterator())
    np.testing.assert_array_equal([batch["index"] for batch in later], [batch["index"] for batch in batches[4:]])


def test_odd_batches_are_refused():
    with pytest.raises(ValueError, match="batch_size is 5; it must be even where few labels are shown"):
        train_batches(with_few_labels(_data(), 3), batch_size=5, seed=0, num_steps=1)


@pytest.mark.parametrize(
    ("num_labels", "words"),
    [
        (2, "data.num_labels is 2; 3 classes need one label each at least"),
        (13, "data.num_labels is 13, 5 of class 0, of which the training split has 4"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(num_labels, words):
    with pytest.raises(ValueError, match=words):
        with_few_labels(_data(), num_labels)


def test_data_without_labels_are_refused():
    spec = DataSpec((2,), domain="real", num_levels=0)
    with pytest.raises(ValueError, match="data.num_labels is 4, but the data set has no labels"):
        with_few_labels(_data(spec, None), 4)


def test_a_part_of_the_training_split_leaves_the_other_splits_alone():
    whole = open_data(DataConfig(name="digits"))
    part = open_data(DataConfig(name="digits", num_train=100, num_labels=20))
    sizes = {name: split.num_examples for name, split in part.splits.items()}
    assert sizes == {"train": 100, "validation": 250, "test": 250}
    rows = np.arange(100, dtype=np.int64)
    np.testing.assert_array_equal(part.splits["train"].gather(rows)["x"], whole.splits["train"].gather(rows)["x"])
    np.testing.assert_array_equal(part.splits["test"].gather(rows)["x"], whole.splits["test"].gather(rows)["x"])
    assert len(part.labeled) == 20
    assert (part.splits["test"].gather(rows)["label"].numpy() >= 0).all()


def test_more_than_there_are_is_refused():
    with pytest.raises(ValueError, match="data.num_train is 1298; data set 'digits' has 1297 to train on"):
        open_data(DataConfig(name="digits", num_train=1298))
    with pytest.raises(ValueError, match="data.num_train is -1"):
        open_data(DataConfig(name="digits", num_train=-1))
