"""Singular values of a run's kernels by step, as a table with what they say of collapse, and as panels."""

import dataclasses
import os

import numpy as np

from tfdgm.evaluation.plots import Curve, Panel
from tfdgm.models import singular_values
from tfdgm.models.singular_values import DISCRIMINATOR, FACTOR, GENERATOR, Growth
from tfdgm.workdir import files

_PLAYERS = (GENERATOR, DISCRIMINATOR)


@dataclasses.dataclass(frozen=True)
class Spectra:
    """What a run logged.

    Attributes:
      label: its preset.
      steps: [T].
      values: by layer, [T, K], from the largest singular value down.
    """

    label: str
    steps: np.ndarray
    values: dict[str, np.ndarray]

    def of(self, player: str) -> dict[str, np.ndarray]:
        """The layers of a player, by name."""
        return {layer: self.values[layer] for layer in sorted(self.values) if layer.startswith(player)}

    def fastest(self, player: str) -> Growth | None:
        """The most that a first singular value grew within a tenth of the run so far; None before there is a tenth."""
        found = [
            growth
            for layer, values in self.of(player).items()
            for growth in singular_values.growths(self.steps, layer, values[:, 0])
        ]
        return max(found, key=lambda growth: growth.factor, default=None)


def read(workdir: str | os.PathLike[str]) -> Spectra:
    """The spectra of a run.

    Raises:
      WorkdirError: when the folder holds no run.
      ValueError: when the run logs no singular values.
    """
    preset = files.read_config(workdir)[0].preset
    steps, values = singular_values.read(files.read_metrics(workdir))
    if not values:
        raise ValueError(f"{workdir}, a run of {preset}, logs no singular values; runs of biggan do")
    return Spectra(preset, steps, values)


def table(spectra: Spectra) -> str:
    """A row a kernel, and below what the spectra say of each player."""
    width = 2 + max(map(len, spectra.values))
    steps = spectra.steps
    lines = [
        f"{spectra.label}; singular values at step {steps[-1]:,}, and the largest first one of all {len(steps)} logged",
        f"{'kernel':<{width}}{'sigma_0':>10}{'sigma_1':>10}{'sigma_2':>10}{'sigma_0/sigma_1':>17}{'largest':>10}"
        f"{'at step':>9}",
    ]
    for layer, values in [pair for player in _PLAYERS for pair in spectra.of(player).items()]:
        last = [*values[-1], np.nan, np.nan][:3]
        shown = "".join("         -" if np.isnan(value) else f"{value:10.4g}" for value in last)
        ratio = f"{last[0] / last[1]:17.3g}" if last[1] > 0.0 else f"{'-':>17}"
        most = int(np.argmax(values[:, 0]))
        lines.append(f"{layer:<{width}}{shown}{ratio}{values[most, 0]:10.4g}{steps[most]:9}")
    return "\n".join([*lines, *(verdict(spectra, player) for player in _PLAYERS)])


def verdict(spectra: Spectra, player: str) -> str:
    """One line for people: whether a generator explodes, how far a discriminator jumps.

    References:
      Brock et al. (2019), section 4 and appendix F.
    """
    fastest = spectra.fastest(player)
    if fastest is None:
        return f"{player}: too few steps are logged to say how fast it grows; at least ten"
    most = (
        f"{fastest.factor:.3g} times, {fastest.layer} from {fastest.before:.3g} at step {fastest.before_step:,} "
        f"to {fastest.value:.3g} at step {fastest.step:,}"
    )
    growth = f"within a tenth of the run so far a first singular value grows at most {most}"
    if player == DISCRIMINATOR:
        return f"{player}: {growth}; spikes are usual there, a jump goes with a collapse of the generator"
    found = singular_values.explosion(spectra.steps, spectra.values)
    if found:
        return f"{player}: collapse: since step {found.step:,} {found.words}"
    if fastest.factor >= FACTOR:
        return f"{player}: {growth}; it has gone back, which no explosion does"
    return f"{player}: {growth}; it takes {FACTOR:g} times for an explosion: no sign of a collapse"


def panels(spectra: Spectra) -> list[Panel]:
    """For each player the first singular value of its kernels by step, and by how much it exceeds the second."""
    found = []
    for player in _PLAYERS:
        layers = {layer.removeprefix(f"{player}_"): values for layer, values in spectra.of(player).items()}
        first = [Curve(name, spectra.steps, values[:, 0]) for name, values in layers.items()]
        ratio = [
            Curve(name, spectra.steps, values[:, 0] / values[:, 1])
            for name, values in layers.items()
            if values.shape[1] > 1
        ]
        title = f"{player}, {spectra.label}"
        found.append(Panel(first, "step", "sigma_0", title, log_y=True))
        found.append(Panel(ratio, "step", "sigma_0 / sigma_1", title, log_y=True))
    return found
