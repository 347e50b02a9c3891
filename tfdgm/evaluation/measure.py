"""One pass over a split that measures everything asked for, and the figures made of it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.types import DataSpec
from tfdgm.evaluation.figure import Figure
from tfdgm.evaluation.metrics import Metric
from tfdgm.evaluation.partition import LogPartition
from tfdgm.evaluation.progress import Progress
from tfdgm.evaluation.quantities import QUANTITIES
from tfdgm.models.base import Batch, GenerativeModel

_ROLE = 2  # evaluation of finished models draws noise unlike that of training, 0, and validation, 1


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
      batches: `x` [B, ...], `index` int64 [B] and, for quantities of it, `label` int32 [B]; the last may be smaller.
      names: keys of `QUANTITIES`; where there are none, nothing is read.
      settings: the family's evaluation settings.
      seed: of the noise.
      num_examples: how many will come, for the progress shown.

    Returns:
      Float64 [N] or [N, D] by name.
    """
    names = tuple(names)
    if not names:
        return {}
    function = _function(model, names, settings)
    values: dict[str, list[np.ndarray]] = {name: [] for name in names}
    size = None
    with Progress(", ".join(values), num_examples) as progress:
        for batch in batches:
            num = len(batch["index"])
            size = size or num
            x, index = _padded(batch["x"], size), _padded(batch["index"], size)
            label = _padded(batch["label"], size) if "label" in batch else None
            seeds = philox.fold_in(tf.fill([size], tf.constant(seed, tf.int64)), step=index, role=_ROLE)
            for name, found in function(x, seeds, label).items():
                values[name].append(found.numpy()[:num].astype(np.float64))
            progress.update(num)
    return {name: np.concatenate(parts) for name, parts in values.items()}


def figures(
    metrics: Mapping[str, Metric],
    values: Mapping[str, np.ndarray],
    spec: DataSpec,
    *,
    split: str,
    seed: int,
    log_partitions: Mapping[str, LogPartition] | None = None,
    references: Mapping[tuple[str, str], np.ndarray] | None = None,
) -> list[Figure]:
    """Figures in the order of `metrics`, from values by quantity and log Z by the way to it.

    `references` has the values that metrics hold theirs against, by split and quantity.
    """
    found = []
    for label, metric in metrics.items():
        log_z = (log_partitions or {})[metric.log_partition] if metric.log_partition else None
        measured = {"value": None, "standard_error": None, "num_examples": 0, "num_non_finite": 0, "split": ""}
        if metric.quantity:
            reference = [references[metric.reference, metric.quantity]] if references and metric.reference else []
            measured |= {"split": split, **_summary(metric, values[metric.quantity], spec, log_z, *reference)}
        elif log_z and math.isfinite(log_z.value):
            measured |= {"value": log_z.value, "standard_error": log_z.standard_error}
        note = log_z.note if log_z else _note(metric, values, measured["value"])
        found.append(Figure(name=label, unit=metric.unit, kind=metric.kind, seed=seed, note=note, **measured))
    return found


def _summary(
    metric: Metric, values: np.ndarray, spec: DataSpec, log_z: LogPartition | None, *reference: np.ndarray
) -> dict[str, Any]:
    """The fields of a figure that come from the examples."""
    if log_z:
        values = values - log_z.value
    finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
    all_finite = finite.all() and all(np.isfinite(each).all() for each in reference)
    value, standard_error = metric.summary(values, spec, *reference) if all_finite else (None, None)
    if log_z and standard_error is not None:
        standard_error = math.hypot(standard_error, log_z.standard_error)
    return {
        "value": value,
        "standard_error": standard_error,
        "num_examples": len(values),
        "num_non_finite": int(np.sum(~finite)),
    }


def _note(metric: Metric, values: Mapping[str, np.ndarray], value: float | None) -> str:
    """What the metric has to say; of values that are not finite nothing."""
    return metric.note(values[metric.quantity]) if metric.note and value is not None else ""


def _function(model: GenerativeModel, names: Sequence[str], settings: Any) -> Any:
    # Not compiled: XLA on a CPU makes dense networks a sixth faster, convolutions twice as slow.
    @tf.function(autograph=False)
    def values(x: tf.Tensor, seeds: tf.Tensor, label: tf.Tensor | None) -> dict[str, tf.Tensor]:
        x = tf.cast(x, model.variable_dtype) if x.dtype.is_floating else x
        found: dict[str, tf.Tensor] = {}
        for name in names:
            quantity = QUANTITIES[name]
            # One after the other, so that the memory is that of the costliest.
            with tf.control_dependencies(list(found.values())):
                found[name] = quantity.values(model, x, seeds, settings, *([label] if quantity.of_label else []))
        return found

    return values


def _padded(rows: tf.Tensor, size: int) -> tf.Tensor:
    # A last batch of another size would be traced and compiled anew.
    missing = size - len(rows)
    return tf.concat([rows, tf.repeat(rows[-1:], missing, axis=0)], axis=0) if missing else tf.convert_to_tensor(rows)
