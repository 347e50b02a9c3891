"""Codes against labels, by hand and by trying out every matching."""

import itertools

import numpy as np
import pytest

from tfdgm.evaluation import code_classes


def test_names_of_categories_do_not_matter():
    label = np.array([0, 0, 1, 1, 2, 2])
    np.testing.assert_array_equal(code_classes.is_matched(np.array([2, 2, 0, 0, 1, 1]), label), np.ones(6))
    np.testing.assert_array_equal(code_classes.is_matched(np.array([2, 2, 0, 0, 1, 0]), label), [1, 1, 1, 1, 1, 0])


def test_the_matching_is_the_best_of_all():
    rng = np.random.default_rng(0)
    category, label = rng.integers(5, size=200), rng.integers(5, size=200)
    best = max(np.mean(np.array(order)[category] == label) for order in itertools.permutations(range(5)))
    assert code_classes.is_matched(category, label).mean() == pytest.approx(best)


def test_a_class_is_matched_with_one_category_at_most_and_left_out_where_there_are_too_few():
    split = code_classes.is_matched(np.array([0, 1, 1, 2]), np.array([0, 0, 0, 1]))
    np.testing.assert_array_equal(split, [0, 1, 1, 1])
    joined = code_classes.is_matched(np.array([0, 0, 0, 1]), np.array([0, 1, 1, 2]))
    np.testing.assert_array_equal(joined, [0, 1, 1, 1])


def test_the_nearest_code_of_the_reference_says_which_class():
    rng = np.random.default_rng(0)
    code, reference = rng.normal(size=(40, 3)), rng.normal(size=(60, 3))
    label, reference_label = rng.integers(4, size=40), rng.integers(4, size=60)
    nearest = np.argmin(((code[:, np.newaxis] - reference) ** 2).sum(axis=-1), axis=1)
    found = code_classes.is_as_nearest(code, label, reference, reference_label)
    np.testing.assert_array_equal(found, reference_label[nearest] == label)
    assert 0.0 < found.mean() < 1.0
