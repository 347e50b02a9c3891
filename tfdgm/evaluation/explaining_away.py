"""Explaining away, exactly: independent causes of one effect become dependent once the effect is seen.

    p(cause_i = 1) = sigmoid(cause_bias_i),   p(effect = 1 | causes) = sigmoid(effect_bias + sum_i weight_i cause_i)

A complementary prior of the same likelihood correlates the causes beforehand so that the effect cancels it:

    p(causes) ~ exp(cause_bias'causes) (1 + exp(effect_bias + weights'causes)),
    p(causes | effect) = prod_i Bernoulli(sigmoid(cause_bias_i + effect weight_i))

References:
  Pearl (1988), Probabilistic reasoning in intelligent systems, section 2.3.
  Hinton, Osindero & Teh (2006), A fast learning algorithm for deep belief nets, figure 2, section 2 and appendix A.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfdgm.math import binary_tables, images
from tfdgm.math.belief_net import BeliefNet, log_parent_posterior_table
from tfdgm.math.harmonium import Harmonium

MAX_CAUSES = 6
_CELL = 24  # pixels a side of a state in the picture


@dataclasses.dataclass(frozen=True)
class Distribution:
    """One distribution over the causes.

    Attributes:
      name: in the table's head.
      log_p: [2^num_causes], in the order of `binary_states`.
      kl: to or from the posterior, nats, where it approximates one; else None.
    """

    name: str
    log_p: np.ndarray
    kl: float | None = None

    @property
    def num_causes(self) -> int:
        """How many causes there are."""
        return self.log_p.size.bit_length() - 1

    def correlation(self, first: int, second: int) -> float:
        """Pearson's, of two causes."""
        return float(binary_tables.correlations(tf.constant(self.log_p))[first, second])

    def total_correlation(self) -> float:
        """Nats by which the causes are from independent: the least KL(p || q) over factorial q."""
        return float(binary_tables.total_correlation(tf.constant(self.log_p)))


def distributions(cause_biases: Sequence[float], weights: Sequence[float], effect_bias: float) -> list[Distribution]:
    """Prior and posterior of the causes, the posterior's best factorial fits, the complementary prior and posterior.

    Args:
      cause_biases: log odds of each cause.
      weights: of each cause on the effect.
      effect_bias: log odds of the effect without a cause.

    Raises:
      ValueError: unless there are 2 to `MAX_CAUSES` causes with a finite bias and weight each.
    """
    _require_causes(cause_biases, weights, effect_bias)
    net = BeliefNet(
        kernels=(tf.constant(weights, tf.float64)[:, tf.newaxis],),
        biases=(tf.constant(cause_biases, tf.float64), tf.constant([effect_bias], tf.float64)),
    )
    states = binary_tables.binary_states(len(cause_biases))
    prior, posterior = net.log_prior(states), log_parent_posterior_table(net)[1]
    marginals, mean_field = binary_tables.product_of_marginals(posterior), binary_tables.mean_field(posterior)
    tied = Harmonium(tf.transpose(net.kernels[0]), visible_bias=net.biases[1], hidden_bias=net.biases[0])
    complementary = binary_tables.normalize(-tied.hidden_free_energy(states))
    return [
        Distribution("prior", prior.numpy()),
        Distribution("posterior", posterior.numpy()),
        Distribution("marginals", marginals.numpy(), float(binary_tables.kl_divergence(posterior, marginals))),
        Distribution("mean field", mean_field.numpy(), float(binary_tables.kl_divergence(mean_field, posterior))),
        Distribution("compl. prior", complementary.numpy()),
        Distribution("its posterior", log_parent_posterior_table(net, complementary)[1].numpy()),
    ]


def table(columns: Sequence[Distribution]) -> str:
    """The distributions side by side, with what they say of the causes' dependence."""
    num_causes = columns[0].num_causes
    names = [f"p({','.join(f'{code:0{num_causes}b}')})" for code in range(2**num_causes)]
    rows = [["causes", *(column.name for column in columns)]]
    rows += [[name, *(f"{np.exp(column.log_p[i]):.6g}" for column in columns)] for i, name in enumerate(names)]
    for first in range(num_causes):
        for second in range(first + 1, num_causes):
            name = f"correlation {first + 1},{second + 1}"
            rows.append([name, *(_number(column.correlation(first, second)) for column in columns)])
    rows.append(["total correlation, nats", *(_number(column.total_correlation()) for column in columns)])
    rows.append(["KL of the fit, nats", *("" if column.kl is None else _number(column.kl) for column in columns)])
    return "\n".join(f"{name:<24}" + "".join(f"{cell:>15}" for cell in cells) for name, *cells in rows)


def picture(columns: Sequence[Distribution]) -> np.ndarray:
    """One grid of grey levels a distribution, uint8 [height, width, 1]: the last cause goes down, the others across.

    A state is as bright as it is probable, relative to the distribution's most probable one.
    """
    grids = []
    for column in columns:
        levels = np.exp(column.log_p - column.log_p.max()).reshape(-1, 2).T.reshape(-1, 1, 1, 1)
        cells = np.round(255.0 * levels).astype(np.uint8).repeat(_CELL, axis=1).repeat(_CELL, axis=2)
        grids.append(images.tile(cells, len(cells) // 2, gap=2, level=96))
    return images.tile(np.stack(grids), len(grids), gap=_CELL, level=96)


def _require_causes(cause_biases: Sequence[float], weights: Sequence[float], effect_bias: float) -> None:
    if not 2 <= len(cause_biases) <= MAX_CAUSES:
        raise ValueError(f"cause_biases has {len(cause_biases)} values; it must have one for each of 2 to {MAX_CAUSES}")
    if len(weights) != len(cause_biases):
        raise ValueError(f"weights has {len(weights)} values; cause_biases has {len(cause_biases)}, one a cause")
    if not np.isfinite([*cause_biases, *weights, effect_bias]).all():
        raise ValueError(f"biases and weights are {[*cause_biases, *weights, effect_bias]}; they must be finite")


def _number(value: float) -> str:
    # The last digits of a sum that is zero by theory differ from machine to machine.
    return "0" if abs(value) < 1e-12 else f"{value:.6g}"
