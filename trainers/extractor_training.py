"""How binaries train a classifier that evaluation lacks: evaluation itself imports no training."""

import pathlib
from collections.abc import Callable

from tfdgm.configs import ExperimentConfig


def trainer(manual_dir: str) -> Callable[[ExperimentConfig, pathlib.Path], None]:
    """Trains a configuration in a folder, with raw files from `manual_dir` as the binary's flag gives it."""

    def train(config: ExperimentConfig, workdir: pathlib.Path) -> None:
        from tfdgm.training import run

        run.train(config, workdir, manual_dir=manual_dir)

    return train
