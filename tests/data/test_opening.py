"""From a DataConfig to a data set: domains, sizes, channels, held-out examples, and what is refused."""

import numpy as np
import pytest

from tfdgm.configs.experiment import DataConfig
from tfdgm.data import eval_batches, open_data


def _digits(**fields):
    return open_data(DataConfig(name="digits", **fields))


@pytest.mark.parametrize(
    ("domain", "dtype", "num_levels", "highest"),
    [("", "float32", 17, 1), ("unit", "float32", 17, 1), ("real", "float32", 0, 1), ("uint8", "uint8", 17, 16)],
)
def test_spec_and_values_of_a_domain(domain, dtype, num_levels, highest) -> None:
    data = _digits(domain=domain)
    assert (data.spec.domain, data.spec.dtype) == (domain or "unit", dtype)
    assert (data.spec.shape, data.spec.num_levels, data.spec.num_classes) == ((8, 8, 1), num_levels, 10)
    (batch,) = eval_batches(data, "test", batch_size=250, seed=0).as_numpy_iterator()
    assert batch["x"].dtype == dtype
    assert (batch["x"].min(), batch["x"].max()) == (0, highest)


def test_resizing_stays_on_the_levels(read_split) -> None:
    data = _digits(image_height=4, image_width=16, num_channels=3)
    assert data.spec.shape == (4, 16, 3)
    x = read_split(data.splits["validation"])["x"]
    assert x.dtype == np.uint8
    assert x.max() <= 16
    assert x.std() > 2
    np.testing.assert_array_equal(x[..., 0], x[..., 1])


def test_what_the_configuration_gets_wrong_is_named() -> None:
    with pytest.raises(ValueError, match=r"data\.name is 'digit' \(did you mean 'digits'\?\)"):
        open_data(DataConfig(name="digit"))
    with pytest.raises(ValueError, match=r"data\.domain is 'binry'; it must be empty or one of binary, unit"):
        _digits(domain="binry")
    with pytest.raises(ValueError, match=r"data\.num_channels is 2; it must be 1 or 3"):
        _digits(num_channels=2)
    with pytest.raises(ValueError, match=r"data\.image_width is -1"):
        _digits(image_width=-1)
    with pytest.raises(ValueError, match=r"data\.path is 'x', but data\.name is 'digits'"):
        _digits(path="x")
    with pytest.raises(ValueError, match="binarization is 'stochastic'; it must be one of dynamic, threshold, none"):
        _digits(binarization="stochastic")
    with pytest.raises(ValueError, match="binarization is 'none', but the data have 17 levels"):
        _digits(domain="binary", binarization="none")
    with pytest.raises(ValueError, match=r"data\.num_validation is 9, but data set 'digits' has a validation split"):
        _digits(num_validation=9)


@pytest.mark.slow
def test_validation_is_the_end_of_train(manual_dir: str, read_split) -> None:
    default = open_data(DataConfig(name="mnist"), manual_dir=manual_dir)
    small = open_data(DataConfig(name="mnist", num_validation=1000), manual_dir=manual_dir)
    assert [small.splits[name].num_examples for name in ("train", "validation", "test")] == [59000, 1000, 10000]
    left, right = read_split(default.splits["validation"]), read_split(small.splits["validation"])
    np.testing.assert_array_equal(left["x"][-1000:], right["x"])
    np.testing.assert_array_equal(left["label"][-1000:], right["label"])
    with pytest.raises(ValueError, match=r"data\.num_validation is 60000; data set 'mnist' has 60000"):
        open_data(DataConfig(name="mnist", num_validation=60000), manual_dir=manual_dir)
