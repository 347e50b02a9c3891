"""Transition rules of BIO tags, and what they add to a chain."""

import math

import numpy as np
import pytest

from tfdgm.knowledge.tag_rules import tag_rules, transition_scores

NAMES = ("O", "B-place", "I-place", "B-name", "I-name")


def _may_follow(previous, tag):
    return not tag.startswith("I-") or previous[2:] == tag[2:]


def test_hard_rules_forbid_what_is_no_bio_and_nothing_else():
    found = transition_scores(tag_rules(["inside_continues"], [math.inf], NAMES), NAMES)
    expected = [[0.0 if _may_follow(before, tag) else -math.inf for tag in NAMES] for before in NAMES]
    np.testing.assert_array_equal(found, expected)


def test_soft_rules_cost_their_confidence_times_c():
    found = transition_scores(tag_rules(["inside_continues"], [0.5], NAMES), NAMES, regularization=6.0)
    expected = [[0.0 if _may_follow(before, tag) else -3.0 for tag in NAMES] for before in NAMES]
    np.testing.assert_allclose(found, expected)


def test_without_rules_every_transition_is_free():
    np.testing.assert_array_equal(transition_scores(tag_rules([], [], NAMES), NAMES), np.zeros((5, 5)))


def test_rules_print_one_a_kind():
    assert str(tag_rules(["inside_continues"], [2.0], NAMES)) == (
        "2: (y = I-place => previous in {B-place, I-place})\n2: (y = I-name => previous in {B-name, I-name})"
    )


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"rules has 'outside'; each must be one of inside_continues"):
        tag_rules(["outside"], [1.0], NAMES)
    with pytest.raises(ValueError, match=r"confidences are \(\); the rules \('inside_continues',\) need one each"):
        tag_rules(["inside_continues"], [], NAMES)
    for names in (("O", "I-place"), ("B-place", "I-place")):
        with pytest.raises(ValueError, match="they must be BIO tags"):
            tag_rules(["inside_continues"], [1.0], names)
