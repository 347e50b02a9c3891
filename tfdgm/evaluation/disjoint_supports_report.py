"""Distances between sets that draw near each other, as tables and panels."""

import math
from collections.abc import Sequence

import numpy as np

from tfdgm.evaluation.disjoint_supports import Measurement
from tfdgm.evaluation.opponents import Verdict
from tfdgm.evaluation.plots import Curve, Panel


def table(title: str, rows: Sequence[Measurement], stages: Sequence[int]) -> str:
    """A row a pair: exact figures, then what each opponent estimates and its gradient by t.

    The critic's are divided by its largest slope: so its estimate is at most W_1.
    """
    first, last = (f"{stage} steps" for stage in (stages[0], stages[-1]))
    kinds = f"{'':>58}{'discriminator, JSD':>22}{'gradient by t':>22}{'critic, W_1':>13}{'gradient':>10}"
    names = f"{'t':>6}{'JSD':>9}{'KL':>6}{'TV':>6}{'W_1':>10}{'W_1 / t':>10}{'identity':>11}"
    stage_names = f"{first:>11}{last:>11}" * 2 + f"{last:>13}{'by t':>10}"
    return "\n".join([title, kinds, names + stage_names, *(_line(row) for row in rows)])


def panels(title: str, t_label: str, w_label: str, rows: Sequence[Measurement], stages: Sequence[int]) -> list[Panel]:
    """JSD by t, W_1 by t, and, where t is a real number, the gradients of what the opponents estimate."""
    ts = [row.t for row in rows]
    seen = [
        Curve(f"discriminator,\n{stage} steps", ts, [row.discriminator[index].distance for row in rows])
        for index, stage in enumerate(stages)
    ]
    exact = Curve("exact", ts, [row.jensen_shannon for row in rows])
    found = [Panel([exact, *seen], t_label, "JSD, nats", title)]
    exact = Curve("exact", ts, [row.wasserstein for row in rows])
    critic = Curve(f"critic / slope,\n{stages[-1]} steps", ts, [_bound(row.critic[-1]) for row in rows])
    found.append(Panel([exact, critic], t_label, f"W_1, {w_label}", title))
    moving = [row for row in rows if row.t > 0.0 and not math.isnan(row.critic[-1].gradient)]
    if moving:
        found.append(Panel(_gradients(moving, stages), t_label, "|d estimate / d t|", title, log_y=True))
    return found


def _gradients(rows: Sequence[Measurement], stages: Sequence[int]) -> list[Curve]:
    ts = [row.t for row in rows]
    curves = [
        Curve(f"discriminator,\n{stage} steps", ts, [abs(row.discriminator[index].gradient) for row in rows])
        for index, stage in enumerate(stages)
    ]
    critic = np.abs([_share(row.critic[-1].gradient, row.critic[-1]) for row in rows])
    return [*curves, Curve(f"critic / slope,\n{stages[-1]} steps", ts, critic)]


def _line(row: Measurement) -> str:
    early, late = row.discriminator[0], row.discriminator[-1]
    ratio = row.wasserstein / row.t if row.t else math.nan
    # At t = 0 neither distance has a derivative.
    slopes = (
        [early.gradient, late.gradient, _share(row.critic[-1].gradient, row.critic[-1])] if row.t else [math.nan] * 3
    )
    return (
        f"{row.t:>6g}{row.jensen_shannon:9.4f}{row.kullback_leibler:6.1f}{row.total_variation:6.2f}"
        f"{row.wasserstein:10.4f}{_number(ratio, '10.4f')}{row.identity:11.4f}"
        f"{early.distance:11.4f}{late.distance:11.4f}{_number(slopes[0], '11.1e')}{_number(slopes[1], '11.1e')}"
        f"{_bound(row.critic[-1]):13.4f}{_number(slopes[2], '10.4f')}"
    )


def _bound(critic: Verdict) -> float:
    return _share(critic.distance, critic)


def _share(value: float, critic: Verdict) -> float:
    return value / critic.slope if critic.slope else 0.0


def _number(value: float, form: str) -> str:
    return f"{'-':>{form.partition('.')[0]}}" if math.isnan(value) else f"{value:{form}}"
