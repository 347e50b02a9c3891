"""Row randomness: the published vectors, the distributions, and what a draw may and may not depend on."""

import hypothesis
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
from hypothesis import strategies as st

from tfdgm.core import philox

ALL_ONES = 0xFFFFFFFF
SEEDS = np.arange(200, dtype=np.int64) * 7919 + 3


# Random123, kat_vectors: counter, key, output.
@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((ALL_ONES,) * 4, (ALL_ONES,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_known_answers(counter, key, expected):
    words = philox.philox4x32(
        [tf.constant(word, tf.int64) for word in counter], [tf.constant(k, tf.int64) for k in key]
    )
    assert tuple(int(word) for word in words) == expected


def test_bits_are_philox_words_of_the_documented_counter():
    seed, stream, step, role = 0x299F31D0A4093822, 5, 11, 1
    bits = philox.random_bits(tf.constant([seed], tf.int64), 6, stream=stream, step=step, role=role)
    expected = []
    for block in (0, 1):
        counter = [tf.constant(word, tf.int64) for word in (block, stream, step, role)]
        expected += [int(word) for word in philox.philox4x32(counter, [0xA4093822, 0x299F31D0])]
    assert bits.numpy()[0].tolist() == expected[:6]


@pytest.mark.parametrize("word", [0, ALL_ONES])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extreme_bits_give_no_extreme_values(monkeypatch, word, dtype):
    monkeypatch.setattr(
        philox,
        "random_bits",
        lambda seeds, num_words, **_: tf.fill([len(seeds), num_words], tf.constant(word, tf.int64)),
    )
    seeds = tf.constant([1], tf.int64)
    uniform = philox.row_uniform(seeds, (3,), dtype=dtype).numpy()
    assert ((uniform > 0.0) & (uniform < 1.0)).all()
    normal = philox.row_normal(seeds, (3,), dtype=dtype).numpy()
    assert np.isfinite(normal).all()
    assert (np.abs(normal) > 5.0).all()  # the bits did reach the ends


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_normals_are_finite_in_16_bits(dtype):
    normals = tf.cast(philox.row_normal(tf.constant(SEEDS), (500,), dtype=dtype), tf.float32).numpy()
    assert np.isfinite(normals).all()
    assert normals.std() == pytest.approx(1.0, abs=0.01)


def test_uniforms_refuse_16_bits():
    with pytest.raises(ValueError, match="dtype is float16; uniforms need float32 or float64"):
        philox.row_uniform(tf.constant([1], tf.int64), dtype="float16")


def test_uniforms_are_uniform_and_normals_normal():
    uniform = philox.row_uniform(tf.constant(SEEDS), (500,)).numpy().astype(np.float64).ravel()
    normal = philox.row_normal(tf.constant(SEEDS), (500,)).numpy().astype(np.float64).ravel()
    assert scipy.stats.kstest(uniform, "uniform").pvalue > 1e-3
    assert scipy.stats.kstest(normal, "norm").pvalue > 1e-3
    error = 4.0 / np.sqrt(normal.size)
    assert normal.mean() == pytest.approx(0.0, abs=error)
    assert normal.var() == pytest.approx(1.0, abs=error * np.sqrt(2.0))
    assert scipy.stats.skew(normal) == pytest.approx(0.0, abs=error * np.sqrt(6.0))
    assert scipy.stats.kurtosis(normal) == pytest.approx(0.0, abs=error * np.sqrt(24.0))


def test_whole_numbers_are_equally_likely_and_of_their_row_alone():
    seeds = tf.range(6000, dtype=tf.int64)
    numbers = philox.row_integer(seeds, 6).numpy()
    assert scipy.stats.chisquare(np.bincount(numbers, minlength=6)).pvalue > 1e-3
    assert set(numbers) == set(range(6))
    np.testing.assert_array_equal(philox.row_integer(seeds[40:50], 6), numbers[40:50])
    assert np.mean(philox.row_integer(seeds, 6, stream=1) == numbers) < 0.2


def test_draws_of_a_row_and_of_neighbours_are_uncorrelated():
    normal = philox.row_normal(tf.constant(np.arange(400)), (400,)).numpy()
    bound = 5.0 / np.sqrt(normal.size)
    assert abs((normal[:, 1:] * normal[:, :-1]).mean()) < bound
    assert abs((normal[1:] * normal[:-1]).mean()) < bound


@pytest.mark.parametrize("bound", [0.1, 0.7, 2.0])
def test_truncated_normals(bound):
    draws = philox.row_normal(tf.constant(SEEDS), (500,), truncation=tf.fill([len(SEEDS)], bound)).numpy()
    assert np.abs(draws).max() < bound
    expected = scipy.stats.truncnorm(-bound, bound)
    assert draws.var() == pytest.approx(expected.var(), rel=0.02)
    assert scipy.stats.kstest(draws.astype(np.float64).ravel(), expected.cdf).pvalue > 1e-3


def test_infinite_truncation_is_the_plain_normal():
    seeds = tf.constant(SEEDS)
    truncated = philox.row_normal(seeds, (5,), truncation=tf.fill([len(SEEDS)], np.inf))
    np.testing.assert_array_equal(truncated, philox.row_normal(seeds, (5,)))


@pytest.mark.parametrize("other", [{"stream": 1}, {"step": 1}, {"role": 1}, {"stream": 2, "step": 3}])
def test_streams_steps_and_roles_are_independent(other):
    seeds = tf.constant(SEEDS)
    base = philox.random_bits(seeds, 200).numpy().ravel()
    bits = philox.random_bits(seeds, 200, **other).numpy().ravel()
    assert (base == bits).mean() < 1e-3
    correlation = np.corrcoef(base.astype(np.float64), bits.astype(np.float64))[0, 1]
    assert abs(correlation) < 5.0 / np.sqrt(base.size)
    folded = philox.fold_in(seeds, **other).numpy()
    assert not np.isin(folded, philox.fold_in(seeds).numpy()).any()


def test_folded_seeds_are_distinct_and_not_negative():
    steps = tf.range(1000, dtype=tf.int64)
    folded = np.concatenate(
        [philox.fold_in(tf.fill([1000], tf.constant(seed, tf.int64)), step=steps).numpy() for seed in (0, 1, 2)]
    )
    assert np.unique(folded).size == folded.size
    assert folded.min() >= 0


def test_folding_keeps_apart_from_draws_of_the_same_seed():
    seeds = tf.constant(SEEDS)
    words = philox.fold_in(seeds, 1).numpy() & ALL_ONES
    assert not np.isin(words, philox.random_bits(seeds, 64, stream=1).numpy()).any()


@hypothesis.settings(max_examples=20, deadline=None)
@hypothesis.given(
    seeds=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=6),
    num_words=st.integers(1, 9),
    more=st.integers(0, 5),
)
def test_a_row_depends_on_its_seed_alone(seeds, num_words, more):
    batch = philox.random_bits(tf.constant(seeds, tf.int64), num_words + more).numpy()
    for row, seed in enumerate(seeds):
        alone = philox.random_bits(tf.constant([seed], tf.int64), num_words).numpy()
        np.testing.assert_array_equal(batch[row, :num_words], alone[0])


def test_steps_a_row_equal_one_step_for_all():
    seeds = tf.constant(SEEDS[:3])
    rows = philox.random_bits(seeds, 4, step=tf.constant([4, 5, 6], tf.int64)).numpy()
    for row, step in enumerate((4, 5, 6)):
        np.testing.assert_array_equal(rows[row], philox.random_bits(seeds, 4, step=step).numpy()[row])


def test_graph_and_xla_give_the_bits_of_eager_mode():
    def draw(seeds):
        return philox.random_bits(seeds, 7, stream=3, step=9), philox.row_normal(seeds, (7,))

    seeds = tf.constant(SEEDS)
    bits, normals = draw(seeds)
    for jit_compile in (False, True):
        traced = tf.function(draw, jit_compile=jit_compile, input_signature=[tf.TensorSpec([None], tf.int64)])
        traced_bits, traced_normals = traced(seeds)
        np.testing.assert_array_equal(traced_bits, bits)
        np.testing.assert_allclose(traced_normals, normals, rtol=1e-5, atol=1e-6)


def test_fresh_where_negative_replaces_negative_seeds_only():
    seeds = tf.constant([-1, 0, 5, -7, 2**62], tf.int64)
    first, second = philox.fresh_where_negative(seeds).numpy(), philox.fresh_where_negative(seeds).numpy()
    np.testing.assert_array_equal(first[[1, 2, 4]], [0, 5, 2**62])
    fresh = np.concatenate([first[[0, 3]], second[[0, 3]]])
    assert np.unique(fresh).size == 4
    assert ((fresh >= 0) & (fresh < 2**53)).all()


def test_fresh_seeds_ignore_the_global_seed():
    draws = []
    for _ in range(2):
        tf.random.set_seed(0)
        draws.append(int(philox.fresh_where_negative(tf.constant([-1], tf.int64))[0]))
    assert draws[0] != draws[1]
