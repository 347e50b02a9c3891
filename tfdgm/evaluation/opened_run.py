"""A run as it is evaluated: its model, the figures to work out, and the real data beside them."""

import dataclasses
import inspect
import os
from collections.abc import Mapping, Sequence
from typing import Any

from tfdgm.configs import ExperimentConfig
from tfdgm.configs.sample_evaluation import SampleEvaluation
from tfdgm.core.types import DataSpec
from tfdgm.core.validation import require_choice
from tfdgm.data import Data, open_data
from tfdgm.evaluation.comparison import RealSide
from tfdgm.evaluation.extractor_cache import Train
from tfdgm.evaluation.extractor_files import open_extractor
from tfdgm.evaluation.sample_figures import check_extractor, check_numbers, sample_settings
from tfdgm.evaluation.selection import Selection, select
from tfdgm.models.base import GenerativeModel
from tfdgm.workdir.files import WorkdirError, read_config
from tfdgm.workdir.restore import Restored, restore_model

_SPLITS = ("test", "validation", "train")


@dataclasses.dataclass(frozen=True)
class OpenedRun:
    """What an evaluation needs.

    Attributes:
      config: of the run.
      model: the best checkpoint where one is marked, averaged weights where the run has them.
      restored: which weights these are.
      settings: of figures of samples.
      chosen: the figures.
      real: the split that is evaluated, and the others; with an extractor where a figure needs one.
    """

    config: ExperimentConfig
    model: GenerativeModel
    restored: Restored
    settings: SampleEvaluation
    chosen: Selection
    real: RealSide

    def report(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """What was found, as JSON has it, between the run and what figures of samples rest on."""
        report = {"config": self.config.to_dict(), "checkpoint": dataclasses.asdict(self.restored), **found}
        if self.chosen.of_samples:
            report["samples"] = dataclasses.asdict(self.settings)
        if self.real.extractor:
            report["extractor"] = self.real.extractor.summary()
        return report


def open_run(
    workdir: str | os.PathLike[str],
    *,
    metrics: Sequence[str] | None = None,
    split: str = "test",
    manual_dir: str = "",
    samples: Mapping[str, Any] | None = None,
    extractor_dir: str = "",
    train_extractor: Train | None = None,
    condition: str = "",
) -> OpenedRun:
    """Opens the run in `workdir`, and checks all that is asked of it before its data are read.

    Args:
      workdir: folder of a trained run; the best checkpoint where one is marked, averaged weights where it has them.
      metrics: which figures: see `tfdgm.evaluation.metrics.METRICS` and `SAMPLE_METRICS` in `sample_metrics` beside it.
        None is all of the first that the model can give, and of the second those of its `config.evaluation.metrics`.
      split: `test`, `validation` or `train`.
      manual_dir: folder of raw data files; default: the environment's TFDGM_MANUAL_DIR.
      samples: fields of `SampleEvaluation` that replace those of the run's configuration, unless empty.
      extractor_dir: folder of trained classifiers: see `tfdgm.evaluation.extractor_cache`.
      train_extractor: trains one that is not there yet; None refuses it.
      condition: what the model's `sample` must take; empty: nothing.

    Raises:
      WorkdirError: when there is no such run, or its data have changed since training.
      ValueError: for a split that there is not, a metric or condition that the model has not, too few samples.
    """
    require_choice("split", split, _SPLITS)
    config, spec = read_config(workdir)
    model, restored = restore_model(workdir)
    _require_condition(model, condition)
    settings = sample_settings(config.evaluation, **(samples or {}))
    chosen = select(metrics, model, spec, config, settings)
    extractor = None
    if chosen.needs_extractor:
        extractor = open_extractor(settings, config.data.name, spec, folder=extractor_dir, train=train_extractor)
        check_extractor(chosen.of_samples, spec, extractor)
    data = _same_data(config, spec, workdir, manual_dir)
    check_numbers(chosen.of_samples, settings, extractor, data.splits[split].num_examples)
    real = RealSide(data, config.data.name, split, config.seed, extractor)
    return OpenedRun(config, model, restored, settings, chosen, real)


def _require_condition(model: GenerativeModel, condition: str) -> None:
    takes = list(inspect.signature(model.sample).parameters) if hasattr(model, "sample") else []
    if condition and condition not in takes:
        raise ValueError(
            f"{model.name} has no {condition}: its 'sample' takes {', '.join(takes) or 'nothing'}; take a run of biggan"
        )


def _same_data(config: ExperimentConfig, spec: DataSpec, workdir: str | os.PathLike[str], manual_dir: str) -> Data:
    """The run's data, which must be as they were when it was trained; labels that were hidden are shown."""
    data = open_data(dataclasses.replace(config.data, num_labels=0), manual_dir=manual_dir)
    if data.spec != spec:
        raise WorkdirError(f"data {config.data.name!r} is now {data.spec}; the run in {workdir} was trained on {spec}")
    return data
