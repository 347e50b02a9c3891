"""Running means against NumPy's."""

import numpy as np
import pytest

from tfdgm.models.log_means import LogMeans


def test_means_weigh_examples_alike():
    values, counts = np.array([1.0, 4.0, -2.0]), np.array([5, 2, 1])
    means = LogMeans()
    for value, count in zip(values, counts, strict=True):
        means.update_state({"loss": value, "elbo": -value}, count)
    found = means.result()
    assert float(found["loss"]) == pytest.approx(np.average(values, weights=counts), rel=1e-6)
    assert float(found["elbo"]) == pytest.approx(-np.average(values, weights=counts), rel=1e-6)


def test_names_may_come_late_and_go():
    means = LogMeans()
    means.update_state({"a": 1.0}, 2)
    means.update_state({"b": 3.0}, 1)
    assert {name: float(value) for name, value in means.result().items()} == {"a": 1.0, "b": 3.0}
    means.reset_state()
    assert means.result() == {}
    means.update_state({"b": 5.0}, 4)
    assert {name: float(value) for name, value in means.result().items()} == {"b": 5.0}


def test_the_mean_of_no_examples_counts_for_nothing():
    means = LogMeans()
    means.update_state({"a": 2.0}, 3)
    means.update_state({"a": np.nan}, 0)
    assert float(means.result()["a"]) == 2.0


def test_a_mean_of_nan_shows():
    means = LogMeans()
    means.update_state({"a": 2.0}, 3)
    means.update_state({"a": np.nan}, 1)
    assert np.isnan(means.result()["a"])


def test_float64_sums_keep_float64():
    means = LogMeans("float64")
    for _ in range(10):
        means.update_state({"a": np.float64(0.1)}, 1)
    assert float(means.result()["a"]) == pytest.approx(0.1, rel=1e-14)


def test_more_names_than_places_is_an_error():
    with pytest.raises(ValueError, match="65 names are logged; there is room for 64"):
        LogMeans().update_state({f"log_{index}": 1.0 for index in range(65)}, 1)
