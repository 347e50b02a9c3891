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

_CHAIN_STREAM = 1  # seeds of the RBM's own chains; a net of depth L takes stream 1 + L


@dataclasses.dataclass(frozen=True)
class Statistic:
    """A mean over draws and its standard error, nats."""

    mean: float
    standard_error: float


@dataclasses.dataclass(frozen=True)
class Fantasies:
    """Draws of a net, or of the RBM's chains.

    Attributes:
      depth: of the net; None for chains.
      free_energy: mean F(v) of the last layer.
      hidden_free_energy: mean F(h) = -log p(h) - log Z of the layer above it.
      means: E[v | h] at that layer, [N, V].
    """

    depth: int | None
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
        yield _fantasies(harmonium, depth, h, v)


def by_chains(model: RBM, num_sweeps: int, seeds: tf.Tensor) -> Fantasies:
    """The RBM's own chains, one a seed, after `num_sweeps` sweeps from data-free starts."""
    harmonium, seeds = model.layer.harmonium(), philox.fold_in(seeds, _CHAIN_STREAM)

    @tf.function(autograph=False)
    def last_states(v: tf.Tensor) -> tf.Tensor:
        return gibbs.run(harmonium, v, seeds, num_sweeps)[0]

    v = last_states(gibbs.start(harmonium, seeds))
    noise = philox.row_uniform(philox.fold_in(seeds), (harmonium.num_hidden,), dtype=v.dtype)
    h = harmonium.sample_hidden(v, noise)
    return _fantasies(harmonium, None, h, v)


def exact_means(model: RBM) -> dict[enumeration.Side, float]:
    """E[F] under the RBM, nats, of its smaller side, by the sum over all states; empty where there are too many."""
    harmonium = model.layer.harmonium()
    if enumeration.side(harmonium) is None:
        return {}
    states = enumeration.enumerate_states(harmonium)
    free_energy = -states.log_masses
    return {states.side: float(tf.reduce_sum(tf.nn.softmax(-free_energy) * free_energy))}


def table(rows: Sequence[Fantasies], exact: dict[enumeration.Side, float]) -> str:
    """Mean free energies in nats by depth, of the chains, and the exact expectation of a side where it is known."""
    lines = [f"{'depth':<8}{'F(v)':>12}{'+-':>9}{'F(h)':>12}{'+-':>9}"]
    for row in rows:
        name = "chains" if row.depth is None else str(row.depth)
        means = (row.free_energy, row.hidden_free_energy)
        lines.append(f"{name:<8}" + "".join(f"{value.mean:12.3f}{value.standard_error:9.3f}" for value in means))
    if exact:
        cells = (f"{exact[side]:12.3f}{'':9}" if side in exact else f"{'':21}" for side in ("visible", "hidden"))
        lines.append(f"{'exact':<8}{''.join(cells)}".rstrip())
    return "\n".join(lines)


def picture(model: RBM, rows: Sequence[Fantasies], num_columns: int) -> np.ndarray:
    """E[v | h] of the first draws, one row of images for each of `rows`, uint8 [height, width, C]."""
    means = tf.concat([row.means[:num_columns] for row in rows], axis=0)
    return images.contact_sheet(model.visibles.events(means), model.spec, num_columns)


def _fantasies(harmonium: Harmonium, depth: int | None, h: tf.Tensor, v: tf.Tensor) -> Fantasies:
    means = harmonium.visible.mean(harmonium.visible_field(h))
    return Fantasies(depth, _mean(harmonium.free_energy(v)), _mean(harmonium.hidden_free_energy(h)), means)


def _mean(values: tf.Tensor) -> Statistic:
    values = values.numpy().astype(np.float64)
    return Statistic(float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))))
