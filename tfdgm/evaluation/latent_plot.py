"""Where a model of two latents puts the examples of a split, a point each in the colour of its class."""

import os

import numpy as np

from tfdgm.configs.experiment import DataConfig
from tfdgm.core.validation import require_choice
from tfdgm.data import eval_batches, open_data
from tfdgm.evaluation.plots import Curve
from tfdgm.workdir.files import read_config
from tfdgm.workdir.restore import restore_model

_BATCH_SIZE = 500
_MAX_POINTS = 2_000  # more hide each other


def latent_points(
    workdir: str | os.PathLike[str], *, split: str = "test", manual_dir: str = ""
) -> tuple[np.ndarray, np.ndarray]:
    """One z of q(z|x) for each example, float [N, 2], and its label, int [N]; without labels all 0.

    Raises:
      ValueError: for a model without an encoder, or of another number of latents; for a split that there is not.
    """
    require_choice("split", split, ("test", "validation", "train"))
    config, _ = read_config(workdir)
    model, _ = restore_model(workdir)
    if not hasattr(model, "sample_posterior"):
        raise ValueError(f"{workdir} is a run of {model.name}, which has no encoder; take one such as aae:digits:plane")
    if model.latent_dim != 2:
        raise ValueError(f"latent_dim is {model.latent_dim} in {workdir}; a plot needs 2, as in aae:digits:plane")
    data = open_data(_with_all_labels(config.data), manual_dir=manual_dir)
    points, labels = [], []
    for batch in eval_batches(data, split, batch_size=_BATCH_SIZE, seed=config.seed):
        points.append(model.sample_posterior(batch["x"], batch["index"]).numpy())
        labels.append(batch["label"].numpy() if "label" in batch else np.zeros(len(points[-1]), np.int32))
        if sum(map(len, points)) >= _MAX_POINTS:
            break
    return np.concatenate(points)[:_MAX_POINTS], np.concatenate(labels)[:_MAX_POINTS]


def by_class(points: np.ndarray, labels: np.ndarray) -> list[Curve]:
    """A cloud of points for each class, for `plots.line_plot`."""
    return [
        Curve(str(label), points[labels == label, 0], points[labels == label, 1], joined=False)
        for label in np.unique(labels)
    ]


def _with_all_labels(data: DataConfig) -> DataConfig:
    return DataConfig(**{**vars(data), "num_labels": 0})
