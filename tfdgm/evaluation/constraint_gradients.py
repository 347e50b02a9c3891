"""Estimators of the gradient of a constraint's expectation, exactly: mean and variance of one draw, by enumeration.

    grad E_p[f] = E_p[f grad log p]                              the log-derivative trick, x from p
                = E_p[(f - E_p f) grad log p]                    the same with a baseline
    (1/lambda) E_q*[grad log p],  q* = p exp(lambda f) / Z       tends to it for lambda -> 0; x from q* itself, or from
                                                                 p with weights q* / p, or with q* / p - 1, centred

The noise of an estimator is the root of its variance, summed over the parameters, in units of its mean's length: the
number of draws that average it down to a relative error e is (noise / e)^2.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfdgm.math.binary_tables import binary_states
from tfdgm.objectives.tilting import tilted

NUM_UNITS, _ON = 10, 0.3
_NUM_NEEDED = 8


@dataclasses.dataclass(frozen=True)
class Estimator:
    """One draw of an estimator of the gradient.

    Attributes:
      name: of it.
      strength: lambda; 0 for the log-derivative trick.
      bias: the distance of its mean from grad E_p[f], in units of that gradient's length.
      noise: see the top of this module.
    """

    name: str
    strength: float
    bias: float
    noise: float


def cases() -> dict[str, np.ndarray]:
    """Constraints f of the states of 10 units: one that rarely holds, and one that every state has some of."""
    num_on = binary_states(NUM_UNITS).numpy().sum(axis=1)
    rare = (num_on >= _NUM_NEEDED).astype(float)
    return {f"at least {_NUM_NEEDED} of {NUM_UNITS} on": rare, "share on": num_on / NUM_UNITS}


def estimators(f: np.ndarray, strengths: Sequence[float]) -> list[Estimator]:
    """All estimators for p of independent units, on with probability 0.3, by their logits.

    Args:
      f: of all states, [2^10].
      strengths: values of lambda.
    """
    states = binary_states(NUM_UNITS).numpy()
    p = np.prod(np.where(states > 0.5, _ON, 1.0 - _ON), axis=1)
    slopes = states - _ON  # grad log p by the logits
    exact = (p * f) @ slopes

    def estimator(name: str, strength: float, density: np.ndarray, factor: np.ndarray | float) -> Estimator:
        draws = np.reshape(factor, [-1, 1]) * slopes
        mean = density @ draws
        deviation = np.sqrt(density @ np.sum((draws - mean) ** 2, axis=1))
        bias = np.linalg.norm(mean - exact) / np.linalg.norm(exact)
        return Estimator(name, strength, float(bias), float(deviation / np.linalg.norm(mean)))

    found = [estimator("log-derivative", 0.0, p, f), estimator("with baseline", 0.0, p, f - p @ f)]
    for strength in strengths:
        q = np.exp(tilted(tf.constant(np.log(p)), tf.constant(f), strength)[0].numpy())
        found += [
            estimator("M step, from q*", strength, q, 1.0 / strength),
            estimator("M step, weights", strength, p, q / p / strength),
            estimator("M step, centred", strength, p, (q / p - 1.0) / strength),
        ]
    return found


def table(title: str, rows: Sequence[Estimator]) -> str:
    """A row an estimator."""
    lines = [f"{row.name:20}{row.strength or '':>8}{round(row.bias, 9):>10.3g}{row.noise:>10.4g}" for row in rows]
    return "\n".join([f"f = {title}", f"{'one draw':20}{'lambda':>8}{'bias':>10}{'noise':>10}", *lines])
