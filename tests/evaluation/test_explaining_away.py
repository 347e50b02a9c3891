"""Explaining away: the figures of the two-cause net, and what makes its posterior factorial."""

import numpy as np
import pytest
import scipy.special

from tfdgm.evaluation import explaining_away

_STATES = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])


@pytest.fixture(scope="module")
def house():
    columns = explaining_away.distributions([-10.0, -10.0], [20.0, 20.0], -20.0)
    return {column.name: column for column in columns}


def test_posterior_of_the_house_that_jumps(house):
    joint = np.exp(-10.0 * _STATES.sum(axis=1)) * scipy.special.expit(20.0 * _STATES.sum(axis=1) - 20.0)
    p = np.exp(house["posterior"].log_p)
    np.testing.assert_allclose(p, joint / joint.sum(), rtol=1e-12)
    np.testing.assert_allclose(p, [0.0000454, 0.4999546, 0.4999546, 0.0000454], rtol=2e-4)


def test_causes_are_independent_until_the_effect_is_seen(house):
    assert house["prior"].correlation(0, 1) == pytest.approx(0.0, abs=1e-9)
    assert house["posterior"].correlation(0, 1) == pytest.approx(-0.999818, abs=1e-6)
    assert house["prior"].total_correlation() == pytest.approx(0.0, abs=1e-12)


def test_a_factorial_posterior_loses_almost_a_bit(house):
    posterior = house["posterior"].log_p
    fit, other_fit = house["marginals"], house["mean field"]
    np.testing.assert_allclose(np.exp(fit.log_p), 0.25, rtol=1e-9)
    assert fit.kl == pytest.approx((np.exp(posterior) * (posterior - np.log(0.25))).sum(), rel=1e-9)
    assert fit.kl == pytest.approx(np.log(2.0), rel=2e-3)
    q = np.exp(other_fit.log_p)
    assert other_fit.kl == pytest.approx((q * (other_fit.log_p - posterior)).sum(), rel=1e-9)
    assert other_fit.kl == pytest.approx(np.log(2.0), rel=2e-3)
    assert q.max() > 0.999  # one of the two explanations, chosen


def test_a_complementary_prior_makes_the_posterior_factorial(house):
    prior, posterior = house["compl. prior"], house["its posterior"]
    assert prior.correlation(0, 1) > 0.999
    # sigmoid(cause_bias + weight) each
    on = scipy.special.expit(10.0)
    np.testing.assert_allclose(
        np.exp(posterior.log_p), np.prod(np.where(_STATES, on, 1.0 - on), axis=1), rtol=1e-9, atol=1e-12
    )
    assert posterior.total_correlation() == pytest.approx(0.0, abs=1e-12)


def test_the_more_causes_explain_the_less_they_need_each_other():
    columns = explaining_away.distributions([-3.0, -2.0, -1.0], [4.0, 5.0, 2.0], -4.0)
    assert columns[1].num_causes == 3
    for first, second in [(0, 1), (0, 2), (1, 2)]:
        assert columns[0].correlation(first, second) == pytest.approx(0.0, abs=1e-12)
        assert columns[1].correlation(first, second) < -0.05
        assert columns[5].correlation(first, second) == pytest.approx(0.0, abs=1e-12)


def test_table_and_picture_show_every_state():
    columns = explaining_away.distributions([-1.0, 0.0, 1.0], [1.0, 1.0, 1.0], 0.0)
    lines = explaining_away.table(columns).splitlines()
    assert [line.split()[0] for line in lines[1:9]] == [f"p({a},{b},{c})" for a in "01" for b in "01" for c in "01"]
    picture = explaining_away.picture(columns)
    assert picture.shape[0] < picture.shape[1] / 6
    assert picture.dtype == np.uint8


def test_brightest_state_is_the_most_probable(house):
    picture = explaining_away.picture([house["posterior"]])
    low, high = picture.shape[0] // 4, 3 * picture.shape[0] // 4
    assert picture[low, low, 0] == picture[high, high, 0] == 0
    assert picture[low, high, 0] == picture[high, low, 0] == 255


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([1.0], [1.0], 0.0), "cause_biases has 1 values; it must have one for each of 2 to 6"),
        (([1.0] * 7, [1.0] * 7, 0.0), "cause_biases has 7 values"),
        (([1.0, 2.0], [1.0], 0.0), "weights has 1 values; cause_biases has 2, one a cause"),
        (([1.0, 2.0], [1.0, np.inf], 0.0), "they must be finite"),
    ],
)
def test_mistakes_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        explaining_away.distributions(*arguments)
