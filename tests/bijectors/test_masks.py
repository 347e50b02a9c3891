"""Masks: every value is kept or moved, and never both."""

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st

from tfdgm.bijectors.masks import MASKS, ChannelMask, CheckerboardMask

_SHAPES = st.one_of(st.tuples(st.integers(2, 7)), st.tuples(st.integers(2, 4), st.integers(1, 4), st.integers(2, 5)))


@pytest.mark.parametrize("kind", MASKS.values())
@pytest.mark.parametrize("swap", [False, True])
@hypothesis.settings(max_examples=20, deadline=None, derandomize=True)
@hypothesis.given(shape=_SHAPES)
def test_halves_make_up_the_event(kind, swap, shape):
    mask = kind(shape, swap=swap)
    x = tf.reshape(tf.range(1.0, 2.0 * np.prod(shape) + 1.0), [2, *shape])
    assert mask.kept(x).shape == (2, *mask.kept_shape)
    assert mask.moved(x).shape == (2, *mask.moved_shape)
    np.testing.assert_array_equal(mask.merged(x, mask.moved(x)), x)
    moved = mask.merged(x, -mask.moved(x)).numpy()
    is_kept = moved == x.numpy()
    assert 0 < is_kept.sum() < is_kept.size
    # The conditioner sees all that is kept and nothing else.
    seen = np.asarray(mask.kept(x))
    assert sorted(seen[seen != 0.0]) == sorted(x.numpy()[is_kept])
    np.testing.assert_array_equal(mask.kept(tf.constant(moved)), mask.kept(x))
    # Slopes count where something is moved.
    count = np.sum(mask.of_moved(tf.ones([2, *mask.moved_shape])))
    assert count == np.sum(~is_kept)
    np.testing.assert_array_equal(kind(shape, swap=not swap).merged(x, -kind(shape, swap=not swap).moved(x)), -moved)


def test_patterns():
    x = tf.ones([1, 2, 3, 1])
    np.testing.assert_array_equal(CheckerboardMask((2, 3, 1)).kept(x)[0, :, :, 0], [[1, 0, 1], [0, 1, 0]])
    np.testing.assert_array_equal(CheckerboardMask((3,), swap=True).kept(tf.ones([1, 3]))[0], [0, 1, 0])
    np.testing.assert_array_equal(ChannelMask((5,)).kept(tf.range(5.0)[tf.newaxis])[0], [0, 1])
    assert ChannelMask((2, 2, 5), swap=True).params_shape(2) == (2, 2, 4)
    assert ChannelMask((2, 2, 5)).params_shape(2) == (2, 2, 6)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ChannelMask((4, 4, 1)), r"event_shape is \(4, 4, 1\); to split its channels it needs at least 2"),
        (lambda: CheckerboardMask((1, 1, 3)), r"event_shape is \(1, 1, 3\); a checkerboard needs at least 2 cells"),
        (lambda: ChannelMask((4, 4)), r"event_shape is \(4, 4\); it must be a vector's \[D\] or an image's"),
    ],
)
def test_events_without_halves_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()
