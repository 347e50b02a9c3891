"""Rules and sets of them."""

import math

import numpy as np
import pytest

from tfdgm.knowledge.formulas import World, fact, label_is, on_average
from tfdgm.knowledge.rules import Rule, RuleSet

HOT = np.array([0.2, 1.0])
WORLD = World({"hot": HOT, "sign": np.zeros((2, 3))}, ("red", "green"), dtype="float64")
HEAT, ALWAYS = fact("hot") >> label_is("red"), ~label_is("red")


def test_truth_has_every_rule_of_every_label_in_order():
    rules = RuleSet([Rule(HEAT, 2.0), Rule(ALWAYS, math.inf)])
    found = np.asarray(rules.truth(WORLD))
    np.testing.assert_allclose(found[..., 0], [[1.0, 0.8], [1.0, 0.0]])
    np.testing.assert_allclose(found[..., 1], [[0.0, 1.0], [0.0, 1.0]])
    assert rules.confidences == (2.0, math.inf)
    assert str(rules) == "2: (hot(S) => y = red)\ninf: not (y = red)"


def test_a_rule_counts_once():
    with pytest.raises(ValueError, match=r"the rule \(hot\(S\) => y = red\) is there twice"):
        RuleSet([Rule(HEAT, 1.0), Rule(fact("hot") >> label_is("red"), 2.0)])


@pytest.mark.parametrize("confidence", [-1.0, math.nan])
def test_confidence_is_at_least_0(confidence):
    with pytest.raises(ValueError, match=r"confidence is (-1\.0|nan) in the rule"):
        Rule(HEAT, confidence)


def test_groundings_left_open_are_refused():
    sign = fact("sign", grounded=True)
    with pytest.raises(ValueError, match=r"leaves groundings open; for_all, exists or on_average"):
        RuleSet([Rule(sign)]).truth(WORLD)
    assert RuleSet([Rule(on_average(sign))]).truth(WORLD).shape == (2, 2, 1)
