"""Which figures an evaluation works out, of single examples and of samples, checked before any data is read."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from tfdgm.configs import ExperimentConfig, UnknownNameError
from tfdgm.configs.sample_evaluation import SampleEvaluation
from tfdgm.core.types import DataSpec
from tfdgm.evaluation import enumeration, partition
from tfdgm.evaluation.metrics import METRICS, Metric
from tfdgm.evaluation.quantities import QUANTITIES, Quantity
from tfdgm.evaluation.sample_figures import lacking
from tfdgm.evaluation.sample_metrics import ABBREVIATIONS, SAMPLE_METRICS, expand
from tfdgm.models.base import GenerativeModel


class LackingError(ValueError):
    """A metric that a model can't give; the message names what it lacks and what it can give."""

    def __init__(self, name: str, lack: str, model: str, offer: Sequence[str]) -> None:
        """Args: name: of the metric. lack: what the model lacks. model: its name. offer: metrics that it can give."""
        super().__init__(
            f"metric {name!r} needs {lack}, which {model} has not; it can give {', '.join(offer) or 'none'}"
        )


@dataclasses.dataclass(frozen=True)
class Selection:
    """What to work out.

    Attributes:
      of_examples: metrics of single examples, by their labels.
      of_samples: keys of `SAMPLE_METRICS`.
    """

    of_examples: dict[str, Metric]
    of_samples: list[str]

    @property
    def needs_extractor(self) -> bool:
        """Whether a figure of samples needs features."""
        return any(SAMPLE_METRICS[name].needs_extractor for name in self.of_samples)


def select(
    names: Sequence[str] | None,
    model: GenerativeModel,
    spec: DataSpec,
    config: ExperimentConfig,
    settings: SampleEvaluation,
) -> Selection:
    """The figures to work out.

    Args:
      names: of both kinds, or what is short for several; None is all figures of single examples that the model can
        give, and of samples those of `settings.metrics`.
      model: decides by its capabilities.
      spec: of the data.
      config: of the run.
      settings: of figures of samples.

    Raises:
      UnknownNameError: for a name that is no metric's, naming the nearest.
      ValueError: for a metric that the model can't give, naming those it can.
    """
    lacks = {name: lacking(name, model, spec, config.data.name) for name in SAMPLE_METRICS}
    offer = [name for name, lack in lacks.items() if not lack]
    asked = expand(settings.metrics if names is None else names)
    of_samples = [name for name in asked if name in SAMPLE_METRICS]
    rest = [name for name in asked if name not in SAMPLE_METRICS]
    if names is None and rest:
        raise UnknownNameError("metric of evaluation.metrics", rest[0], [*SAMPLE_METRICS, *ABBREVIATIONS])
    of_examples = choose(
        None if names is None else rest,
        model,
        config.evaluation,
        others=offer,
        known=[*SAMPLE_METRICS, *ABBREVIATIONS],
    )
    for name in of_samples:
        if lacks[name]:
            possible = list(choose(None, model, config.evaluation))
            raise LackingError(name, lacks[name], model.name, [*possible, *offer])
    return Selection(of_examples, of_samples)


def choose(
    names: Sequence[str] | None,
    model: GenerativeModel,
    settings: Any,
    *,
    others: Sequence[str] = (),
    known: Sequence[str] = (),
) -> dict[str, Metric]:
    """The metrics of single examples to work out, by the label they get in reports.

    Args:
      names: keys of `METRICS`, or their labels; None is all that the model can give, with log Z in the best ways.
      model: decides by its capabilities.
      settings: the family's evaluation settings, which labels quote.
      others: metrics of other kinds that the model can give, for what is said to it that can't be given.
      known: the names of all of those kinds.

    Raises:
      UnknownNameError: for a name that is no metric's, naming the nearest.
      ValueError: for a metric that the model can't give, naming those it can.
    """
    lacks = {name: _lacking(metric, model) for name, metric in METRICS.items()}
    labels = {(METRICS[name].label or name).format(settings): name for name, lack in lacks.items() if not lack}
    if names is None:
        best = ("", *partition.best_ways(model.normalizer().harmonium)) if hasattr(model, "normalizer") else ("",)
        return {label: METRICS[name] for label, name in labels.items() if METRICS[name].log_partition in best}
    chosen = {}
    for name in names:
        key = labels.get(name, name)
        if key not in METRICS:
            raise UnknownNameError("metric", name, [*METRICS, *labels, *known])
        if lacks[key]:
            raise LackingError(name, lacks[key], model.name, [*labels, *others])
        chosen[next(label for label, known in labels.items() if known == key)] = METRICS[key]
    return chosen


def _lacking(metric: Metric, model: GenerativeModel) -> str:
    """What the model would need for a metric; empty where it has it."""
    quantity = QUANTITIES[metric.quantity] if metric.quantity else None
    if quantity and not hasattr(model, quantity.capability):
        return repr(quantity.capability)
    if quantity and quantity.superseded_by and hasattr(model, quantity.superseded_by):
        return "continuous data"
    if lack := _lacking_of_data(metric, quantity, model):
        return lack
    if metric.log_partition and not hasattr(model, "normalizer"):
        return repr("normalizer")
    if metric.log_partition and metric.log_partition not in partition.possible_ways(model.normalizer().harmonium):
        return f"a side of at most {enumeration.MAX_UNITS} binary units"
    return ""


def _lacking_of_data(metric: Metric, quantity: Quantity | None, model: GenerativeModel) -> str:
    """What the model's data would need; empty where they have it."""
    if quantity and quantity.of_label and not model.spec.num_classes:
        return "data with classes"
    return "data of whole levels" if metric.of_levels and not model.spec.num_levels else ""
