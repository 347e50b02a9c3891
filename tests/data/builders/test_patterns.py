"""The toy ensemble: every pattern once, the same in all three splits."""

import numpy as np

from tfdgm.configs.experiment import DataConfig
from tfdgm.data import open_data


def test_each_split_is_the_whole_ensemble(read_split) -> None:
    data = open_data(DataConfig(name="patterns"))
    assert (data.spec.shape, data.spec.domain, data.spec.num_levels) == ((4, 4, 1), "binary", 2)
    assert list(data.splits) == ["train", "validation", "test"]
    for split in data.splits.values():
        x = read_split(split)["x"].reshape(16, 16)
        np.testing.assert_array_equal(np.unique(x, axis=0), np.unique(np.eye(16), axis=0))
