"""The RBM as an infinitely deep directed net with tied weights: how its truncations come to the RBM.

    v_0 <- h_0 <- v_1 <- h_1 <- ...      weights W', W, W', ...; the top layer is cut off from what would be above it

As depth grows, the net's p(v_0) goes to the RBM's, as fast as the Gibbs chain forgets: by its second eigenvalue each
two layers, the KL divergence by the eigenvalue's square. Where the top layer is drawn from the RBM itself, the net is
the RBM at every depth, and its posterior p(h_0 | v_0) is factorial: what lies above is a complementary prior.

References:
  Hinton, Osindero & Teh (2006), A fast learning algorithm for deep belief nets, sections 2 and 3 and appendix A.
"""

import dataclasses

import numpy as np
import tensorflow as tf

from tfdgm.math import bernoulli, binary_tables
from tfdgm.math.belief_net import log_marginal_tables, log_parent_posterior_table, unroll
from tfdgm.math.harmonium import Harmonium

_HEAD = (
    "       top layer factorial                                          top layer drawn from the RBM\n"
    "depth  KL(p || RBM)    ratio  total variation    ratio  KL to factorial  p(v) gap  p(h|v) gap"
)


@dataclasses.dataclass(frozen=True)
class ExactRow:
    """A truncation of a small net against its RBM, by enumeration.

    Attributes:
      depth: number of weight layers.
      kl: KL(p_depth(v) || p(v)), nats.
      total_variation: between the same two.
      explaining_away: the mean over p_depth(v) of the least KL(p_depth(h | v) || q) over factorial q, nats.
      tied_gap: max |p'(v) - p(v)| for the net p' whose top layer is drawn from the RBM.
      tied_posterior_gap: max |p'(h | v) - prod_j Bernoulli(sigmoid(c_j + (v'W)_j))| for the same net.
    """

    depth: int
    kl: float
    total_variation: float
    explaining_away: float
    tied_gap: float
    tied_posterior_gap: float


def small_harmonium(seed: int, num_visible: int = 4, num_hidden: int = 3, scale: float = 1.5) -> Harmonium:
    """A random RBM, float64, small enough to enumerate."""
    normal = np.random.default_rng(seed).normal
    parameters = (normal(scale=scale, size=shape) for shape in ([num_visible, num_hidden], num_visible, num_hidden))
    return Harmonium(*(tf.constant(value, tf.float64) for value in parameters))


def second_eigenvalue(harmonium: Harmonium) -> float:
    """Of the Gibbs sweep v -> h -> v, by enumeration: the square of the maximal correlation of v and h."""
    log_v, log_h = _visible_table(harmonium), _hidden_table(harmonium)
    h = binary_tables.binary_states(harmonium.num_hidden)
    field = harmonium.visible_field(h)[:, tf.newaxis, :]
    log_v_given_h = bernoulli.log_prob(binary_tables.binary_states(harmonium.num_visible), field)
    # p(v, h) / sqrt(p(v) p(h)): the sweep's eigenvalues are its squared singular values, the first of them 1.
    ratio = tf.exp(log_v_given_h + 0.5 * (log_h[:, tf.newaxis] - log_v))
    return float(tf.linalg.svd(ratio, compute_uv=False)[1]) ** 2


def exact_row(harmonium: Harmonium, depth: int) -> ExactRow:
    """One truncation, as a directed net: no Gibbs chain enters."""
    net, log_v = unroll(harmonium, depth), _visible_table(harmonium)
    log_p, log_posterior = log_marginal_tables(net)[-1], log_parent_posterior_table(net)
    log_top = _hidden_table(harmonium) if depth % 2 else log_v
    tied, tied_posterior = log_marginal_tables(net, log_top)[-1], log_parent_posterior_table(net, log_top)
    field = harmonium.hidden_field(binary_tables.binary_states(harmonium.num_visible))[:, tf.newaxis, :]
    factorial = bernoulli.log_prob(binary_tables.binary_states(harmonium.num_hidden), field)
    explaining_away = tf.reduce_sum(tf.exp(log_p) * binary_tables.total_correlation(log_posterior))
    return ExactRow(
        depth,
        kl=float(binary_tables.kl_divergence(log_p, log_v)),
        total_variation=float(binary_tables.total_variation(log_p, log_v)),
        explaining_away=float(explaining_away),
        tied_gap=float(tf.reduce_max(tf.abs(tf.exp(tied) - tf.exp(log_v)))),
        tied_posterior_gap=float(tf.reduce_max(tf.abs(tf.exp(tied_posterior) - tf.exp(factorial)))),
    )


def table(harmonium: Harmonium, max_depth: int) -> str:
    """Truncations of a small net, each with its ratios to the one of two layers less and, last, their limits."""
    rows = [exact_row(harmonium, depth) for depth in range(1, max_depth + 1)]
    lines = [_HEAD, *(_line(row, before) for row, before in zip(rows, [None, None, *rows], strict=False))]
    eigenvalue = second_eigenvalue(harmonium)
    lines.append(
        f"limit  {'':>12} {eigenvalue**2:8.4f}  {'':>15} {eigenvalue:8.4f}  (second eigenvalue, squared and plain)"
    )
    return "\n".join(lines)


def _line(row: ExactRow, before: ExactRow | None) -> str:
    kl_ratio = f"{row.kl / before.kl:.4f}" if before else ""
    distance_ratio = f"{row.total_variation / before.total_variation:.4f}" if before else ""
    return (
        f"{row.depth:>5}  {row.kl:12.4e} {kl_ratio:>8}  {row.total_variation:15.4e} {distance_ratio:>8}  "
        f"{row.explaining_away:15.4e}  {row.tied_gap:8.1e} {row.tied_posterior_gap:11.1e}"
    )


def _visible_table(harmonium: Harmonium) -> tf.Tensor:
    """log p(v) of the RBM by its free energy, [2^V]."""
    return binary_tables.normalize(-harmonium.free_energy(binary_tables.binary_states(harmonium.num_visible)))


def _hidden_table(harmonium: Harmonium) -> tf.Tensor:
    """log p(h) of the RBM, [2^H]."""
    return binary_tables.normalize(-harmonium.hidden_free_energy(binary_tables.binary_states(harmonium.num_hidden)))
