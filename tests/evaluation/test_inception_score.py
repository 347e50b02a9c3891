import math

import numpy as np
import pytest
import scipy.stats

from tfdgm.evaluation.inception_score import checked_probabilities, inception_score


def test_sure_and_even_is_the_number_of_classes():
    assert inception_score(np.tile(np.eye(7), (20, 1)), num_splits=10) == (pytest.approx(7.0), pytest.approx(0.0))


@pytest.mark.parametrize("rows", [np.full((200, 4), 0.25), np.tile([1.0, 0.0, 0.0, 0.0], (200, 1))])
def test_never_sure_or_always_of_one_class_is_1(rows):
    assert inception_score(rows) == (pytest.approx(1.0), pytest.approx(0.0))


def test_it_is_the_exponential_of_the_mutual_information():
    """Half the samples p = (0.9, 0.1), half the other way: exp(log 2 - H(0.9))."""
    rows = np.tile([[0.9, 0.1], [0.1, 0.9]], (50, 1))
    expected = 2.0 * math.exp(0.9 * math.log(0.9) + 0.1 * math.log(0.1))
    assert inception_score(rows, num_splits=2)[0] == pytest.approx(expected)


def test_parts_are_scored_apart_as_scipy_has_the_divergence():
    rows = np.random.default_rng(0).dirichlet(np.full(5, 0.3), size=103)
    scores = [
        math.exp(np.mean([scipy.stats.entropy(row, part.mean(axis=0)) for row in part]))
        for part in (rows[:25], rows[25:50], rows[50:75], rows[75:100])
    ]
    value, deviation = inception_score(rows, num_splits=4)
    assert value == pytest.approx(np.mean(scores))
    assert deviation == pytest.approx(np.std(scores, ddof=1))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (np.full((99, 10), 0.1), "there are 99 samples; a score of 10 classes in 10 parts needs at least 100"),
        (np.full((200, 4), 0.3), "rows sum to 1.2 to 1.2; they must be at least 0 and sum to 1"),
        (np.tile([1.5, -0.5], (200, 1)), "probabilities lie between -0.5 and 1.5"),
        (np.full((200, 2), np.nan), "they must be at least 0 and sum to 1"),
        (np.ones((200, 1)), r"probabilities have shape \(200, 1\)"),
    ],
)
def test_what_gives_no_score_is_refused(rows, words):
    with pytest.raises(ValueError, match=words):
        inception_score(rows)


def test_sums_that_rounding_left_are_set_right():
    rows = checked_probabilities(np.array([[0.5, 0.5001]], np.float32))
    assert rows.sum() == pytest.approx(1.0, abs=1e-15)
