"""Projections on constraint sets against SLSQP on the primal problem, and the conditions of Karush, Kuhn and Tucker."""

import numpy as np
import pytest
from scipy import optimize

from tfdgm.objectives.constraint_sets import project

KINDS = [("none", 0.0), ("ball", 0.1), ("penalty", 0.7)]


def _problem(seed, num_rows=1, num_states=8, num_constraints=2):
    """p, features, and bounds that some q meets with room and that p exceeds."""
    rng = np.random.default_rng(seed)
    log_p = np.log(rng.dirichlet(np.ones(num_states), size=num_rows))
    inside = rng.dirichlet(np.ones(num_states), size=num_rows)
    features = rng.normal(size=[num_rows, num_states, num_constraints])
    by_p, by_inside = (np.einsum("bn,bnl->l", q, features) / num_rows for q in (np.exp(log_p), inside))
    signs = np.sign(by_p - by_inside)
    return log_p, features * signs, signs * (0.7 * by_inside + 0.3 * by_p)


def _primal(log_p, features, bounds, kind, slack):
    """min over q, and the slack variables, by SLSQP; q [B, N] and the value."""
    shape, num = log_p.shape, len(bounds)

    def parts(v):
        return v[: log_p.size].reshape(shape), v[log_p.size :]

    def objective(v):
        q, xi = parts(v)
        kl = np.sum(q * (np.log(np.maximum(q, 1e-300)) - log_p)) / shape[0]
        return kl + (slack * xi.sum() if kind == "penalty" else 0.0)

    def room(v):
        q, xi = parts(v)
        return bounds + xi - np.einsum("bn,bnl->l", q, features) / shape[0]

    constraints = [
        {"type": "eq", "fun": lambda v: parts(v)[0].sum(1) - 1.0},
        {"type": "ineq", "fun": room},
    ]
    if kind == "ball":
        constraints.append({"type": "ineq", "fun": lambda v: slack**2 - np.sum(parts(v)[1] ** 2)})
    start = np.concatenate([np.full(log_p.size, 1.0 / shape[1]), np.full(num, 0.01)])
    highest = 0.0 if kind == "none" else 10.0
    found = optimize.minimize(
        objective,
        start,
        method="SLSQP",
        bounds=[(1e-12, 1.0)] * log_p.size + [(0.0, highest)] * num,
        constraints=constraints,
        options={"ftol": 1e-15, "maxiter": 2000},
    )
    return parts(found.x)[0], found.fun


@pytest.mark.parametrize(("kind", "slack"), KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_dual_agrees_with_slsqp_on_the_primal(kind, slack, seed):
    for num_rows, num_states in [(1, 8), (2, 4)]:
        log_p, features, bounds = _problem(seed, num_rows, num_states)
        found = project(log_p, features, bounds, slack_kind=kind, slack=slack)
        q, value = _primal(log_p, features, bounds, kind, slack)
        np.testing.assert_allclose(np.exp(found.log_q), q, atol=1e-6)
        np.testing.assert_allclose(found.objective, value, atol=1e-6)


@pytest.mark.parametrize(("kind", "slack"), KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_conditions_of_the_optimum(kind, slack, seed):
    """Feasible q, lambda >= 0, lambda (E_q[phi] - b - xi) = 0; the primal's value is the dual's."""
    log_p, features, bounds = _problem(seed, num_rows=3, num_states=6, num_constraints=3)
    found = project(log_p, features, bounds, slack_kind=kind, slack=slack)
    q, multipliers = np.exp(found.log_q), found.multipliers
    expected = np.einsum("bn,bnl->l", q, features) / 3
    assert np.all(multipliers >= 0.0)
    assert np.any(multipliers > 0.0)
    np.testing.assert_allclose(q.sum(1), 1.0, rtol=1e-12)
    xi = np.maximum(expected - bounds, 0.0)
    np.testing.assert_allclose(found.slack, xi, atol=1e-12)
    np.testing.assert_allclose(multipliers * (expected - bounds - xi), 0.0, atol=1e-8)
    price = 0.0
    if kind == "none":
        assert np.all(xi <= 1e-8)
    elif kind == "ball":  # xi is in the direction of lambda, and as long as it may be
        np.testing.assert_allclose(xi, slack * multipliers / np.linalg.norm(multipliers), atol=1e-8)
    else:  # slack only where the price is met
        price = slack * xi.sum()
        assert np.all(multipliers <= slack)
        np.testing.assert_allclose(xi * (multipliers - slack), 0.0, atol=1e-8)
    kl = np.sum(q * (found.log_q - log_p)) / 3
    np.testing.assert_allclose(kl + price, found.objective, atol=1e-8)


def test_p_inside_the_set_stays():
    log_p, features, _ = _problem(0)
    bounds = np.exp(log_p[0]) @ features[0] + 0.1
    for kind, slack in KINDS:
        found = project(log_p, features, bounds, slack_kind=kind, slack=slack)
        np.testing.assert_array_equal(found.log_q, log_p)
        np.testing.assert_array_equal(found.multipliers, 0.0)
        assert found.objective == 0.0


def test_share_of_a_class_over_a_batch():
    """At most 30% of 50 examples in class 0, whose predictions say 60%; one multiplier shifts every log odds alike."""
    rng = np.random.default_rng(1)
    odds = rng.normal(0.6, 1.0, size=50)
    log_p = -np.log1p(np.exp(np.stack([-odds, odds], axis=1)))
    found = project(log_p, np.array([[1.0], [0.0]]), np.array([0.3]))
    q = np.exp(found.log_q)
    np.testing.assert_allclose(q[:, 0].mean(), 0.3, atol=1e-9)
    np.testing.assert_allclose(found.log_q[:, 0] - found.log_q[:, 1], odds - found.multipliers[0], rtol=1e-9)


def test_bound_at_the_very_edge_and_states_without_probability():
    """E_q[phi] <= 0 for phi in {0, 1}: the multiplier grows until q has nothing there; -inf states stay out."""
    log_p = np.log([[0.5, 0.25, 0.25]])
    found = project(log_p, np.array([[1.0], [0.0], [0.0]]), np.array([0.0]))
    np.testing.assert_allclose(np.exp(found.log_q), [[0.0, 0.5, 0.5]], atol=1e-7)
    with np.errstate(divide="ignore"):
        log_p = np.log([[0.5, 0.5, 0.0]])
    found = project(log_p, np.array([[2.0], [1.0], [0.0]]), np.array([1.25]))
    np.testing.assert_allclose(np.exp(found.log_q), [[0.25, 0.75, 0.0]], atol=1e-8)


def test_infeasible_set_is_reported():
    log_p = np.log([[0.6, 0.2, 0.2]])
    features = np.array([[1.0, -1.0, 0.0], [2.0, -2.0, 0.0], [3.0, -3.0, 0.0]])  # phi_0 <= 1.5, >= 2.5; phi_2 is free
    with pytest.raises(ValueError, match=r"no q on the states of p meets bounds \[0, 1\].*raise the bounds or give"):
        project(log_p, features, np.array([1.5, -2.5, 1.0]))
    with pytest.raises(ValueError, match="no q"):
        project(log_p, features, np.array([1.5, -2.5, 1.0]), slack_kind="ball", slack=0.5)
    found = project(log_p, features, np.array([1.5, -2.5, 1.0]), slack_kind="ball", slack=0.8)
    np.testing.assert_allclose(np.linalg.norm(found.slack), 0.8, atol=1e-8)
    project(log_p, features, np.array([1.5, -2.5, 1.0]), slack_kind="penalty", slack=5.0)
    with pytest.raises(ValueError, match="no q"):
        project(np.log([[0.5, 0.5, 1e-300]]), features, np.array([0.99, 0.0, 1.0]))


@pytest.mark.parametrize(("kind", "slack"), [("none", 1.0), ("ball", 0.0), ("penalty", -1.0)])
def test_slack_goes_with_its_kind(kind, slack):
    with pytest.raises(ValueError, match=f"slack is {slack} and slack_kind '{kind}'"):
        project(*_problem(0), slack_kind=kind, slack=slack)
    with pytest.raises(ValueError, match="slack_kind is 'some'"):
        project(*_problem(0), slack_kind="some")
