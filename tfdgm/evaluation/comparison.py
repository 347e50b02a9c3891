"""Samples beside real data: what several figures share is worked out once, when the first of them asks for it."""

import functools
import inspect
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tfdgm.configs.sample_evaluation import SampleEvaluation
from tfdgm.core import philox
from tfdgm.data import Data, eval_batches
from tfdgm.evaluation.extractor import Extracted, Extractor
from tfdgm.evaluation.image_conversion import unit_values
from tfdgm.evaluation.mode_coverage import ModeCoverage, mode_coverage
from tfdgm.evaluation.neighbours import NeighbourCounts, count_neighbours
from tfdgm.evaluation.progress import Progress
from tfdgm.math.mixtures import MIXTURES
from tfdgm.models.base import GenerativeModel

_ROLE = 3  # samples of finished models draw noise unlike that of training, 0, validation, 1, and evaluation, 2


class RealSide:
    """Real data, of the split that samples are held against and of the others.

    Attributes:
      data: the data set.
      name: its name in the catalog.
      split: the split.
      seed: of the data's own noise.
      extractor: of features; None where no figure needs one.
    """

    def __init__(self, data: Data, name: str, split: str, seed: int, extractor: Extractor | None = None) -> None:
        """Reads nothing yet."""
        self.data, self.name, self.split, self.seed, self.extractor = data, name, split, seed, extractor

    @functools.cached_property
    def x(self) -> np.ndarray:
        """All examples of the split, [M, *shape]."""
        return self.first(self.split)["x"]

    @functools.cached_property
    def outputs(self) -> Extracted:
        """Features and probabilities of the split's examples."""
        return self.extractor.extract(self.x, f"features of {self.split}")

    def first(self, split: str, num: int | None = None) -> dict[str, np.ndarray]:
        """The first `num` examples of a split, or as many as it has: `x`, and `label` where there are labels."""
        available = self.data.splits[split].num_examples
        num = available if num is None else min(num, available)
        return gathered(eval_batches(self.data, split, batch_size=500, seed=self.seed, num_examples=num))


class Comparison:
    """Samples and real data.

    Attributes:
      real: the real side.
      settings: of the figures.
      samples: [N, *shape], in the data's domain.
      labels: what conditional samples were asked to be, int32 [N]; else None.
      conditions: what all of them were asked to be besides.
    """

    def __init__(
        self,
        real: RealSide,
        settings: SampleEvaluation,
        samples: np.ndarray,
        labels: np.ndarray | None = None,
        conditions: Mapping[str, float] | None = None,
    ) -> None:
        """Works out nothing yet."""
        self.real, self.settings, self.samples, self.labels = real, settings, samples, labels
        self.conditions = conditions or {}

    @property
    def num_non_finite(self) -> int:
        """Samples that hold infinity or NaN."""
        return int(np.sum(~np.isfinite(self.samples.reshape(len(self.samples), -1)).all(axis=1)))

    @functools.cached_property
    def outputs(self) -> Extracted:
        """Features and probabilities of the samples."""
        return self.real.extractor.extract(self.samples, "features of samples")

    @functools.cached_property
    def neighbours(self) -> NeighbourCounts:
        """Who lies in whose ball."""
        features = self.real.outputs.features, self.outputs.features
        return count_neighbours(*features, self.settings.num_neighbours)

    @functools.cached_property
    def modes(self) -> ModeCoverage:
        """Of data that are a known mixture."""
        mixture = MIXTURES[self.real.name]
        return mode_coverage(flat(self.samples), mixture.centres, mixture.sigma)

    def pixels(self, x: np.ndarray) -> np.ndarray:
        """Values of the data's domain in [0, 1], same shape."""
        return unit_values(x, self.real.data.spec).numpy()


def draw_samples(
    model: GenerativeModel, num: int, seed: int, labels: np.ndarray | None = None, **conditions: float
) -> np.ndarray:
    """Samples [num, *event_shape] in float32, in batches of one size; sample i depends on `seed`, i and `labels[i]`.

    Args:
      model: has `sample`.
      num: how many.
      seed: of the run.
      labels: int32 [num], where the model takes them.
      **conditions: what else `sample` takes, the same for all.
    """
    size = min(num, max(1, min(250, 400_000 // model.spec.num_dims)))
    draw = tf.function(model.sample, autograph=False)
    padding = -num % size  # a last batch of another size would be traced anew
    index = tf.range(num + padding, dtype=tf.int64)
    seeds = philox.fold_in(tf.fill([num + padding], tf.constant(seed, tf.int64)), step=index, role=_ROLE)
    labels = None if labels is None else tf.constant(np.resize(labels, num + padding), tf.int32)
    parts = []
    with Progress("samples", num, unit="sample") as progress:
        for start in range(0, num, size):
            rows = slice(start, start + size)
            by_row = {} if labels is None else {"label": labels[rows]}
            parts.append(tf.cast(draw(seeds[rows], **by_row, **conditions), tf.float32).numpy())
            progress.update(min(size, num - start))
    return np.concatenate(parts)[:num]


def takes_label(model: Any) -> bool:
    """Whether samples can be asked for by class; a model without labels may share its signature with one that has."""
    return "label" in inspect.signature(model.sample).parameters and getattr(model, "num_labels", 1) > 0


def gathered(batches: Iterable[Mapping[str, tf.Tensor]]) -> dict[str, np.ndarray]:
    """`x`, and `label` where there is one, of all batches."""
    parts: dict[str, list[np.ndarray]] = {}
    for batch in batches:
        for name in {"x", "label"} & set(batch):
            parts.setdefault(name, []).append(batch[name].numpy())
    return {name: np.concatenate(values) for name, values in parts.items()}


def flat(x: np.ndarray) -> np.ndarray:
    """[N, ...] as [N, D] in float64."""
    return np.reshape(x, (len(x), math.prod(np.shape(x)[1:]))).astype(np.float64)
