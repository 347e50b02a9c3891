"""The toy ensembles: every pattern once, the same in all three splits."""

import numpy as np
import pytest

from tfdgm.configs.experiment import DataConfig
from tfdgm.data import open_data


@pytest.mark.parametrize(("name", "shape"), [("patterns", (4, 4, 1)), ("patterns8", (2, 4, 1)), ("patterns4", (2, 2, 1))])
def test_each_split_is_the_whole_ensemble(name, shape, read_split) -> None:
    data = open_data(DataConfig(name=name))
    num = int(np.prod(shape))
    assert (data.spec.shape, data.spec.domain, data.spec.num_levels) == (shape, "binary", 2)
    for split in data.splits.values():
        x = read_split(split)["x"].reshape(num, num)
        np.testing.assert_array_equal(np.unique(x, axis=0), np.unique(np.eye(num), axis=0))
