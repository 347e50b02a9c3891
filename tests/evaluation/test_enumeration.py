"""Enumeration against sums over all joint states, written out in NumPy."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.evaluation import enumeration
from tfdgm.math.harmonium import Harmonium
from tfdgm.math.units import BERNOULLI, Gaussian, Joined, Softmax


def binary(num):
    return np.array(list(itertools.product([0.0, 1.0], repeat=num)))


def one_hot_groups(num_groups, num_categories):
    return np.array([np.concatenate(rows) for rows in itertools.product(np.eye(num_categories), repeat=num_groups)])


def log_masses(harmonium, v, h):
    """log of h(v) = 1 times exp(b'v + c'h + v'Wh) for all pairs, [len(v), len(h)]."""
    kernel, b, c = (x.numpy() for x in (harmonium.kernel, harmonium.visible_bias, harmonium.hidden_bias))
    return (v @ b)[:, None] + (h @ c)[None, :] + v @ kernel @ h.T


def log_sum(values):
    return float(tf.reduce_logsumexp(tf.constant(values, tf.float64)))


@pytest.mark.parametrize(("num_visible", "num_hidden", "side"), [(6, 4, "hidden"), (4, 6, "visible"), (5, 5, "hidden")])
def test_log_partition_of_binary_visibles_is_the_sum_over_joint_states(make_harmonium, num_visible, num_hidden, side):
    harmonium = make_harmonium(num_visible, num_hidden)
    found = enumeration.enumerate_states(harmonium)
    expected = log_sum(log_masses(harmonium, binary(num_visible), binary(num_hidden)))
    assert found.side == side
    assert found.num_units == min(num_visible, num_hidden)
    assert found.log_partition() == pytest.approx(expected, abs=1e-12)


def test_log_partition_of_one_hot_visibles_is_the_sum_over_joint_states(make_harmonium):
    harmonium = make_harmonium(6, 4, visible=Softmax(3))
    expected = log_sum(log_masses(harmonium, one_hot_groups(2, 3), binary(4)))
    assert enumeration.enumerate_states(harmonium).log_partition() == pytest.approx(expected, abs=1e-12)


def test_log_partition_of_joined_visibles_is_the_sum_over_joint_states(make_harmonium):
    harmonium = make_harmonium(7, 4, visible=Joined(((BERNOULLI, 4), (Softmax(3), 3))))
    v = np.array([np.concatenate(pair) for pair in itertools.product(binary(4), np.eye(3))])
    expected = log_sum(log_masses(harmonium, v, binary(4)))
    assert enumeration.enumerate_states(harmonium).log_partition() == pytest.approx(expected, abs=1e-12)


def test_log_partition_of_gaussian_visibles_is_the_integral_over_them(make_harmonium):
    harmonium = make_harmonium(2, 3, visible=Gaussian())
    line = np.linspace(-14.0, 14.0, 281)
    v = np.array(list(itertools.product(line, line)))
    log_base = -0.5 * np.sum(v**2 + np.log(2.0 * np.pi), axis=1)
    # The trapezoidal rule converges faster than any power where an integrand dies off smoothly.
    expected = log_sum(log_masses(harmonium, v, binary(3)) + log_base[:, None]) + 2.0 * np.log(line[1] - line[0])
    assert enumeration.enumerate_states(harmonium).log_partition() == pytest.approx(expected, abs=1e-10)


def test_sums_run_in_float64_whatever_the_parameters_are(make_harmonium):
    harmonium = make_harmonium(6, 4)
    parameters = [tf.cast(x, tf.float32) for x in (harmonium.kernel, harmonium.visible_bias, harmonium.hidden_bias)]
    rounded = Harmonium(*(tf.cast(x, tf.float64) for x in parameters))
    assert enumeration.enumerate_states(Harmonium(*parameters)).log_partition() == pytest.approx(
        enumeration.enumerate_states(rounded).log_partition(), abs=1e-13
    )


def test_blocks_do_not_matter(make_harmonium, monkeypatch):
    harmonium = make_harmonium(9, 7)
    whole = enumeration.enumerate_states(harmonium).log_masses
    monkeypatch.setattr(enumeration, "_BLOCK_VALUES", 9 * 10)  # blocks of 8 states
    np.testing.assert_allclose(enumeration.enumerate_states(harmonium).log_masses, whole, rtol=1e-14)


def test_a_side_of_20_units_is_enumerated_and_one_of_21_is_not(make_harmonium):
    assert enumeration.side(make_harmonium(30, 20)) == "hidden"
    assert enumeration.side(make_harmonium(20, 30)) == "visible"
    assert enumeration.side(make_harmonium(20, 30, visible=Gaussian())) is None
    assert enumeration.side(make_harmonium(5, 20, visible=Gaussian())) == "hidden"
    large = make_harmonium(22, 21)
    assert enumeration.side(large) is None
    with pytest.raises(ValueError, match="22 visible and 21 hidden units; enumeration needs a side of at most 20"):
        enumeration.enumerate_states(large)


@pytest.mark.parametrize(("num_visible", "num_hidden"), [(4, 3), (3, 4)])
def test_samples_follow_the_exact_distribution(make_harmonium, num_visible, num_hidden):
    harmonium, num = make_harmonium(num_visible, num_hidden), 20_000
    v = binary(num_visible)
    logs = np.logaddexp.reduce(log_masses(harmonium, v, binary(num_hidden)), axis=1)
    expected = num * np.exp(logs - np.logaddexp.reduce(logs))
    samples = enumeration.enumerate_states(harmonium).samples(tf.range(num, dtype=tf.int64)).numpy()
    counts = np.bincount((samples @ 2.0 ** np.arange(num_visible)[::-1]).astype(int), minlength=len(v))

    def chi_square(expected):
        return np.sum((counts - expected) ** 2 / expected)

    degrees = len(v) - 1
    assert chi_square(expected) < degrees + 4.0 * np.sqrt(2.0 * degrees)
    # So many samples tell it from a distribution a twentieth away.
    assert chi_square(0.95 * expected + 0.05 * num / len(v)) > degrees + 4.0 * np.sqrt(2.0 * degrees)


def test_samples_of_gaussian_visibles_have_the_exact_mean_and_covariance(make_harmonium):
    harmonium, num = make_harmonium(3, 2, visible=Gaussian()), 20_000
    found = enumeration.enumerate_states(harmonium)
    p = np.exp(found.log_masses.numpy() - found.log_partition())
    h = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], float)  # the lowest digit is the first unit's
    means = h @ harmonium.kernel.numpy().T + harmonium.visible_bias.numpy()
    mean = p @ means
    covariance = np.eye(3) + (means - mean).T @ (p[:, None] * (means - mean))
    samples = found.samples(tf.range(num, dtype=tf.int64)).numpy()
    error = np.sqrt(np.diag(covariance) / num)
    np.testing.assert_array_less(np.abs(samples.mean(axis=0) - mean), 4.0 * error)
    np.testing.assert_allclose(np.cov(samples.T), covariance, atol=0.06)


def test_a_sample_depends_on_its_own_seed_alone(make_harmonium):
    found = enumeration.enumerate_states(make_harmonium(6, 4))
    seeds = tf.constant([5, 1, 9, 2**40], tf.int64)
    np.testing.assert_array_equal(found.samples(seeds)[1:3], found.samples(seeds[1:3]))
