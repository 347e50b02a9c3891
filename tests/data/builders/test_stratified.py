import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfdgm.data.builders.stratified import stratified_split


@given(labels=st.lists(st.integers(0, 4), min_size=12, max_size=80), num_validation=st.integers(0, 5))
def test_parts_are_disjoint_complete_and_of_the_wanted_size(labels: list[int], num_validation: int) -> None:
    parts = stratified_split(np.array(labels), {"validation": num_validation, "test": 6})
    assert list(parts) == ["train", "validation", "test"]
    assert [len(part) for part in parts.values()] == [len(labels) - num_validation - 6, num_validation, 6]
    np.testing.assert_array_equal(np.sort(np.concatenate(list(parts.values()))), np.arange(len(labels)))


@given(seed=st.integers(0, 100))
def test_every_class_has_its_share(seed: int) -> None:
    labels = np.random.RandomState(seed).randint(0, 5, 300)
    parts = stratified_split(labels, {"validation": 50, "test": 60})
    for rows in parts.values():
        share = np.bincount(labels[rows], minlength=5)
        wanted = np.bincount(labels, minlength=5) * len(rows) / 300
        assert np.abs(share - wanted).max() <= 2


def test_the_split_is_fixed() -> None:
    parts = stratified_split(np.arange(20) % 2, {"validation": 2, "test": 4})
    assert {name: rows.tolist() for name, rows in parts.items() if name != "train"} == {
        "validation": [4, 7],
        "test": [3, 8, 11, 16],
    }


def test_sizes_that_leave_nothing_to_train_on_are_refused() -> None:
    with pytest.raises(ValueError, match="leave nothing of 4 examples for 'train'"):
        stratified_split(np.zeros(4), {"test": 4})
