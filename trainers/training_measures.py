"""How `trainers.train` measures samples while training: training itself imports no evaluation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from trainers import extractor_training

if TYPE_CHECKING:
    import numpy as np

    from tfdgm.configs import ExperimentConfig
    from tfdgm.data import Data

    Measure = Callable[[np.ndarray], dict[str, float]]


def measure_maker(manual_dir: str, extractor_dir: str = "") -> Callable[[ExperimentConfig, Data], Measure]:
    """What `tfdgm.training.run.train` takes as `make_measure`.

    The classifier that features need, if any, is trained first where it is missing.

    Args:
      manual_dir: folder of raw files.
      extractor_dir: folder of trained classifiers: see `tfdgm.evaluation.extractor_cache`.
    """

    def make(config: ExperimentConfig, data: Data) -> Measure:
        from tfdgm.evaluation.extractor_files import open_extractor
        from tfdgm.evaluation.sample_figures import sample_settings
        from tfdgm.evaluation.training_metrics import needs_extractor, training_metrics

        names, extractor = config.training.sample_metrics, None
        if needs_extractor(names):
            extractor = open_extractor(
                sample_settings(config.evaluation),
                config.data.name,
                data.spec,
                folder=extractor_dir,
                train=extractor_training.trainer(manual_dir),
            )
        return training_metrics(
            names, config, data, extractor=extractor, num_samples=config.training.num_metric_samples
        )

    return make
