"""Formulas: how they read, and their truth against plain Python on every class, place and example."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.knowledge.formulas import World, average, exists, fact, for_all, label_is, on_average
from tfdgm.knowledge.soft_logic import SOFT_LOGICS

RNG = np.random.default_rng(0)
CLASSES = ("red", "green", "blue")
HOT = RNG.random(4)
SIGNS = RNG.random((4, 5))
GUESS = RNG.random((4, 3))
NAMES = (RNG.random((4, 5)) < 0.5).astype(np.float64)
FACTS = {"hot": HOT, "sign": SIGNS, "guess": GUESS, "is_name": NAMES}


def _world(logic="lukasiewicz", variables=("y",)):
    return World(FACTS, CLASSES, variables, logic, "float64")


def _truth(formula, **kwargs):
    return np.asarray(formula.truth(_world(**kwargs)))


def test_formulas_print_as_they_read():
    formula = fact("hot") >> average(label_is("red") & ~fact("guess", "blue"), label_is("red", "green"))
    assert str(formula) == "(hot(S) => average((y = red and not (guess(S, blue))), y in {red, green}))"
    quantified = for_all(fact("sign", grounded=True) | label_is("blue"), such_that=fact("is_name", grounded=True))
    assert str(quantified) == "for all t with is_name(S, t): (sign(S, t) or y = blue)"


def test_truth_of_each_label_is_by_hand():
    found = _truth(fact("hot") >> (label_is("red") & ~fact("guess", "blue")))
    for b, k in itertools.product(range(4), range(3)):
        conjunction = max(0.0, float(k == 0) + (1.0 - GUESS[b, 2]) - 1.0)
        assert found[b, 0, k] == pytest.approx(min(1.0, 1.0 - HOT[b] + conjunction))


def test_averaging_conjunction_is_the_mean():
    found = _truth(average(fact("hot"), label_is("green"), fact("guess", "red")))
    for b, k in itertools.product(range(4), range(3)):
        assert found[b, 0, k] == pytest.approx((HOT[b] + float(k == 1) + GUESS[b, 0]) / 3.0)


@pytest.mark.parametrize("logic", ["product", "goedel"])
def test_quantifiers_go_over_the_places_that_are_meant(logic):
    sign, is_name = fact("sign", grounded=True), fact("is_name", grounded=True)
    every, some = _truth(for_all(sign, is_name), logic=logic), _truth(exists(sign, is_name), logic=logic)
    middle = _truth(on_average(sign, is_name), logic=logic)
    for b in range(4):
        meant = SIGNS[b][NAMES[b] > 0]
        assert every[b, 0, 0] == pytest.approx(meant.prod() if logic == "product" else meant.min(initial=1.0))
        by_some = 1.0 - (1.0 - meant).prod() if logic == "product" else meant.max(initial=0.0)
        assert some[b, 0, 0] == pytest.approx(by_some)
        assert middle[b, 0, 0] == pytest.approx(meant.mean())


def test_of_no_place_at_all_everything_is_true_and_nothing_exists():
    world = World({"sign": SIGNS, "never": np.zeros((4, 5))}, CLASSES, dtype="float64")
    sign, never = fact("sign", grounded=True), fact("never", grounded=True)
    for logic in ("lukasiewicz", "product", "goedel"):
        world = World(world.facts, CLASSES, logic=logic, dtype="float64")
        np.testing.assert_array_equal(for_all(sign, never).truth(world), np.ones((4, 1, 1)))
        np.testing.assert_array_equal(exists(sign, never).truth(world), np.zeros((4, 1, 1)))
        np.testing.assert_array_equal(on_average(sign, never).truth(world), np.ones((4, 1, 1)))


@pytest.mark.parametrize("logic", ["lukasiewicz", "product", "goedel"])
def test_quantifiers_over_the_batch_have_one_truth_for_all_its_rows(logic):
    hot, sure = fact("hot"), fact("guess", "blue")
    every = _truth(for_all(hot | label_is("red"), sure, over="examples"), logic=logic)
    connectives = SOFT_LOGICS[logic]
    for k in range(3):
        rows = [connectives.any_of(tf.constant([h, float(k == 0)], tf.float64), 0)[0] for h in HOT]
        implied = [
            connectives.implies(tf.constant(s, tf.float64), row) for s, row in zip(GUESS[:, 2], rows, strict=True)
        ]
        assert every[0, 0, k] == pytest.approx(float(connectives.all_of(tf.stack(implied), 0)[0]))
    assert every.shape == (1, 1, 3)
    mean = _truth(on_average(hot, sure, over="examples"), logic=logic)
    assert mean[0, 0, 0] == pytest.approx(np.average(HOT, weights=GUESS[:, 2]))
    assert str(exists(hot, sure, over="examples")) == "exists S with guess(S, blue): hot(S)"
    with pytest.raises(ValueError, match=r"over is 'words'; it must be one of examples, places"):
        exists(hot, over="words")


def test_two_label_variables_have_an_axis_each():
    formula = label_is("blue") >> label_is("red", "blue", variable="previous")
    found = np.asarray(formula.truth(_world(variables=("previous", "y"))))
    assert found.shape == (1, 1, 3, 3)
    for before, now in itertools.product(range(3), repeat=2):
        assert found[0, 0, before, now] == float(now != 2 or before in (0, 2))


def test_what_is_wrong_is_named():
    with pytest.raises(ValueError, match=r"fact is 'cold'; it must be one of guess, hot, is_name, sign"):
        _truth(fact("cold"))
    with pytest.raises(ValueError, match=r"class is 'mauve'; it must be one of red, green, blue"):
        _truth(label_is("mauve"))
    with pytest.raises(ValueError, match=r"fact 'sign' has shape \(4, 5\); it must be \[B\]"):
        _truth(fact("sign"))
    with pytest.raises(ValueError, match=r"variable is 'z'; it must be one of y"):
        _truth(label_is("red", variable="z"))
    with pytest.raises(ValueError, match=r"logic is 'fuzzy'"):
        _world(logic="fuzzy")
    for build in (label_is, average):
        with pytest.raises(ValueError, match=r"is \(\)"):
            build()
