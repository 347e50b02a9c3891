"""Passes over the validation split, and figures of samples beside them; the best of one of these, so far."""

import contextlib
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdgm.models.base import GenerativeModel
from tfdgm.models.ema import WeightAverages
from tfdgm.workdir.checkpoints import Best

Logs = dict[str, float]
Measure = Callable[[np.ndarray], Mapping[str, float]]
"""From samples [N, *event_shape] to figures by name."""

_SAMPLES_AT_ONCE = 250


class SampleMetrics:
    """Figures of the model's samples, the same seeds every time."""

    def __init__(self, model: GenerativeModel, measure: Measure, num: int) -> None:
        """Args: measure: of samples [num, *event_shape]."""
        self._draw = tf.function(model.sample, autograph=False)
        self._measure, self._num = measure, num

    def __call__(self) -> dict[str, float]:
        """By name, with the weights that the model has now."""
        starts = range(0, self._num, _SAMPLES_AT_ONCE)
        parts = [self._draw(start + tf.range(_SAMPLES_AT_ONCE, dtype=tf.int64)).numpy() for start in starts]
        return {name: float(value) for name, value in self._measure(np.concatenate(parts)[: self._num]).items()}


class Validation(keras.callbacks.Callback):
    """Adds `val_...` means over the validation split to the interval's logs, and keeps the best of one of them.

    Attributes:
      best: the best so far, which checkpoints carry.
    """

    def __init__(
        self,
        batches: Iterable[Any],
        num_batches: int,
        due: Callable[[int], bool],
        *,
        metric: str,
        mode: str,
        best: Best | None,
        averages: WeightAverages | None,
        sample_metrics: SampleMetrics | None = None,
    ) -> None:
        """Args: batches: of the split, so many. due: of a phase step. best: of the run before it was resumed."""
        super().__init__()
        self._sample_metrics = sample_metrics
        self._batches, self._num_batches, self._due = batches, num_batches, due
        self._metric, self._mode = metric, mode
        self._averages = averages
        self.best = best

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Looks at one batch, so that a metric that is not logged is refused before the first step."""
        if not self._metric:
            return
        known = self.model.evaluate(self._batches, steps=1, verbose=0, return_dict=True)
        known |= self._sample_metrics() if self._sample_metrics else {}
        if self._metric not in known:
            raise ValueError(f"training.best_metric is {self._metric!r}; validation logs {', '.join(sorted(known))}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Evaluates, with averaged weights where there are any."""
        if logs is None or not self._due(int(self.model.phase_step.numpy())):
            return
        with self._averages.in_place() if self._averages else contextlib.nullcontext():
            found = self.model.evaluate(self._batches, steps=self._num_batches, verbose=0, return_dict=True)
            found |= self._sample_metrics() if self._sample_metrics else {}
        logs.update({f"val_{name}": float(value) for name, value in found.items()})
        if not self._metric:
            return
        value = float(found[self._metric])
        if not math.isfinite(value):
            return  # it would stay the best for ever
        sign = 1.0 if self._mode == "max" else -1.0
        if self.best is None or sign * value > sign * self.best.value:
            self.best = Best(int(self.model.step.numpy()), self._metric, value)
