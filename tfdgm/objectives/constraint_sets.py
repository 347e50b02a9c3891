"""Posterior regularisation by constraint sets: the q nearest to p with expectations within bounds (NumPy, float64).

    min_q KL(q || p)   with   E_q[phi] <= b + xi,  and the slack
      none       xi = 0
      ball       |xi|_2 <= slack                        E_q[phi] may exceed b by so much in all
      penalty    + slack sum_l xi_l, xi >= 0            exceeding costs slack a unit

The dual has one variable a constraint, and the optimum is q = p exp(-lambda.phi) / Z(lambda):

    max_{lambda >= 0}  -b.lambda - log Z(lambda)  [ball: - slack |lambda|_2]      [penalty: lambda <= slack]

Rows are independent examples with one lambda for all of them: expectations and KL are means over rows, so that a bound
can hold over a batch, such as on a class's share. Features 1 - r(x, y) of rules r with b = 0 and a penalty C for
slack give the rules' soft form with confidences that are at most C.

References:
  Ganchev, Graca, Gillenwater & Taskar (2010), Posterior regularization for structured latent variable models, eq. 2-7
    and section 3.2.
"""

import dataclasses
import functools
from typing import Literal

import numpy as np
from scipy import optimize
from scipy.special import logsumexp

Slack = Literal["none", "ball", "penalty"]

_TOLERANCE = 1e-7  # of what the constraints are violated by, in units of the features' span
_TINY = float(np.finfo(np.float64).tiny)


@dataclasses.dataclass(frozen=True)
class Projection:
    """The q of a constraint set that is nearest to p.

    Attributes:
      log_q: [B, N].
      multipliers: lambda, [L].
      slack: xi, [L]; what expectations exceed the bounds by.
      objective: KL(q || p), with a penalty for slack where there is one; the dual's value, nats.
    """

    log_q: np.ndarray
    multipliers: np.ndarray
    slack: np.ndarray
    objective: float


def project(
    log_p: np.ndarray, features: np.ndarray, bounds: np.ndarray, *, slack_kind: Slack = "none", slack: float = 0.0
) -> Projection:
    """Projects p on {q: E_q[features] <= bounds}, with or without slack, by L-BFGS-B on the dual.

    Args:
      log_p: log probabilities over N states, [B, N]; -inf where there are none.
      features: phi, [B, N, L] or [N, L].
      bounds: b, [L].
      slack_kind: `none`, `ball` or `penalty`.
      slack: the ball's radius, or the price of a unit of slack; 0 with `none`.

    Returns:
      The projection; where a multiplier is positive, its constraint holds with equality up to slack.

    Raises:
      ValueError: for slack that does not go with its kind, or where no q meets the constraints; this names them.
    """
    log_p, features, bounds = (np.asarray(each, np.float64) for each in (log_p, features, bounds))
    _require_slack(slack_kind, slack)
    features = np.broadcast_to(features, (*log_p.shape, len(bounds)))
    radius = slack if slack_kind == "ball" else 0.0
    highest, allowed, limit = np.inf, radius, _largest_divergence(log_p)
    if slack_kind == "penalty":
        highest, allowed, limit = slack, np.inf, np.inf
    excess = np.maximum(_expected(log_p, features) - bounds, 0.0)
    # Of a ball |lambda| has no gradient at 0, which is the optimum where p lies in the set; elsewhere it is smooth.
    if np.linalg.norm(excess) <= radius:
        return Projection(log_p, np.zeros_like(bounds), excess, 0.0)
    found = optimize.minimize(
        functools.partial(_negative_dual, log_p=log_p, features=features, bounds=bounds, radius=radius, limit=limit),
        np.minimum(excess, highest),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, highest)] * len(bounds),
        options={"maxiter": 10_000, "maxfun": 50_000, "ftol": 0.0, "gtol": 1e-10},
    )
    log_q, _ = _tilted(log_p, features, found.x)
    excess = np.maximum(_expected(log_q, features) - bounds, 0.0)
    if np.linalg.norm(excess) > allowed + _TOLERANCE * np.ptp(features):
        raise ValueError(_infeasible(log_p, features, bounds, found.x))
    return Projection(log_q, found.x, excess, -float(found.fun))


def _negative_dual(
    multipliers: np.ndarray,
    *,
    log_p: np.ndarray,
    features: np.ndarray,
    bounds: np.ndarray,
    radius: float,
    limit: float,
) -> tuple[float, np.ndarray]:
    """Minus the dual and its slope [L].

    Raises:
      ValueError: where the dual is above `limit`, which no feasible set allows.
    """
    log_q, log_z = _tilted(log_p, features, multipliers)
    length = float(np.linalg.norm(multipliers))
    value = float(bounds @ multipliers + np.mean(log_z) + radius * length)
    if -value > limit:
        raise ValueError(_infeasible(log_p, features, bounds, multipliers))
    return value, bounds - _expected(log_q, features) + radius * multipliers / max(length, _TINY)


def _tilted(log_p: np.ndarray, features: np.ndarray, multipliers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log q [B, N] and log Z [B] of q = p exp(-lambda.phi) / Z."""
    log_weights = log_p - features @ multipliers
    log_z = np.asarray(logsumexp(log_weights, axis=1, keepdims=True))
    return log_weights - log_z, log_z[:, 0]


def _expected(log_q: np.ndarray, features: np.ndarray) -> np.ndarray:
    """E_q[phi], its mean over the rows, [L]."""
    return np.einsum("bn,bnl->l", np.exp(log_q), features) / len(log_q)


def _largest_divergence(log_p: np.ndarray) -> float:
    """What KL(q || p) of any q is at most: -log of p's least likely state. A dual above it proves the set empty."""
    return float(-np.min(np.where(np.isfinite(log_p), log_p, np.inf), axis=1).mean()) + 1e-9


def _infeasible(log_p: np.ndarray, features: np.ndarray, bounds: np.ndarray, multipliers: np.ndarray) -> str:
    """Says which constraints exclude one another, by the direction in which the dual has no upper end."""
    shares = multipliers / multipliers.sum()
    least = np.where(np.isfinite(log_p), features @ shares, np.inf).min(axis=1).mean()
    concerned = np.flatnonzero(shares > 1e-3)
    sides = " + ".join(f"{shares[i]:.3g} E_q[phi_{i}]" for i in concerned)
    return (
        f"no q on the states of p meets bounds {concerned.tolist()}: {sides} is at least {least:.4g}, and bounds are "
        f"{bounds.tolist()}, which allow {shares @ bounds:.4g}; raise the bounds or give slack"
    )


def _require_slack(slack_kind: str, slack: float) -> None:
    if slack_kind not in ("none", "ball", "penalty"):
        raise ValueError(f"slack_kind is {slack_kind!r}; it must be 'none', 'ball' or 'penalty'")
    if (slack_kind == "none") != (slack == 0.0) or slack < 0.0:
        raise ValueError(f"slack is {slack} and slack_kind {slack_kind!r}; give 0 with 'none', else a positive number")
