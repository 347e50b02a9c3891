"""From raw levels to each domain, in closed form."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.core.types import DataSpec
from tfdgm.data.scaling import to_domain

_LEVELS = np.array([[0, 3, 8, 16]], np.uint8)


def _scaled(
    domain: str, binarization: str = "none", uniform: float | None = None, dtype: str = "float32"
) -> np.ndarray:
    def draw() -> tf.Tensor:
        assert uniform is not None, "no noise was to be drawn"
        return tf.fill([1, 4], uniform)

    spec = DataSpec(shape=(4,), dtype=dtype, domain=domain, num_levels=17)
    return to_domain(tf.constant(_LEVELS), spec, 17, binarization, draw).numpy()


@pytest.mark.parametrize(
    ("domain", "expected"),
    [("unit", [0, 3 / 16, 0.5, 1]), ("real", [0, 3 / 16, 0.5, 1]), ("symmetric", [-1, -5 / 8, 0, 1])],
)
def test_scales(domain: str, expected: list[float]) -> None:
    np.testing.assert_array_equal(_scaled(domain), np.array([expected], np.float32), strict=True)


def test_uint8_is_raw() -> None:
    np.testing.assert_array_equal(_scaled("uint8", dtype="uint8"), _LEVELS, strict=True)


def test_threshold_cuts_at_one_half() -> None:
    np.testing.assert_array_equal(_scaled("binary", "threshold"), [[0, 0, 1, 1]])


def test_dynamic_compares_the_level_with_the_uniform() -> None:
    np.testing.assert_array_equal(_scaled("binary", "dynamic", uniform=0.4), [[0, 0, 1, 1]])
    np.testing.assert_array_equal(_scaled("binary", "dynamic", uniform=0.1), [[0, 1, 1, 1]])
    np.testing.assert_array_equal(_scaled("binary", "dynamic", uniform=1 - 2**-17), [[0, 0, 0, 1]])
    np.testing.assert_array_equal(_scaled("binary", "dynamic", uniform=2**-17), [[0, 1, 1, 1]])


def test_binary_data_need_no_noise() -> None:
    spec = DataSpec(shape=(2,), domain="binary", num_levels=2)
    scaled = to_domain(tf.constant([[0, 1]], tf.uint8), spec, 2, "dynamic", lambda: pytest.fail("noise was drawn"))
    np.testing.assert_array_equal(scaled, [[0, 1]])
