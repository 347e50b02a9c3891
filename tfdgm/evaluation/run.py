"""Evaluates a run on one split, its test split as a rule: a table for people, `evaluation.json` for programs."""

import dataclasses
import json
import os
import pathlib
import time
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from tfdgm.configs import ExperimentConfig
from tfdgm.data import eval_batches
from tfdgm.evaluation import partition, provenance
from tfdgm.evaluation.figure import Figure
from tfdgm.evaluation.measure import batch_size, figures, measure
from tfdgm.evaluation.metrics import Metric
from tfdgm.evaluation.opened_run import OpenedRun, open_run
from tfdgm.evaluation.report import footnotes, shown
from tfdgm.evaluation.sample_figures import sample_figures
from tfdgm.models.base import GenerativeModel
from tfdgm.workdir.files import write_atomically

EVALUATION = "evaluation.json"


def evaluate(
    workdir: str | os.PathLike[str], *, split: str = "test", results_dir: str = "", **options: Any
) -> dict[str, Any]:
    """Evaluates the run in `workdir` and writes its `evaluation.json`, of another split `evaluation-<split>.json`.

    Args:
      workdir: folder of a trained run.
      split: `test`; `validation` to choose by, `train` to hold the others against.
      results_dir: write `<results_dir>/<preset>.json` besides, for the table of results in the documentation; of a seed
        other than 0 `<preset>-seed-<n>.json`.
      **options: `metrics` and all else that `tfdgm.evaluation.opened_run.open_run` takes.

    Returns:
      What `evaluation.json` holds.

    Raises:
      WorkdirError, ValueError: as of `open_run`, before any data is read; for results of another split than test.
    """
    if results_dir and split != "test":
        raise ValueError(f"results_dir is {results_dir!r} and split {split!r}; results are of the test split alone")
    opened = open_run(workdir, split=split, **options)
    start = time.monotonic()
    found = _example_figures(opened)
    found += sample_figures(opened.chosen.of_samples, opened.model, opened.real, opened.settings)
    report = opened.report(
        {
            "metrics": [dataclasses.asdict(figure) for figure in found],
            "evaluation_seconds": round(time.monotonic() - start, 2),
            "versions": provenance.package_versions(),
        }
    )
    _write(pathlib.Path(workdir) / (EVALUATION if split == "test" else f"evaluation-{split}.json"), report)
    print(table(found))
    if results_dir:
        print(_write_result(results_dir, workdir, opened.config, report))
    return report


def table(found: Iterable[Figure]) -> str:
    """The figures as aligned columns, what they rest on in numbered notes below."""
    reported = [dataclasses.asdict(figure) for figure in found]
    notes = footnotes(reported)
    rows = [("metric", "value", "std. error", "unit", "kind", "examples")]
    for figure in reported:
        kind = f"{figure['kind']} [{notes[figure['note']]}]" if figure["note"] else figure["kind"]
        rows.append((figure["name"], *shown(figure), figure["unit"], kind, f"{figure['num_examples']:,}"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    align = ("<", ">", ">", "<", "<", ">")
    lines = ["  ".join(f"{cell:{a}{w}}" for cell, a, w in zip(row, align, widths, strict=True)) for row in rows]
    lines += [f"[{number}] {note}" for note, number in notes.items()]
    return "\n".join(line.rstrip() for line in lines)


def _example_figures(opened: OpenedRun) -> list[Figure]:
    """Figures of single examples, over one pass of the split, and of another where a figure is held against it."""
    config, split, chosen = opened.config, opened.real.split, opened.chosen.of_examples
    log_partitions = _log_partitions(opened.model, chosen, config)
    values = _measured(opened, split, [metric.quantity for metric in chosen.values() if metric.quantity])
    references = {}
    for reference in dict.fromkeys(metric.reference for metric in chosen.values() if metric.reference):
        found = _measured(opened, reference, [each.quantity for each in chosen.values() if each.reference == reference])
        references |= {(reference, quantity): value for quantity, value in found.items()}
    return figures(
        chosen,
        values,
        opened.real.data.spec,
        split=split,
        seed=config.seed,
        log_partitions=log_partitions,
        references=references,
    )


def _measured(opened: OpenedRun, split: str, quantities: Iterable[str]) -> dict[str, np.ndarray]:
    """Values of a split's examples, by quantity."""
    config, data = opened.config, opened.real.data
    return measure(
        opened.model,
        eval_batches(data, split, batch_size=batch_size(data.spec), seed=config.seed),
        dict.fromkeys(quantities),
        config.evaluation,
        seed=config.seed,
        num_examples=data.splits[split].num_examples,
    )


def _log_partitions(
    model: GenerativeModel, chosen: Mapping[str, Metric], config: ExperimentConfig
) -> dict[str, partition.LogPartition]:
    """log Z by each way that the chosen metrics need."""
    ways = dict.fromkeys(metric.log_partition for metric in chosen.values() if metric.log_partition)
    return {way: partition.WAYS[way](model.normalizer(), config.evaluation, config.seed) for way in ways}


def _write(path: pathlib.Path, report: dict[str, Any]) -> None:
    write_atomically(path, json.dumps(report, indent=2, allow_nan=False) + "\n")


def _write_result(
    results_dir: str, workdir: str | os.PathLike[str], config: ExperimentConfig, report: dict[str, Any]
) -> pathlib.Path:
    seed = f"-seed-{config.seed}" if config.seed else ""  # further seeds stand beside the preset's own
    path = pathlib.Path(results_dir) / f"{config.preset.replace(':', '-')}{seed}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    result = {
        "preset": config.preset,
        "command": provenance.train_command(config),
        "seed": config.seed,
        "minutes": provenance.training_minutes(workdir),
        "cores": provenance.num_cores(),
        "commit": provenance.commit(),
    }
    _write(path, result | report)
    return path
