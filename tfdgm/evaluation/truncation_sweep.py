"""Fidelity against variety: figures of samples whose latents stay within one truncation after another.

    z ~ N(0, I) within |z| <= t:    t small, samples are typical and alike;    t = infinity, as trained

All are of the same seeds, the averaged weights and standing statistics that samples are drawn by, and held against
validation data: a truncation is chosen there, and the test split is left for what was chosen.

References:
  Brock, Donahue & Simonyan (2019), section 3.1, figures 2 and 16.
"""

import dataclasses
import json
import math
import os
import pathlib
from collections.abc import Sequence
from typing import Any

from tfdgm.evaluation import provenance
from tfdgm.evaluation.figure import Figure
from tfdgm.evaluation.opened_run import open_run
from tfdgm.evaluation.plots import Curve, Panel
from tfdgm.evaluation.sample_figures import sample_figures
from tfdgm.evaluation.sample_metrics import SAMPLE_METRICS, expand
from tfdgm.workdir.files import write_atomically

SWEEP = "truncation-sweep.json"
SPLIT = "validation"

_WIDTH = 19


@dataclasses.dataclass(frozen=True)
class Point:
    """Figures at one truncation, which is infinite where there is none."""

    truncation: float
    figures: list[Figure]

    @property
    def label(self) -> str:
        """The truncation, for people."""
        return f"{self.truncation:g}" if math.isfinite(self.truncation) else "none"

    def value(self, name: str) -> float:
        """Of a figure by its name; NaN where samples were not finite."""
        value = next(figure.value for figure in self.figures if figure.name == name)
        return math.nan if value is None else value


def sweep(
    workdir: str | os.PathLike[str], truncations: Sequence[float], *, metrics: Sequence[str], **options: Any
) -> list[Point]:
    """Works out the figures at each truncation and writes the run's `truncation-sweep.json`.

    Args:
      workdir: folder of a trained run.
      truncations: each above 0, in any order; infinity is none.
      metrics: keys of `SAMPLE_METRICS`, or what is short for several.
      **options: what `tfdgm.evaluation.opened_run.open_run` takes besides; `samples` and `extractor_dir`, for instance.

    Returns:
      Points, from the least truncation up.

    Raises:
      WorkdirError: when there is no such run.
      ValueError: for a model without truncation, before any data is read; for a truncation that is none, or a metric
        that is no figure of samples.
    """
    names = expand(metrics)
    _check(truncations, names)
    opened = open_run(workdir, metrics=names, split=SPLIT, condition="truncation", **options)
    points = [
        Point(each, sample_figures(names, opened.model, opened.real, opened.settings, truncation=each))
        for each in sorted(set(truncations))
    ]
    report = opened.report(
        {"split": SPLIT, "points": list(map(_stored, points)), "versions": provenance.package_versions()}
    )
    write_atomically(pathlib.Path(workdir) / SWEEP, json.dumps(report, indent=2, allow_nan=False) + "\n")
    return points


def table(points: Sequence[Point]) -> str:
    """A row a truncation, and below where each figure is best, and what all rest on."""
    figures = points[0].figures
    names = [figure.name for figure in figures]
    rows = [f"{point.label:>10}" + "".join(f"{point.value(name):{_WIDTH}.4g}" for name in names) for point in points]
    head = f"{'truncation':>10}" + "".join(f"{name:>{_WIDTH}}" for name in names)
    best = [_best(points, name) for name in names]
    rests_on = (
        f"{figures[0].num_samples:,} samples of the same seeds at each, of labels as in the training split, "
        f"against the {SPLIT} split"
    )
    return "\n".join([head, *rows, *best, rests_on])


def panels(points: Sequence[Point]) -> list[Panel]:
    """Fidelity against variety where both figures are there; then every figure by truncation, shares together."""
    labels = [point.label for point in points]
    # On this axis no truncation has a place too.
    kept = [math.erf(point.truncation / math.sqrt(2.0)) for point in points]
    values = {figure.name: [point.value(figure.name) for point in points] for figure in points[0].figures}
    units = {figure.name: figure.unit for figure in points[0].figures}
    found = []
    for pair in (("inception_score", "fid"), ("recall", "precision")):
        x, y = (next((name for name in values if name.endswith(end)), "") for end in pair)
        if x and y:
            found.append(Panel([Curve("truncation", values[x], values[y], labels=labels)], x, y, f"{y} against {x}"))
    x_label = "share of N(0, 1) within the truncation"
    shares = [name for name in values if units[name] == "share"]
    groups = [[name] for name in values if name not in shares] + ([shares] if shares else [])
    for names in groups:
        beside = labels if len(names) == 1 else [""] * len(labels)  # those of several curves would cover each other
        curves = [Curve(name, kept, values[name], labels=beside) for name in names]
        found.append(Panel(curves, x_label, units[names[0]], names[0] if len(names) == 1 else "shares"))
    return found


def _check(truncations: Sequence[float], names: Sequence[str]) -> None:
    wrong = [each for each in truncations if not each > 0.0]
    if wrong or not truncations:
        raise ValueError(f"truncations hold {wrong or 'nothing'}; they must be above 0, infinite where there is none")
    unknown = [name for name in names if name not in SAMPLE_METRICS]
    if unknown:
        raise ValueError(f"metric {unknown[0]!r} is no figure of samples; those are {', '.join(SAMPLE_METRICS)}")


def _best(points: Sequence[Point], name: str) -> str:
    is_lower = any(
        metric.lower_is_better for key, metric in SAMPLE_METRICS.items() if name in (key, metric.classifier_name)
    )
    finite = [point for point in points if math.isfinite(point.value(name))]
    if not finite:
        return f"{name}: at no truncation are all samples finite"
    best = (min if is_lower else max)(finite, key=lambda point: point.value(name))
    return f"{'least' if is_lower else 'highest'} {name}: {best.value(name):.4g} at truncation {best.label}"


def _stored(point: Point) -> dict[str, Any]:
    truncation = point.truncation if math.isfinite(point.truncation) else None
    return {"truncation": truncation, "metrics": [dataclasses.asdict(figure) for figure in point.figures]}
