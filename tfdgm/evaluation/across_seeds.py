"""Figures of a preset over several seeds: means with intervals, and the paired difference of two presets."""

import json
import os
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np
import scipy.stats

from tfdgm.evaluation.report import RESULTS

_CONFIDENCE = 0.95

Figures = dict[str, dict[int, float]]
"""Values by metric and seed."""


def read(preset: str, results_dir: str | os.PathLike[str] = RESULTS) -> Figures:
    """All figures of a preset's results files.

    Raises:
      ValueError: where it has less than two.
    """
    paths = sorted(pathlib.Path(results_dir).glob("*.json"))
    results = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    found: Figures = {}
    seeds = set()
    for result in results:
        if result["preset"] == preset:
            seeds.add(result["seed"])
            for metric in result["metrics"]:
                if metric["value"] is not None:
                    found.setdefault(metric["name"], {})[result["seed"]] = metric["value"]
    if len(seeds) < 2:
        raise ValueError(f"presets has {preset!r}, of which {results_dir} has {len(seeds)} seeds; it must have two")
    return found


def difference(one: Figures, other: Figures) -> Figures:
    """Of each metric that both have, the values of the first less those of the second, seed by seed."""
    shared = {name: one[name].keys() & other[name].keys() for name in one if name in other}
    return {
        name: {seed: one[name][seed] - other[name][seed] for seed in sorted(seeds)}
        for name, seeds in shared.items()
        if len(seeds) > 1
    }


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean of N values and half the width of its 95% interval, by Student's t of N - 1 degrees of freedom."""
    mean, error = float(np.mean(values)), float(scipy.stats.sem(values))
    return mean, float(error * scipy.stats.t.ppf((1.0 + _CONFIDENCE) / 2.0, len(values) - 1))


def table(figures: Mapping[str, Mapping[int, float]]) -> str:
    """A line a metric: mean, half its interval, seeds and their values."""
    rows = [("metric", "mean", "+- 95%", "seeds", "values")]
    for name, by_seed in figures.items():
        if len(by_seed) > 1:
            mean, half = interval(list(by_seed.values()))
            values = " ".join(f"{by_seed[seed]:.4g}" for seed in sorted(by_seed))
            rows.append((name, f"{mean:.4g}", f"{half:.2g}", ",".join(map(str, sorted(by_seed))), values))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)
