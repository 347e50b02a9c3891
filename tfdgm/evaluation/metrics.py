"""What is measured: `METRICS`, figures made of the values of single examples that `QUANTITIES` has.

Kinds say how far a figure can be trusted:
  exact             the thing itself, up to rounding and the finite test split
  bound             on one side of the truth for certain
  stochastic_bound  a bound in expectation over its own sampling noise
  estimate          neither; biased or not

A model with a partition function gives log p(x), or a bound on it, plus log Z. What it lacks is worked out once, in one
of the ways of `tfdgm.evaluation.partition`, and each way has metrics of its own.
"""

import dataclasses
import math
from collections.abc import Callable
from typing import Literal

import numpy as np

from tfdgm.core.types import DataSpec
from tfdgm.evaluation import code_classes, codes, entities
from tfdgm.evaluation.two_sample import kernel_test

Kind = Literal["exact", "bound", "stochastic_bound", "estimate"]

_ACTIVE_VARIANCE = 0.01
_MAX_TESTED = 2000  # points on either side, whose kernels are held at once


@dataclasses.dataclass(frozen=True)
class Metric:
    """A figure over a split.

    Attributes:
      quantity: key of `QUANTITIES`; empty for the figure of log Z itself.
      unit: of the figure.
      kind: see above.
      summary: takes values [N] or [N, D] in float64 and the data specification, and with a `reference` its values
        too; gives the figure and its standard error, None where it has none.
      label: how the figure is called in reports, with the settings it depends on.
      log_partition: key of `partition.WAYS` to the log Z that is taken off the values; empty where none is lacking.
      of_levels: whether it needs data of whole levels.
      note: takes the values; says beside the figure what it is to be held against. None: nothing.
      reference: the split that the values are held against; empty: none.
    """

    quantity: str
    unit: str
    kind: Kind
    summary: Callable[..., tuple[float, float | None]]
    label: str = ""
    log_partition: str = ""
    of_levels: bool = False
    note: Callable[[np.ndarray], str] | None = None
    reference: str = ""


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


def latent_mmd(z: np.ndarray, spec: DataSpec | None = None) -> tuple[float, float | None]:
    """The squared MMD between z [N, D] and the prior N(0, I), of the first 2,000."""
    del spec
    return _kernel_test(z, num_permutations=1)[0], None


def mmd_threshold(z: np.ndarray) -> str:
    """What `latent_mmd` is to be held against."""
    return f"samples of the prior exceed {_kernel_test(z)[1]:.2g} with probability 0.05, by permutation"


def num_lost_inputs(code_and_input: np.ndarray, spec: DataSpec) -> tuple[float, float | None]:
    """Distinct inputs less distinct codes, of values [N, m + D]: 0 where the code is one-to-one."""
    num_units = code_and_input.shape[1] - spec.num_dims
    return float(codes.num_lost_inputs(code_and_input[:, :num_units], code_and_input[:, num_units:])), None


def _kernel_test(z: np.ndarray, num_permutations: int = 500) -> tuple[float, float]:
    """The estimate, which takes no permutation, and the threshold."""
    z = z[:_MAX_TESTED]
    return kernel_test(z, np.random.default_rng(0).standard_normal(z.shape), num_permutations=num_permutations)


def _of_code(statistic: Callable[[np.ndarray], float], unit: str) -> Metric:
    """A figure of how dependent code units are, with its value by chance alone beside it."""

    def note(code: np.ndarray) -> str:
        by_chance = codes.chance(statistic, code)
        return f"{by_chance:.3g} once each unit's values are shuffled over the {len(code):,} examples: by chance alone"

    return Metric("code", unit, "estimate", lambda code, spec: (float(statistic(code)), None), note=note)


def category_accuracy(category_and_label: np.ndarray, spec: DataSpec | None = None) -> tuple[float, float | None]:
    """The share of examples [N, 2] whose category, matched in the best way with a class, is that of their label."""
    del spec
    return mean(code_classes.is_matched(category_and_label[:, 0], category_and_label[:, 1]))


def _matching_note(category_and_label: np.ndarray) -> str:
    by_chance = codes.chance(lambda values: category_accuracy(values)[0], category_and_label)
    return (
        f"categories are matched with classes in the way that is best for these {len(category_and_label):,} examples "
        f"themselves; {by_chance:.3g} once the labels are shuffled: by chance alone"
    )


def neighbour_accuracy(
    code_and_label: np.ndarray, spec: DataSpec | None, reference: np.ndarray
) -> tuple[float, float | None]:
    """The share of examples [N, D + 1] whose label is that of the nearest code of the reference [M, D + 1]."""
    del spec
    return mean(code_classes.is_as_nearest(*_apart(code_and_label), *_apart(reference)))


def accuracy_where_rules_apply(cases: np.ndarray, spec: DataSpec | None = None) -> tuple[float, float | None]:
    """The student's accuracy among the examples that a rule speaks of; cases [N, 3] as `rule_cases` has them."""
    del spec
    return _mean_of_some(cases[cases[:, 0] > 0][:, 1])


def teacher_gain_where_rules_apply(cases: np.ndarray, spec: DataSpec | None = None) -> tuple[float, float | None]:
    """The teacher's accuracy less the student's among them; the standard error is of the paired difference."""
    del spec
    spoken_of = cases[cases[:, 0] > 0]
    return _mean_of_some(spoken_of[:, 2] - spoken_of[:, 1])


def _mean_of_some(values: np.ndarray) -> tuple[float, float | None]:
    return mean(values) if len(values) else (math.nan, None)


def _cases_note(cases: np.ndarray) -> str:
    return f"a rule speaks of {int(cases[:, 0].sum()):,} of the {len(cases):,} examples"


def _apart(code_and_label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return code_and_label[:, :-1], code_and_label[:, -1]


def _by_each_way(name: str, quantity: str, kind: Kind) -> dict[str, Metric]:
    """A metric that needs log Z, of `kind` where log Z is exact and an estimate where it is one."""
    return {
        f"{name}_enumeration": Metric(quantity, "nats", kind, mean, label=name, log_partition="enumeration"),
        f"{name}_ais": Metric(quantity, "nats", "estimate", mean, log_partition="ais"),
        f"{name}_reverse_ais": Metric(quantity, "nats", "estimate", mean, log_partition="reverse_ais"),
    }


METRICS: dict[str, Metric] = {
    "log_prob": Metric("log_prob", "nats", "exact", mean),
    "bits_per_dim": Metric("log_prob", "bits/dim", "exact", mean_bits_per_dim, of_levels=True),
    # Of whole grey levels a density gives a bound, by noise over their cells.
    "log_prob_lower_bound": Metric("dequantized_log_prob", "nats", "stochastic_bound", mean),
    "bits_per_dim_upper_bound": Metric("dequantized_log_prob", "bits/dim", "stochastic_bound", mean_bits_per_dim),
    "elbo": Metric("elbo", "nats", "stochastic_bound", mean),
    # Of log p(x|y), for the class that the label says.
    "conditional_elbo": Metric("conditional_elbo", "nats", "stochastic_bound", mean),
    "iwae": Metric("iwae", "nats", "stochastic_bound", mean, label="iwae_{0.num_iwae_samples}"),
    # What papers print as a latent-variable model's NLL.
    "nll_upper_bound": Metric("iwae", "nats", "stochastic_bound", negative_mean),
    # The same q for nets with and without a recognition net: a factorial fit to each example.
    "mean_field_iwae": Metric(
        "mean_field_iwae", "nats", "stochastic_bound", mean, label="mean_field_iwae_{0.num_iwae_samples}"
    ),
    # Of q(z), one z for each example, and as many of the prior.
    "latent_mmd": Metric("posterior_sample", "squared MMD", "estimate", latent_mmd, note=mmd_threshold),
    "active_units": Metric("posterior_mean", "latents", "estimate", num_active),
    **_by_each_way("log_prob", "unnormalized_log_prob", "exact"),
    **_by_each_way("elbo", "unnormalized_elbo", "stochastic_bound"),
    **_by_each_way("log_partition", "", "exact"),
    "pseudo_log_likelihood": Metric("pseudo_log_likelihood", "nats", "exact", mean),
    "mean_correlation": _of_code(codes.mean_correlation, "Pearson's r"),
    "rms_correlation": _of_code(codes.rms_correlation, "Pearson's r"),
    "max_correlation": _of_code(codes.max_correlation, "Pearson's r"),
    "total_correlation": _of_code(codes.total_correlation, "bits"),
    "num_codes": Metric("code", "codes", "exact", lambda code, spec: (float(codes.num_codes(code)), None)),
    "num_lost_inputs": Metric("code_and_input", "inputs", "exact", num_lost_inputs),
    "reconstruction_error": Metric("reconstruction_error", "squared error", "exact", mean),
    "category_accuracy": Metric("category_and_label", "fraction", "estimate", category_accuracy, note=_matching_note),
    "neighbour_accuracy": Metric(
        "representation_and_label",
        "fraction",
        "exact",
        neighbour_accuracy,
        note=lambda values: "one nearest neighbour among the codes of the training split, by Euclidean distance",
        reference="train",
    ),
    "accuracy": Metric("is_correct", "fraction", "exact", mean),
    "nll": Metric("label_nll", "nats", "exact", mean),
    # Of q, what rules or an ensemble make of the student p, which `accuracy` is of.
    "teacher_accuracy": Metric("is_teacher_correct", "fraction", "exact", mean),
    "accuracy_where_rules_apply": Metric(
        "rule_cases", "fraction", "exact", accuracy_where_rules_apply, note=_cases_note
    ),
    "entity_f1": Metric("tags", "F1", "exact", entities.entity_f1),
    "teacher_entity_f1": Metric("tags", "F1", "exact", entities.teacher_entity_f1),
    "teacher_gain_in_f1": Metric("tags", "F1", "exact", entities.teacher_gain_in_f1),
    "invalid_tags": Metric("tags", "tags", "exact", entities.num_invalid_tags),
    "teacher_invalid_tags": Metric("tags", "tags", "exact", entities.teacher_num_invalid_tags),
    "teacher_gain_where_rules_apply": Metric(
        "rule_cases", "fraction", "exact", teacher_gain_where_rules_apply, note=_cases_note
    ),
}
