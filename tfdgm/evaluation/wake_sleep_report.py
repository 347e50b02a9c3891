"""What the runs of `wake_sleep_convergence` show: a table, the point where wake-sleep could rest, panels to plot."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import scipy.optimize
import tensorflow as tf

from tfdgm.evaluation import wake_sleep_convergence as convergence
from tfdgm.evaluation.plots import Curve, Panel
from tfdgm.evaluation.wake_sleep_convergence import Problem, Trajectory
from tfdgm.math.per_example_gradients import jacobian

# Theta and phi in the midst of wake-sleep's circle; held weights as they are.
_NEAR = (-4.8, 5.0, -8.0, 2.6, 0.0, 0.0, 5.0, -4.5, -4.4, -6.0, -5.0, -0.4, 4.2, 1.8)
_PATHS = ("variational", "wake-sleep")
_HEAD = (
    f"{'largest fall':>77}{'swing in the second half':>28}\n"
    f"{'':<30}{'log p(x)':>10}{'ELBO':>10}{'|dF|':>10}{'|step|':>10}{'in a step':>12}"
    f"{'log p(x)':>13}{'ELBO':>10}{'period':>9}"
)


@dataclasses.dataclass(frozen=True)
class RestingPoint:
    """Where a procedure's direction is zero.

    Attributes:
      theta: [P].
      phi: [R].
      residual: the largest element of the direction there.
      eigenvalues: of the direction's Jacobian by what is learned, the largest real part first; where one is positive,
        small steps lead away.
    """

    theta: np.ndarray
    phi: np.ndarray
    residual: float
    eigenvalues: np.ndarray


def resting_point(problem: Problem, procedure: str, near: np.ndarray) -> RestingPoint:
    """Finds one by Powell's hybrid method.

    Args:
      problem: data, and what is learned.
      procedure: one of `PROCEDURES`.
      near: theta and phi as one vector, where the search begins.

    Raises:
      ValueError: where none is found.
    """
    learned = np.flatnonzero([*problem.learns_theta, *problem.learns_phi])
    base, num_theta = tf.constant(near, tf.float64), len(problem.theta)

    def field(learned_values: tf.Tensor) -> tf.Tensor:
        point = tf.tensor_scatter_nd_update(base, learned[:, np.newaxis], learned_values)
        return tf.gather(tf.concat(convergence.direction(problem, procedure, *_halves(point, num_theta)), 0), learned)

    value = tf.function(field, autograph=False)
    slope = tf.function(lambda at: jacobian(field, at), autograph=False)
    solution = scipy.optimize.root(
        lambda at: value(tf.constant(at)).numpy(),
        near[learned],
        jac=lambda at: slope(tf.constant(at)).numpy(),
        tol=1e-12,
    )
    if not solution.success:
        raise ValueError(
            f"no point where {procedure} rests was found near {near.round(3).tolist()}: {solution.message}"
        )
    point = np.array(near)
    point[learned] = solution.x
    eigenvalues = np.sort_complex(np.linalg.eigvals(slope(tf.constant(solution.x)).numpy()))[::-1]
    return RestingPoint(*_halves(point, num_theta), float(np.abs(solution.fun).max()), eigenvalues)


def held_resting_point() -> RestingPoint:
    """The one that wake-sleep goes round, with some weights held."""
    return resting_point(convergence.HELD, "wake-sleep", np.array(_NEAR))


def table(problem: Problem, runs: Sequence[Trajectory]) -> str:
    """A row a run.

    The ends of its curves, |dF| that of the bound's gradient and |step| that of what it follows, without the learning
    rate; the ELBO's largest fall in one step; how far each objective still moves in the second half, and its period.
    """
    lines = [f"{problem.name}; no log p(x) above {problem.negative_entropy():.4f} nats", _HEAD]
    return "\n".join(line.rstrip() for line in [*lines, *(_line(run) for run in runs)])


def resting_line(point: RestingPoint) -> str:
    """One line on its eigenvalues."""
    first = point.eigenvalues[0]
    kind = "unstable: small steps lead away" if first.real > 0 else "stable"
    spiral = f" +- {abs(first.imag):.5f} i" if first.imag else ""
    return f"A point where wake-sleep could rest: its first eigenvalue is {first.real:.5f}{spiral}, {kind}."


def panels(problems: Sequence[Problem], runs: Sequence[Sequence[Trajectory]]) -> list[Panel]:
    """For each problem how far each objective is from its limit, by step; then two parameters of the last problem."""
    found = []
    for problem, each in zip(problems, runs, strict=True):
        limit = problem.negative_entropy()
        curves = [
            Curve(f"{run.name}, {name}", run.steps / 1000.0, limit - values)
            for run in each
            for name, values in (("log p(x)", run.log_likelihood), ("ELBO", run.elbo))
            if run.name != "maximum likelihood"
            or name == "log p(x)"  # the bound is not what maximum likelihood is about
        ]
        found.append(Panel(curves, "thousand steps", "nats below E log p_data(x)", problem.name, log_y=True))
    paths = [Curve(run.name, run.theta[:, 3], run.phi[:, 0]) for run in runs[-1] if run.name in _PATHS]
    title = f"{problems[-1].name}: paths from the start at (0, 0)"
    return [*found, Panel(paths, "p: weight from h_2 to x_2", "q: weight from x_1 to h_1", title)]


def _halves(point: np.ndarray | tf.Tensor, num_theta: int) -> tuple:
    return point[:num_theta], point[num_theta:]


def _line(run: Trajectory) -> str:
    period, swings = run.period(), run.swings()
    return (
        f"{run.name:<30}{run.log_likelihood[-1]:10.4f}{run.elbo[-1]:10.4f}{run.bound_gradient_norm[-1]:10.1e}"
        f"{run.direction_norm[-1]:10.1e}{max(run.largest_fall, 0.0):12.1e}{swings[0]:13.4f}{swings[1]:10.4f}"
        f"{'' if period is None else f'{period:.0f}':>9}"
    )
