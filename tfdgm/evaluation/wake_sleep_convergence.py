"""Wake-sleep beside variational learning by expected gradients: one objective converges, two need not.

    variational         theta, phi up   F = E_data sum_h q(h|x) log p(x, h) / q(h|x)
    wake-sleep          theta up F,     phi down  S = E_{x ~ p} KL(p(h|x) || q(h|x))
    maximum likelihood  theta up        E_data log p(x),      phi down S, for q to follow

Every expectation is a sum over all states, in float64: nothing is sampled. F is minus the free energy. Steps up F, if
small enough, never lower it. Wake-sleep's direction (dF/dtheta, -dS/dphi) need not be the gradient of any function, and
so may go round for ever. `tfdgm.evaluation.wake_sleep_report` shows both.

References:
  Hinton, Dayan, Frey & Neal (1995), The wake-sleep algorithm for unsupervised neural networks.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tfdgm.evaluation.tiny_belief_net import TinyBeliefNet
from tfdgm.math.binary_tables import binary_states
from tfdgm.math.per_example_gradients import gradient

NET = TinyBeliefNet((2, 2))

_NUM_VALUES = 4  # of a point of the curves, besides its parameters
_LEAST_SWING = 1e-6  # nats; below it, maxima are those of rounding


@dataclasses.dataclass(frozen=True)
class Problem:
    """Data, a start, and what may be learned; parameters are the flat vectors of `TinyBeliefNet`.

    Attributes:
      name: for tables and panels.
      theta: where p starts: kernel [cause, visible], biases of causes and of visibles.
      phi: where q starts: kernel [visible, cause], biases of causes.
      learns_theta: 1 where theta is learned, 0 where it is held, of its shape.
      learns_phi: likewise.
      data: p_data(x), [2^D], in the order of `binary_states`.
    """

    name: str
    theta: tuple[float, ...]
    phi: tuple[float, ...]
    learns_theta: tuple[int, ...]
    learns_phi: tuple[int, ...]
    data: tuple[float, ...] = (0.3, 0.5, 0.2, 0.0)

    def negative_entropy(self) -> float:
        """E_data log p_data(x), nats: no log-likelihood is higher."""
        p = np.array(self.data)
        return float((p[p > 0] * np.log(p[p > 0])).sum())

    # ---- objectives, scalars in nats; each is to go up -----------------------------------------------------------

    def log_likelihood(self, theta: tf.Tensor, phi: tf.Tensor) -> tf.Tensor:
        """E_data log p(x)."""
        del phi
        return self._data_mean(NET.log_likelihood(theta, binary_states(NET.sizes[0])))

    def elbo(self, theta: tf.Tensor, phi: tf.Tensor) -> tf.Tensor:
        """F."""
        return self._data_mean(NET.elbo(theta, phi, binary_states(NET.sizes[0])))

    def negative_dream_kl(self, theta: tf.Tensor, phi: tf.Tensor) -> tf.Tensor:
        """-S."""
        return -NET.dream_kl(theta, phi)

    def _data_mean(self, values: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(tf.constant(self.data, values.dtype) * values)


# The causes are fair coins. The first turns x_2 on and q takes x_2 for evidence against it; the second turns x_1 off.
_KNOWN = {"theta": (0.0, 5.0, -8.0, 0.0, 0.0, 0.0, 5.0, 0.0), "phi": (0.0, -6.0, -5.0, 0.0, 0.0, 0.0)}
FREE = Problem("all weights learned", **_KNOWN, learns_theta=(1,) * 8, learns_phi=(1,) * 6)
HELD = Problem("some weights held", **_KNOWN, learns_theta=(1, 0, 0, 1, 0, 0, 0, 1), learns_phi=(1, 0, 0, 1, 1, 1))
PROBLEMS = (FREE, HELD)

Objective = Callable[[Problem, tf.Tensor, tf.Tensor], tf.Tensor]

# What theta climbs, and what phi climbs.
PROCEDURES: dict[str, tuple[Objective, Objective]] = {
    "variational": (Problem.elbo, Problem.elbo),
    "wake-sleep": (Problem.elbo, Problem.negative_dream_kl),
    "maximum likelihood": (Problem.log_likelihood, Problem.negative_dream_kl),
}


@dataclasses.dataclass(frozen=True)
class Trajectory:
    """A run; curves are taken every few steps, the first at the start.

    Attributes:
      name: the procedure's, and what it went on from.
      steps: [T].
      log_likelihood: [T], nats.
      elbo: [T], nats.
      bound_gradient_norm: [T], of F's gradient by all that is learned.
      direction_norm: [T], of what the procedure follows; zero where it stands still.
      theta: [T, P].
      phi: [T, R].
      largest_fall: of the ELBO in one step, over all steps, nats; not above 0 where it never fell.
    """

    name: str
    steps: np.ndarray
    log_likelihood: np.ndarray
    elbo: np.ndarray
    bound_gradient_norm: np.ndarray
    direction_norm: np.ndarray
    theta: np.ndarray
    phi: np.ndarray
    largest_fall: float

    def swings(self) -> tuple[float, float]:
        """Highest less lowest log-likelihood, and ELBO, of the second half, nats."""
        half = len(self.steps) // 2
        return float(np.ptp(self.log_likelihood[half:])), float(np.ptp(self.elbo[half:]))

    def peaks(self) -> np.ndarray:
        """Maxima of the log-likelihood in the second half, as indices of `steps`; none where it hardly moves."""
        half = len(self.steps) // 2
        y = self.log_likelihood[half:]
        found = np.flatnonzero((y[1:-1] > y[:-2]) & (y[1:-1] >= y[2:])) + 1
        return found + half if self.swings()[0] > _LEAST_SWING else found[:0]

    def period(self) -> float | None:
        """Mean number of steps between successive peaks; None where there are fewer than three."""
        peaks = self.peaks()
        return float(np.diff(self.steps[peaks]).mean()) if len(peaks) > 2 else None


def direction(problem: Problem, procedure: str, theta: tf.Tensor, phi: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """What the procedure adds to theta and to phi, but for the learning rate; of their shapes."""
    climbs_theta, climbs_phi = PROCEDURES[procedure]
    return (
        tf.constant(problem.learns_theta, theta.dtype) * gradient(lambda it: climbs_theta(problem, it, phi), theta),
        tf.constant(problem.learns_phi, phi.dtype) * gradient(lambda it: climbs_phi(problem, theta, it), phi),
    )


def follow(
    problem: Problem,
    procedure: str,
    *,
    learning_rate: float,
    num_steps: int,
    record_every: int,
    after: Trajectory | None = None,
) -> Trajectory:
    """Takes steps of a procedure.

    Args:
      problem: data, start and what is learned.
      procedure: one of `PROCEDURES`.
      learning_rate: of theta and phi alike.
      num_steps: a multiple of `record_every`.
      record_every: steps between two points of the curves.
      after: a run to go on from, whose steps are counted on; else the problem's own start.

    Raises:
      ValueError: when `record_every` does not divide `num_steps`.
    """
    if num_steps % record_every:
        raise ValueError(f"num_steps is {num_steps}; it must be a multiple of {record_every}")
    start = (after.theta[-1], after.phi[-1]) if after else (problem.theta, problem.phi)
    theta, phi = (tf.constant(each, tf.float64) for each in start)
    advance = _advance(problem, procedure, learning_rate, record_every)
    rows, falls = [_row(problem, procedure, theta, phi)], []
    for _ in range(num_steps // record_every):
        theta, phi, fall, row = advance(theta, phi)
        rows.append(row)
        falls.append(fall)
    steps = record_every * np.arange(len(rows)) + (after.steps[-1] if after else 0)
    name = f"{procedure} after {after.name}" if after else procedure
    values, points = np.split(np.array(rows), [_NUM_VALUES], axis=1)
    path = np.split(points, [len(problem.theta)], axis=1)
    return Trajectory(name, steps, *values.T, *path, largest_fall=float(max(falls)))


def _advance(problem: Problem, procedure: str, learning_rate: float, num_steps: int) -> Callable[..., tuple]:
    """From theta and phi to those `num_steps` later, the largest fall of F in a step, and a row."""

    def step(index: tf.Tensor, theta: tf.Tensor, phi: tf.Tensor, elbo: tf.Tensor, fall: tf.Tensor) -> tuple:
        up_theta, up_phi = direction(problem, procedure, theta, phi)
        theta, phi = theta + learning_rate * up_theta, phi + learning_rate * up_phi
        reached = problem.elbo(theta, phi)
        return index + 1, theta, phi, reached, tf.maximum(fall, elbo - reached)

    @tf.function(autograph=False, jit_compile=True)  # a step is a hundred tiny operations
    def advance(theta: tf.Tensor, phi: tf.Tensor) -> tuple:
        elbo = problem.elbo(theta, phi)
        state = (tf.constant(0), theta, phi, elbo, tf.constant(-np.inf, elbo.dtype))
        _, theta, phi, _, fall = tf.while_loop(lambda index, *_: index < num_steps, step, state)
        return theta, phi, fall, _row(problem, procedure, theta, phi)

    return advance


def _row(problem: Problem, procedure: str, theta: tf.Tensor, phi: tf.Tensor) -> tf.Tensor:
    """Log-likelihood, ELBO, the norms of the bound's gradient and of the procedure's direction; theta and phi."""
    norms = [tf.norm(tf.concat(direction(problem, name, theta, phi), axis=0)) for name in ("variational", procedure)]
    values = tf.stack([problem.log_likelihood(theta, phi), problem.elbo(theta, phi), *norms])
    return tf.concat([values, theta, phi], axis=0)
