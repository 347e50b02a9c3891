"""The singular values of kernels by step, as a run's log has them, and explosions among them.

In BigGAN the first singular value of some layers of the generator grows throughout training and explodes when it
collapses; those of the discriminator grow with spikes, and jump then (Brock et al. 2019, section 4 and appendix F).

    layer explodes at step t:    sigma_0(t) >= 2 sigma_0(s),   s the last logged step with s <= 9/10 t

where logged steps are at most a tenth of t apart, so that s >= 8/10 t: no power of t up to the third doubles so fast.
"""

import dataclasses
import re
from collections.abc import Iterable, Mapping

import numpy as np

NUM_LOGGED = 3  # sigma_0, sigma_1, sigma_2, as in the paper's figures
GENERATOR, DISCRIMINATOR = "generator", "discriminator"  # layers' names begin so

FACTOR = 2.0
_SHARE = 0.1  # of the run so far
_NAME = re.compile(r"singular_value_(\d)/(.+)")


@dataclasses.dataclass(frozen=True)
class Growth:
    """How a first singular value grew within a tenth of the run so far.

    Attributes:
      layer: whose kernel's.
      before_step: where the tenth begins.
      before: the value there.
      step: where it ends.
      value: the value there.
    """

    layer: str
    before_step: int
    before: float
    step: int
    value: float

    @property
    def factor(self) -> float:
        """By how much it grew; 1 from zero."""
        return self.value / self.before if self.before else 1.0

    @property
    def words(self) -> str:
        """An explosion, for people."""
        return (
            f"the first singular value of {self.layer} explodes: {self.value:.3g}, "
            f"from {self.before:.3g} at step {self.before_step:,}"
        )


def logged(values: Mapping[str, Iterable[float]]) -> dict[str, float]:
    """Singular values of each layer, from the largest down, as a line of the log has them."""
    return {
        f"singular_value_{index}/{layer}": float(value)
        for layer, of_layer in values.items()
        for index, value in enumerate(of_layer)
    }


def read(lines: Iterable[Mapping[str, float | int | str]]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """What a run logged.

    Args:
      lines: of `metrics.jsonl`, in order; those without singular values count for nothing.

    Returns:
      Steps [T], and by layer its values [T, K], K at most `NUM_LOGGED`.
    """
    steps, found = [], {}
    for line in lines:
        values: dict[str, list[float]] = {}
        for name, value in line.items():
            if match := _NAME.fullmatch(name):
                values.setdefault(match[2], []).append(value)
        if values:
            steps.append(line["step"])
            for layer, of_layer in values.items():
                found.setdefault(layer, []).append(of_layer)
    return np.array(steps, int), {layer: np.array(of_layer, float) for layer, of_layer in found.items()}


def growths(steps: np.ndarray, layer: str, first: np.ndarray) -> list[Growth]:
    """How a first singular value [T] grew up to each step [T]; steps that no tenth of the run precedes have none."""
    found = []
    for index in range(1, len(steps)):
        if steps[index] - steps[index - 1] > _SHARE * steps[index]:
            continue
        before = int(np.searchsorted(steps, (1.0 - _SHARE) * steps[index], side="right")) - 1
        if before >= 0:
            values = float(first[before]), float(first[index])
            found.append(Growth(layer, int(steps[before]), values[0], int(steps[index]), values[1]))
    return found


def explosion(steps: np.ndarray, values: Mapping[str, np.ndarray]) -> Growth | None:
    """The earliest explosion of a kernel of the generator that has not gone back; None where there is none.

    Args:
      steps: [T].
      values: by layer, [T, K].
    """
    found = []
    for layer, of_layer in values.items():
        if not layer.startswith(GENERATOR):
            continue
        first, open_since = of_layer[:, 0], None
        for growth in growths(steps, layer, first):
            if open_since and growth.value < FACTOR * open_since.before:
                open_since = None
            if not open_since and growth.factor >= FACTOR:
                open_since = growth
        found += [open_since] if open_since else []
    return min(found, key=lambda growth: growth.step, default=None)
