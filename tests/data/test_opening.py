"""From a DataConfig to a data set: domains, sizes, channels, held-out examples, and what is refused."""

import numpy as np
import pytest

from tfdgm.configs.experiment import DataConfig
from tfdgm.data import eval_batches, open_data, train_batches
from tfdgm.math.images import to_uint8
from tfdgm.math.logit import from_logit


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


@pytest.mark.parametrize("alpha", [1e-6, 0.05])
def test_logit_batches_hold_the_levels(alpha: float, read_split) -> None:
    data = _digits(domain="logit", logit_alpha=alpha)
    spec = data.spec
    assert (spec.domain, spec.num_levels, spec.logit_alpha, spec.dtype) == ("logit", 0, alpha, "float32")
    (train,) = train_batches(data, batch_size=100, seed=0, num_steps=1).as_numpy_iterator()
    (test,) = eval_batches(data, "test", batch_size=250, seed=0).as_numpy_iterator()
    for split, batch in (("train", train), ("test", test)):
        spread = 17 * from_logit(batch["x"].astype(np.float64), alpha).numpy()
        raw = read_split(data.splits[split])["x"][batch["index"]]
        np.testing.assert_array_equal(np.floor(spread), raw)
        rest = spread - raw
        assert (rest.min() < 0.01, rest.max() > 0.99, rest.mean()) == (True, True, pytest.approx(0.5, abs=0.01))


def test_logit_noise_is_new_in_every_epoch_and_the_same_in_evaluation() -> None:
    data = _digits(domain="logit")
    first, second = train_batches(data, batch_size=1297, seed=0, num_steps=2).as_numpy_iterator()
    (again,) = train_batches(data, batch_size=1297, seed=0, first_step=1, num_steps=1).as_numpy_iterator()
    np.testing.assert_array_equal(second["x"], again["x"])
    by_index = [batch["x"][np.argsort(batch["index"])] for batch in (first, second)]
    assert (by_index[0] == by_index[1]).mean() < 0.001
    (whole,) = eval_batches(data, "test", batch_size=250, seed=0).as_numpy_iterator()
    parts = list(eval_batches(data, "test", batch_size=60, seed=0).as_numpy_iterator())
    np.testing.assert_array_equal(np.concatenate([part["x"] for part in parts]), whole["x"])


@pytest.mark.slow
def test_logit_mnist_inverts_to_its_levels(manual_dir: str, read_split) -> None:
    data = open_data(DataConfig(name="mnist", domain="logit"), manual_dir=manual_dir)
    raw = read_split(data.splits["train"])["x"]
    (batch,) = train_batches(data, batch_size=100, seed=0, num_steps=1).as_numpy_iterator()
    assert len(np.unique(batch["x"])) > 50_000
    np.testing.assert_array_equal(to_uint8(batch["x"], data.spec), raw[batch["index"]])


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
    with pytest.raises(ValueError, match=r"data\.logit_alpha is 0\.5; it must be at least 0 and below 0\.5"):
        _digits(domain="logit", logit_alpha=0.5)
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
