"""Data sets of the user's own arrays."""

import numpy as np
import pytest

from tfdgm.core.types import DataSpec
from tfdgm.data import Data, eval_batches, train_batches

_UNIT = DataSpec(shape=(2, 2, 1), num_classes=3)


def _images(num: int, highest: int = 255) -> np.ndarray:
    return np.random.RandomState(num).randint(0, highest + 1, (num, 2, 2, 1)).astype(np.uint8)


def test_missing_splits_are_empty() -> None:
    data = Data.from_arrays(_images(4), spec=_UNIT, label_train=np.arange(4) % 3, num_levels=256)
    assert {name: split.num_examples for name, split in data.splits.items()} == {"train": 4, "validation": 0, "test": 0}
    assert list(eval_batches(data, "test", batch_size=2, seed=0)) == []


def test_values_in_the_domain_pass_unchanged() -> None:
    values = np.random.RandomState(0).normal(size=(5, 3)).astype(np.float32)
    data = Data.from_arrays(values, values[:2], spec=DataSpec(shape=(3,), domain="real", num_levels=0))
    (batch,) = eval_batches(data, "train", batch_size=5, seed=0).as_numpy_iterator()
    assert batch.keys() == {"x", "index"}
    np.testing.assert_array_equal(batch["x"], values)


def test_tokens_keep_their_dtype() -> None:
    tokens = np.arange(6).reshape(3, 2)
    spec = DataSpec(shape=(2,), dtype="int32", domain="tokens", num_levels=0, vocabulary=tuple("abcdef"))
    (batch,) = train_batches(Data.from_arrays(tokens, spec=spec), batch_size=3, seed=0, num_steps=1).as_numpy_iterator()
    assert batch["x"].dtype == np.int32
    np.testing.assert_array_equal(batch["x"], tokens[batch["index"]])


def test_arrays_that_do_not_agree_with_the_spec_are_refused() -> None:
    labels = np.zeros(4, np.int64)
    with pytest.raises(ValueError, match=r"x_train has shape \(4, 2, 2, 1\); spec.shape wants \(N, 3\)"):
        Data.from_arrays(_images(4), spec=DataSpec(shape=(3,)))
    with pytest.raises(ValueError, match="x_test must hold whole numbers from 0 to num_levels - 1 = 16"):
        Data.from_arrays(_images(4, 16), x_test=_images(4) | 128, spec=DataSpec(shape=(2, 2, 1)), num_levels=17)
    with pytest.raises(ValueError, match="label_train is missing, but spec.num_classes is 3"):
        Data.from_arrays(_images(4), spec=_UNIT, num_levels=256)
    with pytest.raises(ValueError, match="label_train is given, but spec.num_classes is 0"):
        Data.from_arrays(_images(4), spec=DataSpec(shape=(2, 2, 1)), label_train=labels, num_levels=256)
    with pytest.raises(ValueError, match="label_train must be 4 whole numbers from 0 to 2"):
        Data.from_arrays(_images(4), spec=_UNIT, label_train=labels + 3, num_levels=256)
