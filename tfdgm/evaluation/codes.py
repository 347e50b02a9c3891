"""Statistics of codes [N, m], a row an example and a column a unit in (0, 1): how dependent units are.

All are of the sample: over N examples even independent units correlate by about 1 / sqrt(N), and seem to share bits.
`chance` says by how much, from the same code with every unit's values dealt out anew.
"""

from collections.abc import Callable

import numpy as np

_NUM_SHUFFLES = 100


def correlations(code: np.ndarray) -> np.ndarray:
    """|Pearson's r| of each pair of units, [m (m - 1) / 2]; 0 where a unit is constant."""
    deviation = code - code.mean(axis=0)
    scale = np.sqrt(np.mean(np.square(deviation), axis=0))
    unit = np.divide(deviation, scale, out=np.zeros_like(deviation), where=scale > 1e-12)
    return np.abs(unit.T @ unit / len(code))[np.triu_indices(code.shape[1], k=1)]


def mean_correlation(code: np.ndarray) -> float:
    """The mean of `correlations`."""
    return float(correlations(code).mean())


def max_correlation(code: np.ndarray) -> float:
    """The largest of `correlations`."""
    return float(correlations(code).max())


def rms_correlation(code: np.ndarray) -> float:
    """The root of the mean of r^2, less the 1 / (N - 1) that independent units have by chance; 0 where it is less."""
    return float(np.sqrt(max(0.0, np.mean(np.square(correlations(code))) - 1.0 / (len(code) - 1))))


def total_correlation(code: np.ndarray) -> float:
    """sum_i H(b_i) - H(b) in bits, of the units cut at one half: the mutual information of all of them.

    Entropies are those of the N examples' own frequencies. H(b) is then at most log2(N), so that with more units than
    that the figure is large whatever they are.

    References:
      Watanabe (1960), Information theoretical analysis of multivariate correlation.
    """
    binary = code > 0.5
    _, counts = np.unique(binary, axis=0, return_counts=True)
    on = binary.mean(axis=0)
    return float(_entropy(np.stack([on, 1.0 - on])).sum() - _entropy(counts / len(code)))


def num_codes(code: np.ndarray) -> int:
    """Distinct codes, of the units cut at one half."""
    return len(np.unique(code > 0.5, axis=0))


def num_lost_inputs(code: np.ndarray, x: np.ndarray) -> int:
    """Distinct inputs x [N, D] less distinct codes: 0 where the code is one-to-one, for it is a function of x."""
    return len(np.unique(x, axis=0)) - num_codes(code)


def chance(statistic: Callable[[np.ndarray], float], code: np.ndarray) -> float:
    """The mean of a statistic of units made independent: each unit's values shuffled over the examples by itself."""
    random = np.random.default_rng(0)
    return float(np.mean([statistic(random.permuted(code, axis=0)) for _ in range(_NUM_SHUFFLES)]))


def _entropy(probabilities: np.ndarray) -> np.ndarray:
    """Bits, over the first axis."""
    logs = np.log2(probabilities, out=np.zeros_like(probabilities), where=probabilities > 0.0)
    return -np.sum(probabilities * logs, axis=0)
