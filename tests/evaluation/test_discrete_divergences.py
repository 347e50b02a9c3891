"""Divergences of finite sets against SciPy, against sums by hand, and where nothing is shared."""

import math

import numpy as np
import pytest
import scipy.spatial.distance
import scipy.stats

from tfdgm.evaluation.discrete_divergences import (
    jensen_shannon,
    kullback_leibler,
    on_shared_points,
    total_variation,
)

_A = np.array([[0.0, 1.0], [0.0, 1.0], [2.0, 2.0], [3.0, 1.0]])
_B = np.array([[2.0, 2.0], [0.0, 1.0]])


def test_probabilities_count_equal_points():
    p, q = on_shared_points(_A, _B)
    assert p.tolist() == [0.5, 0.25, 0.25]
    assert q.tolist() == [0.5, 0.5, 0.0]


@pytest.mark.parametrize("seed", range(3))
def test_against_scipy(seed):
    p, q = np.random.default_rng(seed).dirichlet(np.ones(6), size=2)
    assert kullback_leibler(p, q) == pytest.approx(scipy.stats.entropy(p, q))
    assert jensen_shannon(p, q) == pytest.approx(scipy.spatial.distance.jensenshannon(p, q) ** 2)
    assert total_variation(p, q) == pytest.approx(scipy.spatial.distance.cityblock(p, q) / 2)


def test_by_hand_where_one_set_lacks_a_point():
    p, q = on_shared_points(_A, _B)
    assert kullback_leibler(p, q) == math.inf
    assert kullback_leibler(q, p) == pytest.approx(0.5 * math.log(2.0))
    assert total_variation(p, q) == pytest.approx(0.25)


def test_sets_that_share_nothing_are_as_far_as_can_be_however_near():
    for shift in (1e-9, 1.0, 1e6):
        p, q = on_shared_points(_B, _B + shift)
        assert jensen_shannon(p, q) == pytest.approx(math.log(2.0))
        assert total_variation(p, q) == 1.0
        assert kullback_leibler(p, q) == math.inf


def test_a_set_is_no_distance_from_itself():
    p, q = on_shared_points(_A, _A[::-1])
    assert (kullback_leibler(p, q), jensen_shannon(p, q), total_variation(p, q)) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(("a", "b"), [(_A, _B[:, :1]), (_A[:0], _B), (_A[0], _B)])
def test_refused(a, b):
    with pytest.raises(ValueError, match=r"they must be \[N, D\] and \[M, D\]"):
        on_shared_points(a, b)
