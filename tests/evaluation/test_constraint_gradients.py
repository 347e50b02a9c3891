"""Exact bias and noise of gradient estimators against draws, and their limits in lambda."""

import numpy as np
import pytest

from tfdgm.evaluation.constraint_gradients import NUM_UNITS, cases, estimators, table


def _by_name(rows, strength):
    return {row.name: row for row in rows if row.strength in (0.0, strength)}


@pytest.mark.parametrize("f", cases().values(), ids=["rare", "dense"])
def test_limits_in_lambda(f):
    """Bias falls with lambda; the centred estimator becomes the one with a baseline, the plain one ever noisier."""
    rows = estimators(f, [1e-3, 2e-3])
    small, twice = _by_name(rows, 1e-3), _by_name(rows, 2e-3)
    for name in ("log-derivative", "with baseline"):
        assert small[name].bias < 1e-12
    for name in ("M step, from q*", "M step, weights", "M step, centred"):
        assert twice[name].bias / small[name].bias == pytest.approx(2.0, rel=0.01)
    assert small["M step, centred"].noise == pytest.approx(small["with baseline"].noise, rel=2e-3)
    for name in ("M step, from q*", "M step, weights"):
        assert small[name].noise / twice[name].noise == pytest.approx(2.0, rel=0.01)


def test_a_rare_constraint_is_learned_from_by_samples_of_q_not_by_weights():
    rows = _by_name(estimators(next(iter(cases().values())), [10.0]), 10.0)
    assert rows["log-derivative"].noise > 30.0
    assert rows["M step, from q*"].noise < 1.0
    assert rows["M step, weights"].noise > 30.0


def test_noise_is_that_of_draws():
    """Of the share of units on: f (x - 0.3), and (x - 0.3) / lambda of x from q*, odds e^(1/10) times those of p."""
    rng = np.random.default_rng(0)
    rows = _by_name(estimators(cases()["share on"], [1.0]), 1.0)
    odds = 0.3 / 0.7 * np.exp(0.1)
    for name, on in (("log-derivative", 0.3), ("M step, from q*", odds / (1.0 + odds))):
        x = (rng.uniform(size=[200_000, NUM_UNITS]) < on).astype(float)
        draws = (x - 0.3) * (x.mean(1, keepdims=True) if name == "log-derivative" else 1.0)
        exact = np.full(NUM_UNITS, 0.3 * 0.7 / NUM_UNITS if name == "log-derivative" else on - 0.3)
        noise = np.sqrt(draws.var(axis=0).sum()) / np.linalg.norm(exact)
        assert rows[name].noise == pytest.approx(noise, rel=0.02)


def test_table_has_a_row_an_estimator():
    rows = estimators(cases()["share on"], [0.5, 2.0])
    lines = table("share on", rows).splitlines()
    assert lines[0] == "f = share on"
    assert len(lines) == 2 + len(rows) == 10
