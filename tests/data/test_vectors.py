"""Vectors read many at a time are those that TFDS reads one by one, in its order."""

import numpy as np
import pytest
import tensorflow_datasets as tfds

from tfdgm.data.preparation import prepared_builder
from tfdgm.data.vectors import read_vectors


@pytest.mark.parametrize("instruction", ["test", "validation[2500:2600]", "train[-30:]"])
def test_order_and_values_are_those_of_tfds(instruction: str) -> None:
    builder = prepared_builder("mixture25")
    read_config = tfds.ReadConfig(interleave_cycle_length=1)
    expected = list(builder.as_dataset(split=instruction, read_config=read_config).as_numpy_iterator())
    found = read_vectors(builder, instruction)
    assert (found["x"].dtype.name, found["label"].dtype.name) == ("float32", "int32")
    np.testing.assert_array_equal(found["x"], [example["vector"] for example in expected])
    np.testing.assert_array_equal(found["label"], [example["label"] for example in expected])
