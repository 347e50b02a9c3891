"""Fits of many objectives to one target, as tables, pictures and JSON."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tfdgm.evaluation import plots
from tfdgm.evaluation.mode_study import LEAST_SHARE, Figures, Fit
from tfdgm.evaluation.mode_targets import Target, integrals
from tfdgm.evaluation.plots import Curve, Image, Panel

_WIDTH = 25  # of a column
_MARGIN = 6.0  # sigmas of a component that pictures show beyond the outermost centre
_COLUMNS: dict[str, str] = {
    "covered": "modes covered",
    "between": "mass between",
    "kl_from_data": "KL(data||model)",
    "kl_from_model": "KL(model||data)",
    "jensen_shannon": "JSD",
    "wasserstein": "W_1",
}


def table(target: Target, fits: Sequence[Fit]) -> str:
    """A row an objective: mean and range over seeds; last, how much halving the quadrature changes any figure."""
    num_modes, num_seeds = target.mixture.num_components, len({fit.seed for fit in fits})
    head = f"{target.title}: mean [least, largest] of {num_seeds} seeds; nats, W_1 in units of x"
    if target.num_dims > 1:
        head += ", sliced"
    names = f"{'objective':<16}" + "".join(f"{name:>{_WIDTH}}" for name in _COLUMNS.values())
    rows = [_row(objective, group) for objective, group in by_objective(fits).items()]
    changes = (max(_change(fit, name) for fit in fits) for name in _COLUMNS)
    last = f"{'half as fine':<16}" + "".join(f"{f'{change:.1g}':>{_WIDTH}}" for change in changes)
    off = max(abs(1.0 - fit.figures.mass) for fit in fits)
    note = f"{num_modes} modes, covered from {LEAST_SHARE:g} of their weight on; mass off the grid at most {off:.0e}"
    return "\n".join([head, names, *rows, last, note])


def by_objective(fits: Sequence[Fit]) -> dict[str, list[Fit]]:
    """Fits by objective, in order."""
    found: dict[str, list[Fit]] = {}
    for fit in fits:
        found.setdefault(fit.objective, []).append(fit)
    return found


def content(target: Target, fits: Sequence[Fit]) -> dict[str, Any]:
    """What JSON holds of a target: every figure of every fit, and those at half the quadrature."""
    return {
        "title": target.title,
        "num_modes": target.mixture.num_components,
        "sigma": target.mixture.sigma,
        "sigma_floor": target.sigma_floor,
        "least_share": LEAST_SHARE,
        "quadrature": dataclasses.asdict(target.measuring),
        "fits": [
            {
                "objective": fit.objective,
                "seed": fit.seed,
                **dataclasses.asdict(fit.figures),
                "half_as_fine": dataclasses.asdict(fit.coarse),
            }
            for fit in fits
        ],
    }


def density_plot(path: str, target: Target, fits: Sequence[Fit]) -> None:
    """Writes densities as PNG: curves of all seeds on the line, images of the first seed in the plane."""
    _PICTURES[target.num_dims](path, target, fits)


def divergence_panel(target: Target, fits: Sequence[Fit]) -> Panel:
    """KL(model||data) against KL(data||model), a point a fit."""
    curves = [
        Curve(
            objective,
            [fit.figures.kl_from_data for fit in group],
            [fit.figures.kl_from_model for fit in group],
            joined=False,
        )
        for objective, group in by_objective(fits).items()
    ]
    return Panel(curves, "KL(data||model), nats", "KL(model||data), nats", target.title, log_x=True, log_y=True)


def _row(objective: str, fits: Sequence[Fit]) -> str:
    spreads = [_spread([getattr(fit.figures, name) for fit in fits]) for name in _COLUMNS]
    return f"{objective:<16}" + "".join(f"{spread:>{_WIDTH}}" for spread in spreads)


def _spread(values: Sequence[float]) -> str:
    mean, least, largest = np.mean(values), min(values), max(values)
    return f"{mean:.2g} [{least:.2g}, {largest:.2g}]"


def _change(fit: Fit, name: str) -> float:
    return abs(getattr(fit.figures, name) - getattr(fit.coarse, name))


def _curves(path: str, target: Target, fits: Sequence[Fit]) -> None:
    sides = integrals(target, target.measuring)
    x, data = sides.axis.numpy(), np.exp(sides.log_p.numpy())
    shown = np.abs(x) <= np.abs(target.mixture.centres).max() + _MARGIN * target.mixture.sigma
    panels = [
        Panel(
            [
                Curve("data", x[shown], data[shown]),
                *(Curve(f"seed {fit.seed}", x[shown], fit.density[shown]) for fit in group),
            ],
            "x",
            "density",
            _title(target, objective, [fit.figures for fit in group]),
        )
        for objective, group in by_objective(fits).items()
    ]
    plots.panel_plot(path, panels, num_columns=3)


def _images(path: str, target: Target, fits: Sequence[Fit]) -> None:
    data = np.exp(integrals(target, target.measuring).log_p.numpy())
    images = [Image(data, target.limit, f"data, {target.mixture.num_components} modes")]
    for objective, (first, *_) in by_objective(fits).items():
        images.append(Image(first.density, target.limit, _title(target, objective, [first.figures])))
    plots.image_plot(path, images, num_columns=5, largest=float(data.max()))


def _title(target: Target, objective: str, figures: Sequence[Figures]) -> str:
    counts = ", ".join(str(each.covered) for each in figures)
    return f"{objective}: {counts} of {target.mixture.num_components}"


_PICTURES: dict[int, Callable[[str, Target, Sequence[Fit]], None]] = {1: _curves, 2: _images}
