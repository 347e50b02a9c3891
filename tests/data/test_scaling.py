"""From raw levels to each domain, in closed form."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.core.types import DataSpec
from tfdgm.data.scaling import is_stochastic, to_domain
from tfdgm.math.logit import from_logit_log_det

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


_ALPHA = 0.01


def _logit(uniform: tf.Tensor) -> tf.Tensor:
    spec = DataSpec(shape=(4,), domain="logit", num_levels=0, logit_alpha=_ALPHA)
    return to_domain(tf.constant(_LEVELS), spec, 17, "none", lambda: uniform)


def test_logit_spreads_each_level_over_its_cell() -> None:
    for u in (2.0**-24, 0.25, 1.0 - 2.0**-24):
        q = _ALPHA + (1.0 - 2.0 * _ALPHA) * (_LEVELS + u) / 17
        x = _logit(tf.fill([1, 4], np.float32(u)))
        np.testing.assert_allclose(x, np.log(q / (1.0 - q)).astype(np.float32), rtol=1e-6)


def test_logit_is_a_change_of_variables() -> None:
    """u is uniform, so that x of a level has the density du/dx: num_levels times that of dp/dx."""
    uniform = tf.constant([[0.1, 0.4, 0.6, 0.9]])
    with tf.GradientTape() as tape:
        tape.watch(uniform)
        x = _logit(uniform)
    log_density = np.log(17.0) + from_logit_log_det(x, _ALPHA)
    np.testing.assert_allclose(-np.log(tape.gradient(x, uniform)), log_density, rtol=1e-5)


def test_logit_draws_where_there_are_levels_and_keeps_what_has_none() -> None:
    spec = DataSpec(shape=(2,), domain="logit", num_levels=0, logit_alpha=_ALPHA)
    assert is_stochastic(spec, 17, "none")
    assert not is_stochastic(spec, 0, "dynamic")
    x = to_domain(tf.constant([[-9.0, 9.0]]), spec, 0, "dynamic", lambda: pytest.fail("noise was drawn"))
    np.testing.assert_array_equal(x, [[-9.0, 9.0]])
