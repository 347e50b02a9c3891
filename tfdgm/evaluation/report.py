"""The page of results, made from the files that evaluations wrote: `python -m tfdgm.evaluation.report`."""

import json
import math
import os
import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tfdgm.configs import presets

RESULTS, PAGE = "results", "docs/results.md"
REFERENCE_SCORES = "reference-scores"  # its folder within the results

_HEAD = """# Results

Every figure here was written by `python -m trainers.evaluate` to a file in `results/`, and this page is made from those
files by `python -m tfdgm.evaluation.report`. Bounds are on log p(x) from below (`nll_upper_bound`: on -log p(x) from
above); a `stochastic_bound` is one in expectation. The standard error is that of the mean over the examples and, where
an estimate of log Z enters, of that too; of figures of samples see [metrics.md](metrics.md). Notes say how log Z was
worked out, what chance alone gives for a code, or which extractor and how many samples a figure of samples rests on.
"""
_REFERENCE_HEAD = """## Real data by the figures of samples

Written by `python -m trainers.reference_scores`. FID and Inception Score of so many training examples, FID against the
test split; the yardstick is the mean FID of as many training examples that lack one class. On a `classifier:` they are
C-FID and C-IS.
"""
_COLUMNS = ("preset", "metric", "value", "std. error", "unit", "kind", "split", "examples", "published")
_RUN_COLUMNS = ("preset", "command", "seed", "step", "minutes", "cores", "commit")
_REFERENCE_COLUMNS = ("data", "yardstick", "FID", "Inception Score", "examples", "extractor", "sha256")
_NUMERIC = {"value", "std. error", "examples", "seed", "step", "minutes", "cores", *_REFERENCE_COLUMNS[1:4]}


def write_report(results_dir: str | os.PathLike[str] = RESULTS, page: str | os.PathLike[str] = PAGE) -> str:
    """Writes the page of all `<results_dir>/*.json`; returns its text.

    Raises:
      FileNotFoundError: when there are no results.
    """
    paths = sorted(pathlib.Path(results_dir).glob("*.json"))
    if not paths:
        raise FileNotFoundError(f"{results_dir} has no *.json; trainers.evaluate writes them")
    results = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    notes = footnotes(metric for result in results for metric in result["metrics"])
    figures = _table(_COLUMNS, [row for result in results for row in _figure_rows(result, notes)])
    runs = _table(_RUN_COLUMNS, [_run_row(result) for result in results])
    text = f"{_HEAD}\n{figures}\n\n## Runs\n\n{runs}\n{_reference_section(pathlib.Path(results_dir))}"
    if notes:
        text += "\n" + "".join(f"[^{number}]: {note}\n" for note, number in notes.items())
    pathlib.Path(page).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(page).write_text(text, encoding="utf-8")
    return text


def shown(metric: Mapping[str, Any]) -> tuple[str, str]:
    """Value and standard error of one figure as text, as many digits as the error leaves meaning in."""
    value, error = metric["value"], metric["standard_error"]
    if value is None:
        count = metric["num_non_finite"]  # of examples; log Z itself has none
        return f"{count:,} not finite" if count else "not finite", ""
    if not error:
        return f"{value:.6g}", "" if error is None else "0"
    digits = max(0, 1 - math.floor(math.log10(error)))
    return f"{value:.{digits}f}", f"{error:.{digits}f}"


def footnotes(metrics: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """The notes of figures, each once, numbered from 1; figures of old files have none."""
    notes = dict.fromkeys(metric["note"] for metric in metrics if metric.get("note"))
    return {note: number for number, note in enumerate(notes, start=1)}


def _figure_rows(result: dict[str, Any], notes: Mapping[str, int]) -> Iterator[Sequence[str]]:
    for metric in result["metrics"]:
        mark = f"[^{notes[metric['note']]}]" if metric.get("note") else ""
        yield (
            _run_name(result),
            metric["name"],
            *shown(metric),
            metric["unit"],
            metric["kind"] + mark,
            metric["split"],
            f"{metric['num_examples']:,}",
            _published(result["preset"], metric["name"]),
        )


def _run_name(result: dict[str, Any]) -> str:
    return f"`{result['preset']}`" + (f", seed {result['seed']}" if result["seed"] else "")


def _published(preset: str, metric: str) -> str:
    model, dataset, argument = [*preset.split(":"), ""][:3]
    known = presets().get(f"{model}:{dataset}")
    figure = known.published_of.get(argument, known.published).get(metric) if known else None
    return f"{figure.value:g} ({figure.source})" if figure else ""


def _run_row(result: dict[str, Any]) -> Sequence[str]:
    minutes = result["minutes"]
    return (
        _run_name(result),
        f"`{result['command']}`",
        str(result["seed"]),
        f"{result['checkpoint']['step']:,}",
        "" if minutes is None else f"{minutes:.1f}",
        str(result["cores"]),
        f"`{(result['commit'] or 'unknown')[:12]}`",
    )


def _reference_section(results_dir: pathlib.Path) -> str:
    """What real data score, where it was worked out."""
    rows = []
    for path in sorted((results_dir / REFERENCE_SCORES).glob("*.json")):
        scores = json.loads(path.read_text(encoding="utf-8"))
        extractor, values = scores["extractor"], [scores[name] for name in ("yardstick", "fid", "inception_score")]
        num = f"{scores['num_training_examples']:,}"
        sha256 = f"`{extractor['sha256'][:12]}`"
        rows.append((scores["data"], *(f"{value:.2f}" for value in values), num, f"`{extractor['name']}`", sha256))
    return f"\n{_REFERENCE_HEAD}\n{_table(_REFERENCE_COLUMNS, rows)}\n" if rows else ""


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---:" if column in _NUMERIC else "---" for column in columns]
    return "\n".join(f"| {' | '.join(row)} |" for row in [columns, rule, *rows])


if __name__ == "__main__":
    write_report()
    print(PAGE)
