"""Statistics of codes against hand-made ones and NumPy's own."""

import itertools

import numpy as np
import pytest

from tfdgm.evaluation import codes

ALL = np.array(list(itertools.product([0.1, 0.9], repeat=4)))
RNG = np.random.default_rng(0)


def test_correlations_are_pearson_s():
    code = RNG.random((50, 4)) @ RNG.random((4, 4))
    expected = np.abs(np.corrcoef(code, rowvar=False))[np.triu_indices(4, k=1)]
    np.testing.assert_allclose(codes.correlations(code), expected, rtol=1e-10)
    assert codes.mean_correlation(code) == pytest.approx(expected.mean())
    assert codes.max_correlation(code) == pytest.approx(expected.max())
    assert codes.rms_correlation(code) == pytest.approx(np.sqrt(np.mean(expected**2) - 1.0 / 49.0))


def test_a_constant_unit_correlates_with_none():
    code = np.column_stack([RNG.random(20), np.full(20, 0.3)])
    assert codes.correlations(code).tolist() == [0.0]


def test_all_codes_once_are_factorial_and_one_to_one():
    assert codes.max_correlation(ALL) == pytest.approx(0.0, abs=1e-12)
    assert codes.total_correlation(ALL) == pytest.approx(0.0, abs=1e-12)
    assert codes.num_codes(ALL) == 16
    assert codes.num_lost_inputs(ALL, np.eye(16)) == 0


def test_total_correlation_counts_the_bits_that_are_shared():
    copied = np.column_stack([ALL[:, 0], ALL])  # five units, of which two are one
    assert codes.total_correlation(copied) == pytest.approx(1.0)
    odd = np.column_stack([ALL[:, :2], np.abs(ALL[:, 0] - ALL[:, 1])])  # the parity of two, uncorrelated with either
    assert codes.max_correlation(odd) == pytest.approx(0.0, abs=1e-12)
    assert codes.total_correlation(odd) == pytest.approx(1.0)


def test_one_code_for_two_inputs_loses_one_and_no_input_counts_twice():
    code = ALL.copy()
    code[3] = code[5]
    assert codes.num_codes(code) == 15
    assert codes.num_lost_inputs(code, np.eye(16)) == 1
    twice = np.concatenate([ALL, ALL])
    assert codes.num_lost_inputs(twice, np.concatenate([np.eye(16), np.eye(16)])) == 0


def test_chance_is_the_noise_floor_of_the_sample():
    """E|r| of independent units is sqrt(2 / (pi (N - 1))); dependent ones are measured against the same floor."""
    for code in (RNG.random((250, 6)), np.repeat(RNG.random((250, 1)), 6, axis=1)):
        floor = codes.chance(codes.mean_correlation, code)
        assert floor == pytest.approx(np.sqrt(2.0 / np.pi / 249.0), rel=0.1)
        assert floor == codes.chance(codes.mean_correlation, code)
        assert codes.chance(codes.rms_correlation, code) < 0.02  # its own floor is taken off
