"""Critics beside the distance that they stand for, as tables and panels."""

from collections.abc import Sequence

import numpy as np

from tfdgm.evaluation.critic_curve import CriticCurve
from tfdgm.evaluation.plots import Curve, Panel

_HEAD = (
    f"{'step':>7}{'estimate':>12}{'slope':>12}{'|gradient|':>12}"
    f"{'W_1':>10}{'estimate/slope':>16}{'share of W_1':>14}{'estimate/|gradient|':>21}"
)


def table(curve: CriticCurve) -> str:
    """A row a look, and a line on whether the inequality holds; what is over the mean gradient is no bound."""
    bound = curve.bound()
    shares = bound / curve.wasserstein
    mean = np.divide(curve.estimate, curve.gradient_norm, out=np.zeros_like(bound), where=curve.gradient_norm > 0.0)
    columns = (curve.steps, curve.estimate, curve.slope, curve.gradient_norm, curve.wasserstein, bound, shares, mean)
    lines = [f"{curve.name}; W_1 of two sets of real points: {curve.floor:.4f}", _HEAD]
    lines += [
        f"{row[0]:>7}{row[1]:12.4g}{row[2]:12.4g}{row[3]:12.4g}{row[4]:10.4f}{row[5]:16.4f}{row[6]:14.3f}{row[7]:21.4f}"
        for row in zip(*columns, strict=True)
    ]
    is_below = bool((bound <= curve.wasserstein * (1.0 + 1e-6)).all())
    lines.append(
        f"estimate/slope is {'at most' if is_below else 'NOT at most'} W_1 at each of {len(shares)} looks: "
        f"largest share {shares.max():.3f}; over the second half {shares[len(shares) // 2 :].mean():.3f} on the mean"
    )
    return "\n".join(lines)


def panels(curves: Sequence[CriticCurve]) -> list[Panel]:
    """For each training distances by step, and slopes by step on a logarithmic axis."""
    found = []
    for curve in curves:
        distances = [
            Curve("W_1", curve.steps, curve.wasserstein),
            Curve("estimate / slope", curve.steps, curve.bound()),
            Curve("estimate", curve.steps, curve.estimate),
            Curve("W_1 of two sets\nof real points", curve.steps, np.full(len(curve.steps), curve.floor)),
        ]
        slopes = [
            Curve("largest between\nthe two sets", curve.steps, curve.slope),
            Curve("mean |gradient|", curve.steps, curve.gradient_norm),
        ]
        found.append(Panel(distances, "step", "distance", curve.name))
        found.append(Panel(slopes, "step", "slope of the critic", curve.name, log_y=True))
    return found
