"""The log partition function of a model that has one. One table, `WAYS`, of ways to it."""

import dataclasses
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tfdgm.configs.partition import PartitionEvaluation
from tfdgm.core import philox
from tfdgm.core.validation import require_at_least
from tfdgm.evaluation import ais, enumeration
from tfdgm.math.harmonium import Harmonium, Normalizer

_ROLE = 2  # of evaluation, as in `measure`, whose stream is 0
_FORWARD_STREAM, _REVERSE_STREAM, _STATE_STREAM, _BURN_IN_STREAM = 1, 2, 3, 4


@dataclasses.dataclass(frozen=True)
class LogPartition:
    """log Z of a normalizer.

    Attributes:
      value: nats.
      standard_error: nats; 0 where the value is exact.
      note: how it came about.
    """

    value: float
    standard_error: float
    note: str


def by_enumeration(normalizer: Normalizer, settings: PartitionEvaluation, seed: int) -> LogPartition:
    """Exact, by all states of the smaller side."""
    del settings, seed
    found = enumeration.enumerate_states(normalizer.harmonium)
    note = f"log Z exact, by enumeration of 2^{found.num_units} {found.side} states"
    return LogPartition(found.log_partition(), 0.0, note)


def by_ais(normalizer: Normalizer, settings: PartitionEvaluation, seed: int) -> LogPartition:
    """Annealed importance sampling from independent visibles: in expectation too low.

    Raises:
      ValueError: naming a setting with a value that it cannot have.
    """
    betas = _betas(settings)
    v = ais.start(normalizer.harmonium, settings.num_ais_runs, _seed(seed, _FORWARD_STREAM))
    estimate = ais.forward(normalizer.harmonium, v, betas, _seed(seed, _FORWARD_STREAM))
    return _annealed(estimate, "AIS", settings)


def by_reverse_ais(normalizer: Normalizer, settings: PartitionEvaluation, seed: int) -> LogPartition:
    """Annealing the other way, from states that come near the model's: in expectation too high if they are exact.

    Raises:
      ValueError: naming a setting with a value that it cannot have.
    """
    betas = _betas(settings)
    v, source = _states(normalizer, settings, seed)
    estimate = ais.reverse(normalizer.harmonium, v, betas, _seed(seed, _REVERSE_STREAM))
    bracket = "a" if enumeration.side(normalizer.harmonium) else "no"
    return _annealed(estimate, "reverse AIS", settings, f"; from {source}: with the forward run {bracket} bracket")


WAYS: dict[str, Callable[[Normalizer, PartitionEvaluation, int], LogPartition]] = {
    "enumeration": by_enumeration,
    "ais": by_ais,
    "reverse_ais": by_reverse_ais,
}


def possible_ways(harmonium: Harmonium) -> tuple[str, ...]:
    """Those of `WAYS` that are open."""
    return tuple(way for way in WAYS if way != "enumeration" or enumeration.side(harmonium))


def best_ways(harmonium: Harmonium) -> tuple[str, ...]:
    """Enumeration alone where it is possible, else both directions of annealing."""
    return ("enumeration",) if enumeration.side(harmonium) else ("ais", "reverse_ais")


def _betas(settings: PartitionEvaluation) -> np.ndarray:
    """The temperatures, once all settings are known to be sound."""
    require_at_least(2, num_ais_runs=settings.num_ais_runs)  # one run has no standard error
    require_at_least(0, num_burn_in_sweeps=settings.num_burn_in_sweeps)
    return ais.temperatures(settings.num_ais_temperatures)


def _states(normalizer: Normalizer, settings: PartitionEvaluation, seed: int) -> tuple[tf.Tensor, str]:
    """First states of the reverse runs, and what they are: exact samples wherever those can be had."""
    harmonium, num_runs, num_sweeps = normalizer.harmonium, settings.num_ais_runs, settings.num_burn_in_sweeps
    if enumeration.side(harmonium):
        seeds = philox.fold_in(tf.fill([num_runs], _seed(seed, _STATE_STREAM)), step=tf.range(num_runs))
        return enumeration.enumerate_states(harmonium).samples(seeds), "exact samples"
    if normalizer.states is None:
        v, source = ais.start(harmonium, num_runs, _seed(seed, _STATE_STREAM)), "data-free chains"
    else:
        v, source = tf.gather(normalizer.states, tf.range(num_runs) % len(normalizer.states)), "persistent chains"
    v, _ = ais.anneal(harmonium, v, np.ones(num_sweeps + 1), _seed(seed, _BURN_IN_STREAM), title="burn-in")
    return v, f"{source} after {num_sweeps:,} sweeps"


def _seed(seed: int, stream: int) -> tf.Tensor:
    return philox.fold_in(tf.constant([seed], tf.int64), stream, role=_ROLE)[0]


def _annealed(estimate: ais.Estimate, name: str, settings: PartitionEvaluation, start: str = "") -> LogPartition:
    low, high = estimate.interval
    note = (
        f"log Z by {name}, {settings.num_ais_runs:,} runs of {settings.num_ais_temperatures:,} temperatures, "
        f"s.e. {estimate.standard_error:.2g}, 3 s.d. {low:.2f} to {high:.2f}, "
        f"effective sample size {estimate.effective_sample_size:.0f}{start}"
    )
    return LogPartition(estimate.log_partition, estimate.standard_error, note)
