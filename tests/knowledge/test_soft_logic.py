"""Each family of connectives: Boolean at 0 and 1, and its own laws between."""

import itertools

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st

from tfdgm.knowledge.soft_logic import SOFT_LOGICS

truths = st.lists(st.integers(0, 16), min_size=3, max_size=3).map(lambda levels: [level / 16 for level in levels])


def _all(logic, *values):
    return float(SOFT_LOGICS[logic].all_of(tf.constant(values, tf.float64), 0)[0])


def _any(logic, *values):
    return float(SOFT_LOGICS[logic].any_of(tf.constant(values, tf.float64), 0)[0])


def _implies(logic, a, b):
    return float(SOFT_LOGICS[logic].implies(tf.constant(a, tf.float64), tf.constant(b, tf.float64)))


@pytest.mark.parametrize("logic", SOFT_LOGICS)
def test_at_0_and_1_it_is_boolean_logic(logic):
    for a, b, c in itertools.product((0.0, 1.0), repeat=3):
        assert _all(logic, a, b, c) == float(a and b and c)
        assert _any(logic, a, b, c) == float(a or b or c)
        assert _implies(logic, a, b) == float(not a or b)


@pytest.mark.parametrize("logic", SOFT_LOGICS)
@hypothesis.given(truths)
@hypothesis.settings(deadline=None, max_examples=30)
def test_and_is_associative_and_or_its_dual(logic, values):
    a, b, c = values
    assert _all(logic, a, b, c) == pytest.approx(_all(logic, _all(logic, a, b), c), abs=1e-12)
    assert _any(logic, a, b, c) == pytest.approx(1.0 - _all(logic, 1.0 - a, 1.0 - b, 1.0 - c), abs=1e-12)


@pytest.mark.parametrize("logic", SOFT_LOGICS)
@hypothesis.given(truths)
@hypothesis.settings(deadline=None, max_examples=30)
def test_implication_is_the_largest_that_modus_ponens_allows(logic, values):
    a, b, _ = values
    found = _implies(logic, a, b)
    grid = [level / 64 for level in range(65)]
    allowed = max(c for c in grid if _all(logic, a, c) <= b + 1e-9)
    assert 0.0 <= found <= 1.0
    assert _all(logic, a, found) <= b + 1e-9
    assert found >= allowed - 1e-9


def test_the_three_families_differ_between():
    found = [(_all(logic, 0.7, 0.6), _any(logic, 0.7, 0.6), _implies(logic, 0.7, 0.35)) for logic in SOFT_LOGICS]
    np.testing.assert_allclose(found, [(0.3, 1.0, 0.65), (0.42, 0.88, 0.5), (0.6, 0.7, 0.35)], rtol=1e-9)


@pytest.mark.parametrize("logic", SOFT_LOGICS)
def test_implication_has_finite_gradients_where_its_condition_is_false(logic):
    a, b = tf.constant([0.0, 0.5, 1.0], tf.float64), tf.constant([0.0, 0.2, 1.0], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch([a, b])
        value = tf.reduce_sum(SOFT_LOGICS[logic].implies(a, b))
    for gradient in tape.gradient(value, [a, b], unconnected_gradients="zero"):
        assert np.all(np.isfinite(gradient))
