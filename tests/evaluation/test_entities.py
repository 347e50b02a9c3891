"""Entities of BIO tags, by hand."""

import numpy as np
import pytest

from tfdgm.core.types import DataSpec
from tfdgm.evaluation.entities import (
    counts,
    entities,
    entity_f1,
    f1,
    num_invalid,
    num_invalid_tags,
    teacher_entity_f1,
    teacher_gain_in_f1,
    teacher_num_invalid_tags,
)

NAMES = ("O", "B-a", "I-a", "B-b", "I-b")


def test_entities_go_from_their_beginning_to_their_last_word():
    tags = ["B-a", "I-a", "O", "B-b", "B-b", "I-b", "I-a", "O", "I-a"]
    assert entities(tags) == {(0, 2, "a"), (3, 4, "b"), (4, 6, "b"), (6, 7, "a"), (8, 9, "a")}
    assert num_invalid(tags) == 2
    assert entities(["O", "O"]) == set()
    assert num_invalid(["I-b", "I-b"]) == 1  # the second stands behind an I-b


def test_counts_are_of_exact_matches_within_sentences():
    labels = np.array([[1, 2, 0, 3, -1], [1, 0, 0, -1, -1]])
    tags = np.array([[1, 2, 0, 1, 3], [1, 2, 0, 0, 0]])
    found = counts(labels, tags, NAMES)
    np.testing.assert_array_equal(found, [[2, 2, 1, 0], [1, 1, 0, 0]])
    assert f1(found) == pytest.approx(2.0 * 1 / 6)
    assert f1(np.zeros((2, 4))) == 0.0


def test_figures_are_of_student_and_teacher_side_by_side():
    spec = DataSpec((3, 2), "int32", "tokens", num_classes=5, class_names=NAMES, vocabulary=("", "[UNK]"))
    labels = np.array([[1, 2, 0], [0, 3, -1], [1, 0, 3]])
    student, teacher = np.array([[1, 2, 0], [0, 4, 0], [0, 0, 2]]), np.array([[1, 2, 0], [0, 3, 0], [1, 0, 0]])
    tags = np.concatenate([labels, student, teacher], axis=1).astype(np.float64)
    # The student's I-b is an entity of kind b at the right place; its last one is of kind a.
    by_hand = [2.0 * 2 / (4 + 3), 2.0 * 3 / (4 + 3)]
    assert entity_f1(tags, spec)[0] == pytest.approx(by_hand[0])
    assert teacher_entity_f1(tags, spec)[0] == pytest.approx(by_hand[1])
    gain, error = teacher_gain_in_f1(tags, spec)
    assert gain == pytest.approx(by_hand[1] - by_hand[0])
    assert error > 0.0
    assert num_invalid_tags(tags, spec) == (2.0, None)
    assert teacher_num_invalid_tags(tags, spec) == (0.0, None)


def test_the_bootstrap_error_is_that_of_a_mean_where_the_figure_is_one():
    """Of sentences with one entity each, found exactly or not: F1 is the share of those found."""
    spec = DataSpec((1, 2), "int32", "tokens", num_classes=5, class_names=NAMES, vocabulary=("", "[UNK]"))
    right = np.random.default_rng(0).random(400) < 0.3
    tags = np.stack([np.ones(400), np.where(right, 1, 3), np.ones(400)], axis=1)
    value, error = entity_f1(tags, spec)
    assert value == pytest.approx(right.mean())
    assert error == pytest.approx(np.sqrt(value * (1.0 - value) / 400), rel=0.1)
