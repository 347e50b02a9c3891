"""What is measured. Two tables: `QUANTITIES`, values of single examples, and `METRICS`, figures made of them.

Kinds say how far a figure can be trusted:
  exact             the thing itself, up to rounding and the finite test split
  bound             on one side of the truth for certain
  stochastic_bound  a bound in expectation over its own sampling noise
  estimate          neither; biased or not
"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from tfdgm.configs import UnknownNameError
from tfdgm.core.types import DataSpec
from tfdgm.models.base import GenerativeModel

Kind = Literal["exact", "bound", "stochastic_bound", "estimate"]

_ACTIVE_VARIANCE = 0.01


@dataclasses.dataclass(frozen=True)
class Quantity:
    """A value, or a vector, of each example.

    Attributes:
      capability: the method that a model must have.
      values: takes the model, x [B, ...], seeds int64 [B] and the family's evaluation settings; gives [B] or [B, D].
    """

    capability: str
    values: Callable[[GenerativeModel, tf.Tensor, tf.Tensor, Any], tf.Tensor]


@dataclasses.dataclass(frozen=True)
class Metric:
    """A figure over a split.

    Attributes:
      quantity: key of `QUANTITIES`.
      unit: of the figure.
      kind: see above.
      summary: takes values [N] or [N, D] in float64 and the data specification; gives the figure and its
        standard error, None where it has none.
      label: how the figure is called in reports, with the settings it depends on.
    """

    quantity: str
    unit: str
    kind: Kind
    summary: Callable[[np.ndarray, DataSpec], tuple[float, float | None]]
    label: str = ""


def mean(values: np.ndarray, spec: DataSpec | None = None) -> tuple[float, float | None]:
    """Mean over the examples, and its standard error s / sqrt(N)."""
    del spec
    num = len(values)
    return float(values.mean()), float(values.std(ddof=1) / math.sqrt(num)) if num > 1 else None


def negative_mean(values: np.ndarray, spec: DataSpec | None = None) -> tuple[float, float | None]:
    """The mean with its sign changed."""
    return mean(-values, spec)


def mean_bits_per_dim(log_prob: np.ndarray, spec: DataSpec) -> tuple[float, float | None]:
    """-log p(x) / (D log 2), its mean over the examples; log p(x) in nats."""
    return mean(-log_prob / (spec.num_dims * math.log(2.0)))


def num_active(z_mean: np.ndarray, spec: DataSpec | None = None) -> tuple[float, float | None]:
    """Latents whose posterior mean varies over the data, Var_x(E[z|x]) > 0.01; z_mean [N, D].

    References:
      Burda, Grosse & Salakhutdinov (2016), Importance Weighted Autoencoders, section 5.1.2.
    """
    del spec
    return float(np.sum(z_mean.var(axis=0, ddof=1) > _ACTIVE_VARIANCE)), None


QUANTITIES: dict[str, Quantity] = {
    "log_prob": Quantity("log_prob", lambda model, x, seeds, settings: model.log_prob(x)),
    "elbo": Quantity("elbo", lambda model, x, seeds, settings: model.elbo(x, seeds, settings.num_elbo_samples)),
    "iwae": Quantity(
        "iwae_bound", lambda model, x, seeds, settings: model.iwae_bound(x, seeds, settings.num_iwae_samples)
    ),
    "posterior_mean": Quantity("encode", lambda model, x, seeds, settings: model.encode(x)["z_mean"]),
}

METRICS: dict[str, Metric] = {
    "log_prob": Metric("log_prob", "nats", "exact", mean),
    "bits_per_dim": Metric("log_prob", "bits/dim", "exact", mean_bits_per_dim),
    "elbo": Metric("elbo", "nats", "stochastic_bound", mean),
    "iwae": Metric("iwae", "nats", "stochastic_bound", mean, label="iwae_{0.num_iwae_samples}"),
    # What papers print as a latent-variable model's NLL.
    "nll_upper_bound": Metric("iwae", "nats", "stochastic_bound", negative_mean),
    "active_units": Metric("posterior_mean", "latents", "estimate", num_active),
}


def choose(names: Sequence[str] | None, model: GenerativeModel, settings: Any) -> dict[str, Metric]:
    """The metrics to work out, by the label they get in reports.

    Args:
      names: keys of `METRICS`, or their labels; None is all that the model can give.
      model: decides by its capabilities.
      settings: the family's evaluation settings, which labels quote.

    Raises:
      UnknownNameError: for a name that is no metric's, naming the nearest.
      ValueError: for a metric that the model can't give, naming those it can.
    """
    able = [name for name, metric in METRICS.items() if hasattr(model, QUANTITIES[metric.quantity].capability)]
    labels = {(METRICS[name].label or name).format(settings): name for name in able}
    if names is None:
        return {label: METRICS[name] for label, name in labels.items()}
    chosen = {}
    for name in names:
        key = labels.get(name, name)
        if key not in METRICS:
            raise UnknownNameError("metric", name, [*METRICS, *labels])
        if key not in able:
            capability = QUANTITIES[METRICS[key].quantity].capability
            raise ValueError(f"metric {name!r} needs {capability!r}, which {model.name} has not; {_offer(able)}")
        chosen[next(label for label, known in labels.items() if known == key)] = METRICS[key]
    return chosen


def _offer(able: Sequence[str]) -> str:
    return f"it can give {', '.join(able)}" if able else "it can give none"
