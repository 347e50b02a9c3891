"""Figures of samples by their names: what they need, what they are worked out of, what they rest on."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfdgm.configs.sample_evaluation import SampleEvaluation
from tfdgm.core.types import DataSpec
from tfdgm.core.validation import require_at_least
from tfdgm.evaluation.comparison import Comparison, RealSide, draw_samples, takes_label
from tfdgm.evaluation.extractor import Extractor
from tfdgm.evaluation.feature_sets import require_num
from tfdgm.evaluation.figure import Figure
from tfdgm.evaluation.sample_metrics import SAMPLE_METRICS, SampleMetric, is_mixture
from tfdgm.models.base import GenerativeModel

_LACKS = {
    **dict.fromkeys(("features", "probabilities", "images"), "data that are images"),
    "vectors": "data that are vectors",
    "mixture": "data that are a known mixture",
    "labels": "a 'sample' that takes 'label'",
}


def sample_settings(evaluation: Any, **overrides: Any) -> SampleEvaluation:
    """The settings of samples among a family's evaluation settings, defaults for those that it has not.

    Args:
      evaluation: the family's own dataclass.
      **overrides: fields that replace its own, unless empty.
    """
    fields = [field.name for field in dataclasses.fields(SampleEvaluation)]
    own = {name: getattr(evaluation, name) for name in fields if hasattr(evaluation, name)}
    return SampleEvaluation(**own | {name: value for name, value in overrides.items() if value})


def lacking(name: str, model: GenerativeModel, spec: DataSpec, data_name: str) -> str:
    """What a figure needs that a model of such data has not; empty where it has all."""
    if not hasattr(model, "sample"):
        return "'sample'"
    conditional = spec.num_classes > 0 and takes_label(model)
    return lacking_of_data(name, spec, data_name) or (
        _LACKS["labels"] if "labels" in SAMPLE_METRICS[name].needs and not conditional else ""
    )


def lacking_of_data(name: str, spec: DataSpec, data_name: str) -> str:
    """What a figure needs that no model of such data has; empty where it has all."""
    if spec.domain == "tokens":
        return "data that are numbers"
    has = {
        **dict.fromkeys(("features", "probabilities", "images"), spec.is_image),
        "vectors": len(spec.shape) == 1,
        "mixture": is_mixture(data_name),
    }
    return next((_LACKS[need] for need in SAMPLE_METRICS[name].needs if not has.get(need, True)), "")


def check_extractor(names: Sequence[str], spec: DataSpec, extractor: Extractor | None) -> None:
    """Raises ValueError for a figure that an extractor can't serve: one of classes that it does not know."""
    for name in names:
        metric = SAMPLE_METRICS[name]
        if metric.needs_extractor and extractor is None:
            raise ValueError(f"metric {name!r} needs an extractor of features")
        num_classes = extractor.network.num_classes if extractor else 0
        if "probabilities" in metric.needs and not num_classes:
            raise ValueError(
                f"metric {name!r} needs probabilities, and extractor {extractor.network.name} gives features alone"
            )
        if "labels" in metric.needs and num_classes != spec.num_classes:
            raise ValueError(
                f"metric {name!r} needs the {spec.num_classes} classes of the data, and extractor "
                f"{extractor.network.name} knows {num_classes}"
            )


def check_numbers(
    names: Sequence[str], settings: SampleEvaluation, extractor: Extractor | None, num_examples: int
) -> None:
    """Raises ValueError for a figure that needs more samples or examples than there are, with the number."""
    require_at_least(1, num_samples=settings.num_samples)
    for name in names:
        metric = SAMPLE_METRICS[name]
        needed = metric.min_num(settings, extractor)
        of_features = f" on {extractor.num_features:,} features" if metric.needs_extractor and extractor else ""
        require_num("samples", settings.num_samples, needed, f"metric {name!r}{of_features}")
        if metric.uses_examples:
            require_num("examples", num_examples, needed, f"metric {name!r}{of_features}")


def sample_figures(
    names: Sequence[str], model: GenerativeModel, real: RealSide, settings: SampleEvaluation, **conditions: float
) -> list[Figure]:
    """Figures of samples of a model, drawn once for all of them.

    Args:
      names: keys of `SAMPLE_METRICS`.
      model: has what they need.
      real: what samples are held against; its seed is that of the samples too.
      settings: of the figures.
      **conditions: what `sample` takes besides a label, such as `truncation`, the same for all samples.

    Raises:
      ValueError: before anything is drawn, for too few samples or examples, or an extractor that knows too little.
    """
    if not names:
        return []
    check_extractor(names, real.data.spec, real.extractor)
    check_numbers(names, settings, real.extractor, real.data.splits[real.split].num_examples)
    labels = _labels(model, real, settings.num_samples)
    samples = draw_samples(model, settings.num_samples, real.seed, labels, **conditions)
    both = Comparison(real, settings, samples, labels, conditions)
    return [_figure(name, SAMPLE_METRICS[name], both) for name in names]


def _labels(model: GenerativeModel, real: RealSide, num: int) -> np.ndarray | None:
    """Of a conditional model, the labels of training examples: classes as often as in the data."""
    if not (takes_label(model) and real.data.spec.num_classes):
        return None
    label = real.first("train", num)["label"]
    return np.resize(label[label >= 0], num).astype(np.int32)  # where few are shown, of these


def _figure(name: str, metric: SampleMetric, both: Comparison) -> Figure:
    real, network = both.real, both.real.extractor.network if metric.needs_extractor else None
    bad = both.num_non_finite
    measured = metric.measure(both) if metric.takes_non_finite or not bad else None
    return Figure(
        name=metric.classifier_name if metric.classifier_name and network.is_classifier else name,
        value=float(measured.value) if measured else None,
        unit=metric.unit,
        kind=metric.kind,
        standard_error=measured.standard_error if measured else None,
        num_examples=real.data.splits[real.split].num_examples if metric.uses_examples else 0,
        num_non_finite=bad,
        split=real.split if metric.uses_examples else "",
        seed=real.seed,
        note=_note(metric, both, measured.remark) if measured else "",
        num_samples=len(both.samples),
    )


def _note(metric: SampleMetric, both: Comparison, remark: str) -> str:
    parts = [remark] if remark else []
    if metric.needs_extractor:
        parts.append(both.real.extractor.description())
    conditions = " of labels as in the training split" if both.labels is not None else ""
    conditions += "".join(f", {name} {value:g}" for name, value in both.conditions.items())
    num = f"{len(both.samples):,} samples{conditions}"
    real = f" against {both.real.data.splits[both.real.split].num_examples:,} {both.real.split} examples"
    return "; ".join([*parts, num + (real if metric.uses_examples else "")])
