"""The table of figures of samples: what each needs, and how it comes of a comparison with real data.

All but a count of samples are estimates. `docs/metrics.md` says how to read them.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from tfdgm.configs.sample_evaluation import SampleEvaluation
from tfdgm.evaluation import class_shares, parzen_window, structural_similarity, wasserstein
from tfdgm.evaluation.comparison import Comparison, flat
from tfdgm.evaluation.extractor import Extractor
from tfdgm.evaluation.frechet_distance import frechet_distance
from tfdgm.evaluation.inception_score import inception_score
from tfdgm.evaluation.kernel_distance import kernel_distance
from tfdgm.math.image_constraints import CONSTRAINTS
from tfdgm.math.mixtures import MIXTURES


@dataclasses.dataclass(frozen=True)
class Measured:
    """A figure, its standard error where it has one, and what is to be said beside it."""

    value: float
    standard_error: float | None = None
    remark: str = ""


@dataclasses.dataclass(frozen=True)
class SampleMetric:
    """A figure of samples.

    Attributes:
      unit: of the figure.
      measure: works it out.
      needs: of `features`, `probabilities` (which imply an extractor), `images`, `vectors`, `mixture`, `labels`.
      min_num: how many samples it needs, and how many examples; takes the settings and the extractor.
      classifier_name: what it is called on features of a classifier of this package, whose figures compare with each
        other alone; empty: as ever.
      lower_is_better: for choosing checkpoints.
      uses_examples: whether real data enter the figure itself.
      kind: `estimate`, or `exact` where it says no more than it counts.
      takes_non_finite: whether it is worked out of samples that hold infinity or NaN too.
    """

    unit: str
    measure: Callable[[Comparison], Measured]
    needs: tuple[str, ...] = ()
    min_num: Callable[[SampleEvaluation, Extractor | None], int] = lambda settings, extractor: 2
    classifier_name: str = ""
    lower_is_better: bool = False
    uses_examples: bool = True
    kind: Literal["estimate", "exact"] = "estimate"
    takes_non_finite: bool = False

    @property
    def needs_extractor(self) -> bool:
        """Whether features or probabilities enter."""
        return bool({"features", "probabilities"} & set(self.needs))


def _fid(both: Comparison) -> Measured:
    return Measured(frechet_distance(both.real.outputs.features, both.outputs.features))


def _kid(both: Comparison) -> Measured:
    size, num = both.settings.kid_subset_size, both.settings.num_kid_subsets
    features = both.real.outputs.features, both.outputs.features
    value, error = kernel_distance(*features, subset_size=size, num_subsets=num, seed=both.real.seed)
    return Measured(value, error, f"{num} subsets of {size:,}")


def _inception_score(both: Comparison) -> Measured:
    num = both.settings.num_score_splits
    value, deviation = inception_score(both.outputs.probabilities, num)
    remark = f"{num} parts with a standard deviation of {deviation:.2g}"
    return Measured(value, deviation / math.sqrt(num), remark)


def _of_neighbours(name: str) -> SampleMetric:
    def measure(both: Comparison) -> Measured:
        value, error = getattr(both.neighbours, name)()
        return Measured(value, error, f"{both.settings.num_neighbours} neighbours")

    return SampleMetric("share", measure, ("features",), lambda settings, _: settings.num_neighbours + 1)


def _modes_covered(both: Comparison) -> Measured:
    modes = both.modes
    remark = (
        f"of {len(modes.counts)} modes, each covered from a tenth of its share of high-quality samples; "
        f"{np.sum(modes.counts > 0)} have at least one"
    )
    return Measured(modes.num_covered, None, remark)


def _high_quality(both: Comparison) -> Measured:
    return Measured(*both.modes.high_quality(), "within 3 standard deviations of the nearest centre")


def _ms_ssim(both: Comparison) -> Measured:
    num = both.settings.num_similarity_pairs
    values = structural_similarity.pair_similarities(both.pixels(both.samples), num)
    num_scales, size = structural_similarity.scales(*both.samples.shape[1:3])
    remark = f"{num:,} pairs, {num_scales} of 5 scales with a filter of {size} pixels"
    num_real = min(num, len(both.real.x) // 2)
    if num_real > 1:
        real = structural_similarity.pair_similarities(both.pixels(both.real.x), num_real).mean()
        remark += f"; {num_real:,} pairs of {both.real.split} examples give {real:.3f}"
    return Measured(float(values.mean()), float(values.std(ddof=1) / math.sqrt(num)), remark)


def _class_accuracy(both: Comparison) -> Measured:
    value, error = class_shares.class_accuracy(both.outputs.probabilities, both.labels)
    labels = both.real.first(both.real.split)["label"]
    share, _ = class_shares.class_accuracy(both.real.outputs.probabilities, labels)
    return Measured(value, error, f"the classifier is right about {share:.2%} of {both.real.split} examples")


def _classes_present(both: Comparison) -> Measured:
    num = class_shares.num_classes_present(both.outputs.probabilities, both.real.outputs.probabilities)
    shares = class_shares.class_shares(both.outputs.probabilities)
    shown = f"; shares {', '.join(f'{share:.1%}' for share in shares)}" if len(shares) <= 20 else ""
    return Measured(num, None, f"of {len(shares)} classes, each from a tenth of its share among examples{shown}")


def _parzen(both: Comparison) -> Measured:
    settings = both.settings
    validation = both.real.first("validation", settings.num_parzen_validation)["x"]
    training = both.real.first("train", len(both.samples))["x"]
    x_validation, x, train, samples = (
        flat(both.pixels(each)) for each in (validation, both.real.x, training, both.samples)
    )

    def log_prob(centres: np.ndarray) -> tuple[np.ndarray, float]:
        sigma = parzen_window.choose_bandwidth(centres, x_validation, settings.parzen_bandwidths)
        return parzen_window.parzen_log_prob(centres, x, [sigma])[0], sigma

    values, sigma = log_prob(samples)
    real, _ = log_prob(train)
    end = ", at the end of what there was to choose from" if sigma in _ends(settings.parzen_bandwidths) else ""
    remark = (
        f"Parzen window with sigma {sigma:g} by {len(validation):,} validation examples{end}; {len(train):,} training "
        f"examples in place of samples give {real.mean():.1f}. It misleads: k-means centres of the training examples "
        "score above these themselves (Theis et al. 2016, table 1)"
    )
    return Measured(float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values))), remark)


def _sliced_wasserstein(both: Comparison) -> Measured:
    num, order = both.settings.num_projections, both.settings.wasserstein_order

    def distance(x: np.ndarray) -> tuple[float, float]:
        return wasserstein.sliced_distance(flat(x), flat(both.real.x), num, order, both.real.seed)

    floor, _ = distance(both.real.first("train", len(both.samples))["x"])
    return Measured(*distance(both.samples), f"W_{order:g} over {num} directions; training examples give {floor:.3g}")


def _wasserstein(both: Comparison) -> Measured:
    order = both.settings.wasserstein_order
    num = min(both.settings.num_assignment_points, len(both.samples), len(both.real.x))

    def distance(x: np.ndarray) -> float:
        return wasserstein.assignment_distance(flat(x[:num]), flat(both.real.x[:num]), order)

    train = both.real.first("train", num)["x"]
    remark = f"W_{order:g} of {num:,} points on either side, by assignment"
    if len(train) == num:
        remark += f"; training examples give {distance(train):.3g}"
    return Measured(distance(both.samples), None, remark)


def _satisfied(name: str) -> SampleMetric:
    """The share of samples that satisfy a constraint of images."""
    constraint = CONSTRAINTS[name]

    def measure(both: Comparison) -> Measured:
        def share(x: np.ndarray) -> float:
            return float(np.mean(constraint.is_satisfied(both.pixels(x).mean(axis=-1))))

        value, num = share(both.samples), len(both.samples)
        train, real = share(both.real.first("train", num)["x"]), share(both.real.x)
        remark = f"{constraint.words}; of training examples {train:.2%}, of {both.real.split} examples {real:.2%}"
        return Measured(value, math.sqrt(value * (1.0 - value) / num), remark)

    return SampleMetric("share", measure, ("images",))


def _non_finite_samples(both: Comparison) -> Measured:
    return Measured(both.num_non_finite, None, "those that hold infinity or NaN")


def _ends(bandwidths: Sequence[float]) -> tuple[float, float]:
    return min(bandwidths), max(bandwidths)


SAMPLE_METRICS: dict[str, SampleMetric] = {
    "fid": SampleMetric(
        "squared distance",
        _fid,
        ("features",),
        lambda _, extractor: extractor.num_features + 1 if extractor else 2,
        classifier_name="c_fid",
        lower_is_better=True,
    ),
    "kid": SampleMetric(
        "squared MMD", _kid, ("features",), lambda settings, _: 2 * settings.kid_subset_size, lower_is_better=True
    ),
    "inception_score": SampleMetric(
        "classes",
        _inception_score,
        ("probabilities",),
        lambda settings, extractor: settings.num_score_splits * (extractor.network.num_classes if extractor else 2),
        classifier_name="c_inception_score",
        uses_examples=False,
    ),
    **{name: _of_neighbours(name) for name in ("precision", "recall", "density", "coverage")},
    "modes_covered": SampleMetric("modes", _modes_covered, ("mixture",), uses_examples=False),
    "high_quality": SampleMetric("share", _high_quality, ("mixture",), uses_examples=False),
    "ms_ssim": SampleMetric(
        "MS-SSIM",
        _ms_ssim,
        ("images",),
        lambda settings, _: 2 * settings.num_similarity_pairs,
        lower_is_better=True,
        uses_examples=False,
    ),
    "class_accuracy": SampleMetric("share", _class_accuracy, ("probabilities", "labels")),
    "classes_present": SampleMetric("classes", _classes_present, ("probabilities",)),
    "parzen": SampleMetric("nats", _parzen, ("images",)),
    "non_finite_samples": SampleMetric(
        "samples",
        _non_finite_samples,
        min_num=lambda settings, extractor: 1,
        lower_is_better=True,
        uses_examples=False,
        kind="exact",
        takes_non_finite=True,
    ),
    **{name: _satisfied(name) for name in CONSTRAINTS},
    "sliced_wasserstein": SampleMetric("distance", _sliced_wasserstein, lower_is_better=True),
    "wasserstein": SampleMetric("distance", _wasserstein, ("vectors",), lower_is_better=True),
}

# What one name stands for in `--metrics` and configurations.
ABBREVIATIONS: dict[str, tuple[str, ...]] = {
    "prdc": ("precision", "recall", "density", "coverage"),
    "is": ("inception_score",),
    **{metric.classifier_name: (name,) for name, metric in SAMPLE_METRICS.items() if metric.classifier_name},
}


def is_mixture(data_name: str) -> bool:
    """Whether the data set is a mixture whose components are known."""
    return data_name in MIXTURES


def expand(names: Sequence[str]) -> list[str]:
    """Names with what is short for others written out, each once."""
    return list(dict.fromkeys(each for name in names for each in ABBREVIATIONS.get(name, (name,))))
