"""The pictures of `gradient_estimators`: variance and bias by training step, and bias by number of samples."""

import numpy as np
import tensorflow as tf

from tfdgm.evaluation.estimator_training import Run, belief_run, normal_run
from tfdgm.evaluation.gradient_estimators import generative, random_point, recognition
from tfdgm.evaluation.plots import Curve, Panel

_ROUNDING = 1e-12


def panels(seed: int, x: tf.Tensor, num_hidden: int, boltzmann_run: Run) -> list[Panel]:
    """Six panels, for a plot of two columns: data x [B, V], other arguments as those of `sections`."""
    of_p, of_q = belief_run(seed, x, num_hidden)
    return [
        _variance(of_p, "Sigmoid belief net, theta of p"),
        _variance(of_q, "Sigmoid belief net, phi of q"),
        _variance(boltzmann_run, "RBM"),
        Panel(_curves(boltzmann_run, boltzmann_run.errors()), "training step", "|bias|", "RBM", log_y=True),
        _variance(normal_run(seed, x), "VAE of one latent, q"),
        _bias_by_count(seed, x, num_hidden),
    ]


def _variance(run: Run, title: str) -> Panel:
    return Panel(_curves(run, run.variances()), "training step", "variance", title, log_y=True)


def _curves(run: Run, values: dict[str, list[float]]) -> list[Curve]:
    # A bias of rounding errors alone is none, and a logarithmic axis leaves it out.
    shown = {name: np.where(np.array(y) > _ROUNDING, y, 0.0) for name, y in values.items()}
    return [Curve(name, run.steps, y) for name, y in shown.items() if y.any()]


def _bias_by_count(seed: int, x: tf.Tensor, num_hidden: int) -> Panel:
    """Of reweighted wake-sleep at random weights; on these axes O(1/K) is a straight line of slope -1."""
    point, prefix = random_point(seed, x, (num_hidden,)), "reweighted wake phase, K="
    curves = []
    for name, rows in (("theta against log p(x)", generative(point)), ("phi against KL(p||q)", recognition(point))):
        biases = {int(row.name.removeprefix(prefix)): row.bias for row in rows if row.name.startswith(prefix)}
        curves.append(Curve(name, list(biases), list(biases.values())))
    counts = np.array(curves[0].x, float)
    curves.append(Curve("1/K", counts, curves[0].y[-1] * counts[-1] / counts))
    title = "Reweighted wake phases at random weights"
    return Panel(curves, "samples K", "|bias| / |gradient|", title, log_x=True, log_y=True)
