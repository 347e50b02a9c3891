"""Noise by global row: what it is a function of, and that replicas' parts make the whole."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.core import step_rows
from tfdgm.core.step_rows import TEST, TRAIN, StepRows


def _rows(num_rows=8, first_row=0, num_global_rows=8, *, seed=0, role=TRAIN, step=3):
    sizes = [tf.constant(size, tf.int32) for size in (num_rows, first_row, num_global_rows)]
    return StepRows(seed, role, tf.constant(step, tf.int64), *sizes)


@pytest.mark.parametrize("parts", [(4, 4), (5, 3), (8, 0), (3, 3, 2)])
def test_parts_concatenate_to_the_whole(parts):
    firsts = np.cumsum([0, *parts[:-1]])
    rows = [_rows(size, first) for size, first in zip(parts, firsts, strict=True)]
    np.testing.assert_array_equal(np.concatenate([part.seeds(2) for part in rows]), _rows().seeds(2))
    noise = np.concatenate([part.noise((3, 2), 1, "float32") for part in rows])
    np.testing.assert_array_equal(noise, _rows().noise((3, 2), 1, "float32"))


def test_seeds_of_rows_do_not_depend_on_the_batch_size():
    np.testing.assert_array_equal(_rows(8).seeds(0), _rows(20, num_global_rows=20).seeds(0)[:8])


@pytest.mark.parametrize("kind", ["seeds", "noise"])
def test_draws_differ_by_seed_step_stream_and_role(kind):
    def draw(stream=0, **other):
        rows = _rows(**other)
        drawn = rows.seeds(stream) if kind == "seeds" else rows.noise((4,), stream, "float32")
        return drawn.numpy().ravel()

    draws = [draw(), draw(stream=1), draw(stream=2), draw(seed=1), draw(step=4), draw(step=5), draw(role=TEST)]
    distinct = np.unique(np.concatenate(draws))
    assert distinct.size == sum(part.size for part in draws)
    np.testing.assert_array_equal(draw(), draws[0])


def test_a_share_is_a_part_of_the_global_mean():
    values = np.random.default_rng(0).normal(size=8)
    parts = [values[:5], values[5:], values[:0]]
    shares = [
        _rows(len(part)).share(tf.reduce_mean(tf.constant(part, tf.float64))) for part in parts
    ]  # the mean of the last is NaN
    assert sum(float(share) for share in shares) == pytest.approx(values.mean(), rel=1e-12)


def test_the_gradient_of_an_empty_share_is_zero():
    weight = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        loss = _rows(0).share(tf.reduce_mean(weight * tf.zeros([0])))
    assert float(tape.gradient(loss, weight)) == 0.0


def test_there_are_rows_within_a_step_only():
    with pytest.raises(RuntimeError, match="belong to a training or test step; pass seeds where there is none"):
        step_rows.running_rows()
    rows = _rows()
    with step_rows.running(rows):
        assert step_rows.running_rows() is rows
    with pytest.raises(RuntimeError, match="belong to a training or test step"):
        step_rows.running_rows()


@pytest.mark.parametrize(("sizes", "num_chains"), [((4, 4), 6), ((4, 4), 20), ((2, 6), 12), ((8, 0), 5), ((8,), 3)])
def test_other_rows_are_dealt_out_in_proportion(sizes, num_chains):
    """Parts of a variable with a row for each chain: taken by their owners and put together, it is whole again."""
    firsts = np.cumsum([0, *sizes[:-1]])
    parts = [_rows(size, first).of(num_chains, "num_chains") for size, first in zip(sizes, firsts, strict=True)]
    assert [int(part.num_rows) for part in parts] == [size * num_chains // 8 for size in sizes]
    values = np.random.default_rng(0).normal(size=(2, num_chains, 3))
    for axis, whole in ((1, values), (0, values[0])):
        mine = [part.gather_mine(tf.constant(whole), axis) for part in parts]
        np.testing.assert_array_equal(np.concatenate(mine, axis), whole)
        padded = [part.pad_others(rows, axis) for part, rows in zip(parts, mine, strict=True)]
        np.testing.assert_array_equal(sum(padded), whole)
    noise = np.concatenate([part.noise((2,), 0, "float32") for part in parts])
    np.testing.assert_array_equal(noise, _rows().of(num_chains, "num_chains").noise((2,), 0, "float32"))
    assert len(np.unique(noise)) == 2 * num_chains


@pytest.mark.parametrize(("num_rows", "num_chains"), [(4, 7), (3, 12)])
def test_rows_that_do_not_come_out_whole_are_refused(num_rows, num_chains):
    message = (
        f"num_chains is {num_chains}; it must be a multiple of the number of replicas, "
        "and each batch must give all replicas equally many rows"
    )
    with pytest.raises(ValueError, match=message):
        _rows(num_rows).of(num_chains, "num_chains")
