"""What an estimator of a gradient does: its mean, its variance, and what both are measured against."""

import dataclasses
from collections.abc import Sequence

import numpy as np

Moments = tuple[np.ndarray, float]  # mean [P], and variance as in `Estimate`


@dataclasses.dataclass(frozen=True)
class Estimate:
    """One estimator at one point.

    Attributes:
      name: of the estimator.
      target: the objective whose gradient it is to be.
      mean: its expectation, averaged over the data, [P].
      variance: the trace of its covariance for one example and one set of samples, averaged over the data.
      gradient: the target's, averaged over the data, [P].
      reference: the gradient that all estimators of the same parameters can be compared with, [P].
      kind: `exact`, or how it was found.
    """

    name: str
    target: str
    mean: np.ndarray
    variance: float
    gradient: np.ndarray
    reference: np.ndarray
    kind: str = "exact"

    @property
    def bias(self) -> float:
        """|mean - gradient| / |gradient|."""
        return distance(self.mean, self.gradient)

    @property
    def reference_bias(self) -> float:
        """|mean - reference| / |reference|."""
        return distance(self.mean, self.reference)


def distance(mean: np.ndarray, gradient: np.ndarray) -> float:
    """|mean - gradient| / |gradient|."""
    return float(np.linalg.norm(mean - gradient) / np.linalg.norm(gradient))


def moments(gradients: np.ndarray, probabilities: np.ndarray) -> Moments:
    """Mean and variance of estimates that are known outcome by outcome.

    Args:
      gradients: of each example and outcome, [B, N, P]; [1, N, P] where they are the same for all examples.
      probabilities: of the outcomes, [B, N], each row summing to 1.

    Returns:
      The mean over examples and outcomes, [P], and the examples' mean trace of the covariance.
    """
    means = np.einsum("bn,bnp->bp", probabilities, gradients)
    squares = np.square(gradients - means[:, np.newaxis]).sum(axis=-1)
    return means.mean(axis=0), float((probabilities * squares).sum(axis=1).mean())


def table(estimates: Sequence[Estimate], reference: str) -> str:
    """A line an estimator, below a head that names the reference."""
    lines = [f"{'estimator':<38}{'target':<20}{'bias':>8}  {'bias to ' + reference:>16}  {'variance':>9}  kind"]
    for each in estimates:
        lines.append(
            f"{each.name:<38}{each.target:<20}{_ratio(each.bias):>8}  {_ratio(each.reference_bias):>16}"
            f"  {each.variance:9.4g}  {each.kind}"
        )
    return "\n".join(lines)


def _ratio(value: float) -> str:
    # The last digits of what is zero by theory differ from machine to machine.
    if value < 1e-9:
        return "0"
    return f"{value:.4f}" if value >= 1e-3 else f"{value:.1e}"
