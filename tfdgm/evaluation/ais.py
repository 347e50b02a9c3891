"""Annealed importance sampling of a harmonium's partition function, along its tempered family, in both directions.

    forward   v ~ p_0;  log w = sum_k log p*_k(v_k) - log p*_{k-1}(v_k),  v_{k+1} ~ T_k(v_k);   E[w] = Z / Z_0
    reverse   v ~ p_1;  the same from k = K down to 1;                                          E[1 / w] = Z_0 / Z

p*_k is unnormalised at inverse temperature beta_k. T_k, one block Gibbs sweep v -> h -> v, leaves p_k unchanged and
is reversible, hence the same transition in both directions. By Jensen's inequality the forward estimate of log Z is
too low in expectation and the reverse one too high, the latter only where its first states are exact samples.

References:
  Neal (2001), Annealed importance sampling.
  Salakhutdinov & Murray (2008), On the quantitative analysis of deep belief networks, section 4.
  Grosse, Ghahramani & Adams (2015), Sandwiching the marginal likelihood using bidirectional Monte Carlo.
"""

import dataclasses

import numpy as np
import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.validation import require_at_least
from tfdgm.evaluation.progress import Progress
from tfdgm.math import gibbs
from tfdgm.math.harmonium import Harmonium

_START_STREAM, _SWEEP_STREAM = 0, 1
_BLOCK = 200  # temperatures between two looks at the progress


@dataclasses.dataclass(frozen=True)
class Estimate:
    """log Z from annealed runs; all in nats.

    Attributes:
      log_partition: log Z.
      standard_error: of log Z, by the delta method.
      interval: log(Z_0 (r - 3 s)) and log(Z_0 (r + 3 s)), r the mean weight and s its standard deviation, as
        Salakhutdinov & Murray give it; an end is infinite where r < 3 s.
      effective_sample_size: (sum w)^2 / sum w^2, at most the number of runs.
    """

    log_partition: float
    standard_error: float
    interval: tuple[float, float]
    effective_sample_size: float


def temperatures(num: int) -> np.ndarray:
    """Inverse temperatures from 0 to 1, [num]: of 14,500, 500 evenly to 0.5, 4,000 to 0.9 and 10,000 to 1.

    Raises:
      ValueError: for fewer than 2.
    """
    require_at_least(2, num_ais_temperatures=num)
    return np.interp(np.linspace(0.0, 14_500.0, num), [0.0, 500.0, 4_500.0, 14_500.0], [0.0, 0.5, 0.9, 1.0])


def start(harmonium: Harmonium, num_runs: int, seed: tf.Tensor | int) -> tf.Tensor:
    """Exact samples at beta = 0, [num_runs, V]."""
    return gibbs.start(harmonium, _seeds(seed, num_runs, _START_STREAM))


def forward(harmonium: Harmonium, v: tf.Tensor, betas: np.ndarray, seed: tf.Tensor | int) -> Estimate:
    """log Z by annealing from beta = 0 to 1.

    Args:
      harmonium: whose Z.
      v: samples at beta = 0, [M, V]; at least 2, for fewer have no standard error.
      betas: ascending from 0 to 1, [K + 1].
      seed: of the sweeps' noise.
    """
    _, log_weights = anneal(harmonium, v, betas, seed, title="AIS")
    return _estimate(float(harmonium.log_base_partition()), log_weights, direction=1)


def reverse(harmonium: Harmonium, v: tf.Tensor, betas: np.ndarray, seed: tf.Tensor | int) -> Estimate:
    """log Z by annealing from beta = 1, where v [M, V] are samples, to 0; otherwise as `forward`."""
    _, log_weights = anneal(harmonium, v, betas[::-1], seed, title="reverse AIS")
    return _estimate(float(harmonium.log_base_partition()), log_weights, direction=-1)


def anneal(
    harmonium: Harmonium, v: tf.Tensor, betas: np.ndarray, seed: tf.Tensor | int, *, title: str
) -> tuple[tf.Tensor, np.ndarray]:
    """Takes states from one inverse temperature to the next.

    Args:
      harmonium: the tempered family.
      v: states at betas[0], [M, V].
      betas: the path, [K + 1]; where it stays at 1, these are K plain Gibbs sweeps.
      seed: of the noise, which is a function of it, of k and of M.
      title: of the progress shown.

    Returns:
      States after a sweep at the last one, [M, V], and the log weights sum_k log p*_k(v_k) - log p*_{k-1}(v_k),
      float64 [M].
    """
    dtype = harmonium.kernel.dtype

    @tf.function(autograph=False, reduce_retracing=True)
    def steps(v: tf.Tensor, betas: tf.Tensor, seeds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        def step(index: tf.Tensor, v: tf.Tensor, log_weights: tf.Tensor) -> tuple[tf.Tensor, ...]:
            last, current = harmonium.at(betas[index]), harmonium.at(betas[index + 1])
            # Three fields of the same v, but TensorFlow finds v'W in all of them and multiplies once. Rounding of
            # float32 energies added noise of 0.001 nats to log weights of 784-500 units over 3,000 temperatures.
            log_weights += tf.cast(last.free_energy(v) - current.free_energy(v), tf.float64)
            shape = [tf.shape(v)[0], harmonium.num_hidden + harmonium.num_visible]
            return index + 1, current.sweep(v, philox.batch_uniform(seeds[index], shape, dtype=dtype)), log_weights

        first = (tf.constant(0), v, tf.zeros(tf.shape(v)[:1], tf.float64))
        _, v, log_weights = tf.while_loop(lambda index, *_: index < tf.size(seeds), step, first)
        return v, log_weights

    v = tf.cast(v, dtype)
    num_steps = len(betas) - 1
    seeds = _seeds(seed, num_steps, _SWEEP_STREAM)
    log_weights = np.zeros(len(v))
    with Progress(title, num_steps, unit="temperature") as progress:
        for begin in range(0, num_steps, _BLOCK):
            end = min(begin + _BLOCK, num_steps)
            v, more = steps(v, tf.constant(betas[begin : end + 1], dtype), seeds[begin:end])
            log_weights += more.numpy()
            progress.update(end - begin)
    return v, log_weights


def _seeds(seed: tf.Tensor | int, num: int, stream: int) -> tf.Tensor:
    return philox.fold_in(tf.fill([num], tf.cast(seed, tf.int64)), stream, step=tf.range(num))


def _estimate(log_base: float, log_weights: np.ndarray, *, direction: int) -> Estimate:
    """log Z = log Z_0 + direction * log mean w."""
    num = len(log_weights)
    largest = log_weights.max()
    weights = np.exp(log_weights - largest)
    error = weights.std(ddof=1) / weights.mean() / np.sqrt(num)  # of the mean, relative; of its log, to first order
    log_mean = largest + np.log(weights.mean())
    with np.errstate(divide="ignore"):
        ends = log_base + direction * (log_mean + np.log([max(0.0, 1.0 - 3.0 * error), 1.0 + 3.0 * error]))
    return Estimate(
        log_partition=float(log_base + direction * log_mean),
        standard_error=float(error),
        interval=(float(ends.min()), float(ends.max())),
        effective_sample_size=float(weights.sum() ** 2 / np.square(weights).sum()),
    )
