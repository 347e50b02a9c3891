"""Opponents: what they say against sums by hand and finite differences, and that it is a function of the seed."""

import dataclasses
import math

import numpy as np
import pytest

from tfdgm.evaluation.disjoint_supports import line_pair
from tfdgm.evaluation.opponents import KINDS, STEPS_AT_ONCE, opponent
from tfdgm.evaluation.wasserstein import assignment_distance

_STAGES = (STEPS_AT_ONCE, 6 * STEPS_AT_ONCE)


@pytest.fixture(scope="module")
def trained():
    """Each kind, after both stages on lines one apart, with what it said."""
    opponents = {kind: opponent(kind, 2, (32, 32)) for kind in KINDS}
    return {kind: (each, each.verdicts(line_pair(1.0, 50), _STAGES)) for kind, each in opponents.items()}


def test_the_discriminator_estimates_the_divergence_from_below(trained):
    model, (early, late) = trained["discriminator"]
    assert 0.0 < early.distance < late.distance <= math.log(2.0)
    assert late.distance == pytest.approx(math.log(2.0), abs=0.01)
    pair = line_pair(1.0, 50)
    real, fake = (1.0 / (1.0 + np.exp(-model.network(x).numpy().astype(float))) for x in (pair.real, pair.fake))
    by_hand = math.log(2.0) + 0.5 * np.mean(np.log(real)) + 0.5 * np.mean(np.log(1.0 - fake))
    assert late.distance == pytest.approx(by_hand, abs=1e-6)


def test_the_critic_over_its_slope_estimates_the_distance_from_below(trained):
    for verdict in trained["critic"][1]:
        assert verdict.distance / verdict.slope <= assignment_distance(*_sets(line_pair(1.0, 50))) + 1e-6
    assert trained["critic"][1][-1].distance / trained["critic"][1][-1].slope == pytest.approx(1.0, abs=0.1)
    assert trained["critic"][1][-1].slope == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_is_that_of_the_estimate_when_the_fake_points_move(trained, kind):
    model, _ = trained[kind]
    pair, step = line_pair(1.0, 50), 1e-2
    ends = [dataclasses.replace(pair, fake=pair.fake + sign * step * pair.velocity) for sign in (-1.0, 1.0)]
    low, high = (model.judge(dataclasses.replace(end, fake=end.fake.astype(np.float32))).distance for end in ends)
    assert model.judge(pair).gradient == pytest.approx((high - low) / (2.0 * step), rel=0.05, abs=1e-5)


def test_the_discriminator_s_gradient_vanishes_and_the_critic_s_does_not(trained):
    early, late = trained["discriminator"][1]
    assert abs(late.gradient) < 0.1 * abs(early.gradient)
    assert trained["critic"][1][-1].gradient == pytest.approx(1.0, abs=0.15)


def test_each_training_starts_over(trained):
    model, found = trained["critic"]
    model.verdicts(line_pair(0.3, 50), _STAGES[:1])
    assert model.verdicts(line_pair(1.0, 50), _STAGES) == found
    assert opponent("critic", 2, (32, 32), seed=1).verdicts(line_pair(1.0, 50), _STAGES[:1]) != found[:1]


def test_a_parameter_that_is_no_real_number_has_no_gradient(trained):
    pair = dataclasses.replace(line_pair(1.0, 50), velocity=None)
    assert math.isnan(trained["critic"][0].judge(pair).gradient)


def _sets(pair):
    return pair.real, pair.fake
