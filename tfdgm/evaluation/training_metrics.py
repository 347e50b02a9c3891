"""Figures of samples for validation while training: the real side is worked out once, and each call is cheap.

Training imports no evaluation: trainers hand it the callable that is made here.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np

from tfdgm.configs import ExperimentConfig, UnknownNameError
from tfdgm.core.types import DataSpec
from tfdgm.data import Data
from tfdgm.evaluation.comparison import Comparison, RealSide
from tfdgm.evaluation.extractor import Extractor
from tfdgm.evaluation.sample_figures import check_extractor, check_numbers, lacking_of_data, sample_settings
from tfdgm.evaluation.sample_metrics import ABBREVIATIONS, SAMPLE_METRICS, expand


def needs_extractor(names: Sequence[str]) -> bool:
    """Whether a figure of these names needs features, and so `training_metrics` an extractor."""
    return any(SAMPLE_METRICS[name].needs_extractor for name in expand(names) if name in SAMPLE_METRICS)


def training_metrics(
    names: Sequence[str],
    config: ExperimentConfig,
    data: Data,
    *,
    extractor: Extractor | None = None,
    num_samples: int = 1000,
) -> Callable[[np.ndarray], dict[str, float]]:
    """Figures of samples against the validation split, as a function of the samples.

    KID's subsets and MS-SSIM's pairs shrink to what so few samples allow; the rest is as `config.evaluation` says. FID
    of a thousand samples is far above that of ten thousand: such figures compare with each other alone.

    Args:
      names: keys of `SAMPLE_METRICS`, or what is short for several; not those that need labels.
      config: of the run: data set, seed, settings of evaluation.
      data: of the run.
      extractor: where a figure needs features: see `needs_extractor`.
      num_samples: how many each call will bring.

    Returns:
      Takes samples [num_samples, *shape] in the data's domain; gives the figures by name, each NaN where a sample is
      not finite but for the number of such. Equal samples give equal figures.

    Raises:
      ValueError: for a name that is no metric's, data that it is not for, or too few samples or examples.
    """
    names = expand(names)
    _check_names(names, data.spec, config.data.name)
    check_extractor(names, data.spec, extractor)
    real = RealSide(data, config.data.name, "validation", config.seed, extractor)
    num_examples = data.splits["validation"].num_examples
    settings = sample_settings(config.evaluation)
    settings = dataclasses.replace(
        settings,
        num_samples=num_samples,
        kid_subset_size=max(2, min(settings.kid_subset_size, num_samples // 2, num_examples // 2)),
        num_similarity_pairs=max(2, min(settings.num_similarity_pairs, num_samples // 2)),
    )
    check_numbers(names, settings, extractor, num_examples)

    def measure(samples: np.ndarray) -> dict[str, float]:
        both = Comparison(real, settings, np.asarray(samples, np.float32))
        metrics = {name: SAMPLE_METRICS[name] for name in names}
        bad = both.num_non_finite > 0
        return {
            name: math.nan if bad and not metric.takes_non_finite else float(metric.measure(both).value)
            for name, metric in metrics.items()
        }

    return measure


def _check_names(names: Sequence[str], spec: DataSpec, data_name: str) -> None:
    for name in names:
        if name not in SAMPLE_METRICS:
            raise UnknownNameError("metric of samples", name, [*SAMPLE_METRICS, *ABBREVIATIONS])
        lack = lacking_of_data(name, spec, data_name)
        if "labels" in SAMPLE_METRICS[name].needs:
            lack = "samples of given labels, which training does not draw"
        if lack:
            raise ValueError(f"metric {name!r} needs {lack}")
