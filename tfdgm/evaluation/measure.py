"""One pass over a split that measures everything asked for, and the figures made of it."""

import dataclasses
import time
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
import tqdm

from tfdgm.core import philox
from tfdgm.core.types import DataSpec
from tfdgm.evaluation.metrics import QUANTITIES, Metric
from tfdgm.models.base import Batch, GenerativeModel

_ROLE = 2  # evaluation of finished models draws noise unlike that of training, 0, and validation, 1
_SECONDS_BETWEEN_LINES = 20.0  # where there is no terminal to draw a bar on


@dataclasses.dataclass(frozen=True)
class Figure:
    """One metric's result; the fields are those of `evaluation.json`.

    Attributes:
      name: the metric's label.
      value: None where an example's value was not finite.
      unit: such as nats.
      kind: `exact`, `bound`, `stochastic_bound` or `estimate`.
      standard_error: of the mean over the examples; None where the figure is no mean.
      num_examples: how many were measured.
      num_non_finite: how many of them gave infinity or NaN.
      split: which split.
      seed: of the noise.
    """

    name: str
    value: float | None
    unit: str
    kind: str
    standard_error: float | None
    num_examples: int
    num_non_finite: int
    split: str
    seed: int


def batch_size(spec: DataSpec) -> int:
    """Examples to measure at once, so that a hundred posterior samples of each stay within memory and cache."""
    return max(1, min(100, 80_000 // spec.num_dims))


def measure(
    model: GenerativeModel,
    batches: Iterable[Batch],
    names: Iterable[str],
    settings: Any,
    *,
    seed: int,
    num_examples: int | None = None,
) -> dict[str, np.ndarray]:
    """Values of single examples, over one pass.

    Example i draws by `seed` and its `index` alone, so the batch size does not matter.

    Args:
      model: has the quantities' capabilities.
      batches: `x` [B, ...] and `index` int64 [B]; the last may be smaller.
      names: keys of `QUANTITIES`.
      settings: the family's evaluation settings.
      seed: of the noise.
      num_examples: how many will come, for the progress shown.

    Returns:
      Float64 [N] or [N, D] by name.
    """
    functions = {name: _function(model, name, settings) for name in names}
    values: dict[str, list[np.ndarray]] = {name: [] for name in functions}
    size = None
    with _Progress(", ".join(functions), num_examples) as progress:
        for batch in batches:
            num = len(batch["index"])
            size = size or num
            x, index = _padded(batch["x"], size), _padded(batch["index"], size)
            seeds = philox.fold_in(tf.fill([size], tf.constant(seed, tf.int64)), step=index, role=_ROLE)
            for name, function in functions.items():
                values[name].append(function(x, seeds).numpy()[:num].astype(np.float64))
            progress.update(num)
    return {name: np.concatenate(parts) for name, parts in values.items()}


def figures(
    metrics: Mapping[str, Metric], values: Mapping[str, np.ndarray], spec: DataSpec, *, split: str, seed: int
) -> list[Figure]:
    """Figures in the order of `metrics`, from values by quantity."""
    return [
        _figure(label, metric, values[metric.quantity], spec, split=split, seed=seed)
        for label, metric in metrics.items()
    ]


def _figure(label: str, metric: Metric, values: np.ndarray, spec: DataSpec, *, split: str, seed: int) -> Figure:
    finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
    value, standard_error = metric.summary(values, spec) if finite.all() else (None, None)
    return Figure(
        name=label,
        value=value,
        unit=metric.unit,
        kind=metric.kind,
        standard_error=standard_error,
        num_examples=len(values),
        num_non_finite=int(np.sum(~finite)),
        split=split,
        seed=seed,
    )


def _function(model: GenerativeModel, name: str, settings: Any) -> Any:
    quantity = QUANTITIES[name]

    # Not compiled: XLA on a CPU makes dense networks a sixth faster, convolutions twice as slow.
    @tf.function(autograph=False)
    def values(x: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
        x = tf.cast(x, model.variable_dtype) if x.dtype.is_floating else x
        return quantity.values(model, x, seeds, settings)

    return values


def _padded(rows: tf.Tensor, size: int) -> tf.Tensor:
    # A last batch of another size would be traced and compiled anew.
    missing = size - len(rows)
    return tf.concat([rows, tf.repeat(rows[-1:], missing, axis=0)], axis=0) if missing else tf.convert_to_tensor(rows)


class _Progress:
    """A bar with speed and remaining time on a terminal; elsewhere a line now and then."""

    def __init__(self, title: str, total: int | None) -> None:
        self._title, self._total, self._done = title, total, 0
        self._bar = tqdm.tqdm(total=total, desc=title, unit="example", disable=None, dynamic_ncols=True)
        self._start = self._last_line = time.monotonic()

    def __enter__(self) -> "_Progress":
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()

    def update(self, num: int) -> None:
        """Counts examples."""
        self._done += num
        self._bar.update(num)
        now = time.monotonic()
        if self._bar.disable and now - self._last_line > _SECONDS_BETWEEN_LINES:
            self._last_line = now
            rate = self._done / (now - self._start)
            left = tqdm.tqdm.format_interval((self._total - self._done) / rate) if self._total else "?"
            print(f"{self._title} {self._done}/{self._total or '?'} {rate:.1f} examples/s {left} left", flush=True)
