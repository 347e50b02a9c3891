"""Draws of a trained RBM by two ways: ancestral passes of its directed nets of tied weights, and its own Gibbs chains.

References:
  Hinton, Osindero & Teh (2006), A fast learning algorithm for deep belief nets, section 3.
"""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from tfdgm.core import philox
from tfdgm.evaluation import enumeration
from tfdgm.math import gibbs, images
from tfdgm.math.belief_net import unroll
from tfdgm.math.harmonium import Harmonium
from tfdgm.math.units import BERNOULLI
from tfdgm.models.rbm import RBM

# Seeds of the RBM's own chains and of exact draws; a net of depth L takes stream 1 + L.
_EXACT_STREAM, _CHAIN_STREAM = 0, 1


@dataclasses.dataclass(frozen=True)
class Statistic:
    """A mean over draws and its standard error, nats."""

    mean: float
    standard_error: float


@dataclasses.dataclass(frozen=True)
class Fantasies:
    """Draws of a net, or of the RBM.

    Attributes:
      name: the net's depth, or how else they came about.
      free_energy: mean F(v) of the last layer.
      hidden_free_energy: mean F(h) = -log p(h) - log Z of the layer above it.
      means: E[v | h] at that layer, [N, V].
    """

    name: str
    free_energy: Statistic
    hidden_free_energy: Statistic
    means: tf.Tensor


def require_binary_rbm(model: object) -> None:
    """Raises ValueError for a model that is no RBM of binary units."""
    if not isinstance(model, RBM):
        raise ValueError(
            f"the model is {getattr(model, 'name', model)!r}; only an RBM has a directed net of tied weights"
        )
    if model.visibles.units != BERNOULLI:
        raise ValueError(f"the RBM has {model.visibles.name}; a sigmoid belief net needs visible_units 'bernoulli'")


def by_ancestral_passes(model: RBM, depths: Sequence[int], seeds: tf.Tensor) -> Iterator[Fantasies]:
    """Ancestral passes of the net at each depth, one a seed, independent from depth to depth."""
    harmonium = model.layer.harmonium()
    for depth in depths:
        h = v = None
        for x in unroll(harmonium, depth).ancestral_pass(philox.fold_in(seeds, _CHAIN_STREAM + depth)):
            h, v = v, x
        yield _fantasies(harmonium, str(depth), h, v)


def by_chains(model: RBM, num_sweeps: int, seeds: tf.Tensor) -> Fantasies:
    """The RBM's own chains, one a seed, after `num_sweeps` sweeps from data-free starts."""
    harmonium, seeds = model.layer.harmonium(), philox.fold_in(seeds, _CHAIN_STREAM)

    @tf.function(autograph=False)
    def last_states(v: tf.Tensor) -> tf.Tensor:
        return gibbs.run(harmonium, v, seeds, num_sweeps)[0]

    return _with_parents(harmonium, "chains", last_states(gibbs.start(harmonium, seeds)), seeds)


def by_enumeration(model: RBM, seeds: tf.Tensor) -> tuple[Fantasies, dict[enumeration.Side, float]] | None:
    """Exact independent draws, and E[F] of the smaller side, nats, by the sum over all of its states.

    Returns:
      None where neither side is small enough.
    """
    harmonium = model.layer.harmonium()
    if enumeration.side(harmonium) is None:
        return None
    states, seeds = enumeration.enumerate_states(harmonium), philox.fold_in(seeds, _EXACT_STREAM)
    v = tf.cast(states.samples(seeds), harmonium.kernel.dtype)
    free_energy = -states.log_masses
    mean = float(tf.reduce_sum(tf.nn.softmax(-free_energy) * free_energy))
    return _with_parents(harmonium, "exact draws", v, seeds), {states.side: mean}


def table(rows: Sequence[Fantasies], exact: dict[enumeration.Side, float] | None = None) -> str:
    """Mean free energies in nats, a line for each of `rows`, and the exact expectation of a side where it is known."""
    lines = [f"{'depth':<12}{'F(v)':>12}{'+-':>9}{'F(h)':>12}{'+-':>9}"]
    for row in rows:
        means = (row.free_energy, row.hidden_free_energy)
        lines.append(f"{row.name:<12}" + "".join(f"{value.mean:12.3f}{value.standard_error:9.3f}" for value in means))
    if exact:
        cells = (f"{exact[side]:12.3f}{'':9}" if side in exact else f"{'':21}" for side in ("visible", "hidden"))
        lines.append(f"{'exact mean':<12}{''.join(cells)}".rstrip())
    return "\n".join(lines)


def picture(model: RBM, rows: Sequence[Fantasies], num_columns: int) -> np.ndarray:
    """E[v | h] of the first draws, one row of images for each of `rows`, uint8 [height, width, C]."""
    means = tf.concat([row.means[:num_columns] for row in rows], axis=0)
    return images.contact_sheet(model.visibles.events(means), model.spec, num_columns)


def _with_parents(harmonium: Harmonium, name: str, v: tf.Tensor, seeds: tf.Tensor) -> Fantasies:
    noise = philox.row_uniform(philox.fold_in(seeds), (harmonium.num_hidden,), dtype=v.dtype)
    return _fantasies(harmonium, name, harmonium.sample_hidden(v, noise), v)


def _fantasies(harmonium: Harmonium, name: str, h: tf.Tensor, v: tf.Tensor) -> Fantasies:
    means = harmonium.visible.mean(harmonium.visible_field(h))
    return Fantasies(name, _mean(harmonium.free_energy(v)), _mean(harmonium.hidden_free_energy(h)), means)


def _mean(values: tf.Tensor) -> Statistic:
    values = values.numpy().astype(np.float64)
    return Statistic(float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))))
