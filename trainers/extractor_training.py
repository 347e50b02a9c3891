"""What binaries that measure samples share: the flags of extractors, and how one that is missing is trained.

Evaluation itself imports no training.
"""

import pathlib
from collections.abc import Callable
from typing import Any

from absl import flags

from tfdgm.configs import ExperimentConfig

_SAMPLE_FIELDS = ("extractor", "extractor_domain", "num_samples")


def define(values: flags.FlagValues) -> None:
    """The flags of extractors and of the number of samples."""
    flags.DEFINE_string(
        "extractor",
        "",
        "what makes features of images: classifier:<dataset>, the folder of a run or SavedModel, a .keras file, or "
        "inception_v3:<weights> (default: the classifier of the data, trained once)",
        flag_values=values,
    )
    flags.DEFINE_string(
        "extractor_domain",
        "",
        "values that a .keras file or SavedModel takes: unit, symmetric or uint8; default: as configured",
        flag_values=values,
    )
    flags.DEFINE_string(
        "extractor_dir", "", "folder of trained classifiers (else TFDGM_EXTRACTOR_DIR)", flag_values=values
    )
    flags.DEFINE_integer(
        "num_samples",
        0,
        "samples of the figures of samples; 0 is the preset's number",
        lower_bound=0,
        flag_values=values,
    )


def options(values: flags.FlagValues) -> dict[str, Any]:
    """What `tfdgm.evaluation.opened_run.open_run` takes of these flags and of `--manual_dir`."""
    return {
        "manual_dir": values.manual_dir,
        "samples": {name: values[name].value for name in _SAMPLE_FIELDS},
        "extractor_dir": values.extractor_dir,
        "train_extractor": trainer(values.manual_dir),
    }


def trainer(manual_dir: str) -> Callable[[ExperimentConfig, pathlib.Path], None]:
    """Trains a configuration in a folder, with raw files from `manual_dir` as the binary's flag gives it."""

    def train(config: ExperimentConfig, workdir: pathlib.Path) -> None:
        from tfdgm.training import run

        run.train(config, workdir, manual_dir=manual_dir)

    return train
