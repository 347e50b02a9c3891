"""How steep a critic is, so that what it tells apart can be held against the distance.

For any function f and points x_i, g_j, as many of either, with L the largest slope from any x_i to any g_j:

    (mean f(x_i) - mean f(g_j)) / L  <=  W_1        for f(x_i) - f(g_s(i)) <= L |x_i - g_s(i)| in every assignment s

It holds for the points themselves, whatever the critic was trained on.

References:
  Arjovsky, Chintala & Bottou (2017), Wasserstein GAN, eq. 2 and 3.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.spatial.distance
import tensorflow as tf

from tfdgm.objectives.penalties import between, squared_gradient_norm


def largest_slope(real: Any, fake: Any, real_values: Any, fake_values: Any) -> float:
    """L = max_ij |f(x_i) - f(g_j)| / |x_i - g_j|; points that coincide have the same value and are left out.

    Args:
      real: x, [N, ...].
      fake: g, [M, ...].
      real_values: f(x), [N].
      fake_values: f(g), [M].

    Returns:
      L; 0 where all points coincide.
    """
    real, fake = (np.reshape(np.asarray(points, np.float64), (len(points), -1)) for points in (real, fake))
    distances = scipy.spatial.distance.cdist(real, fake)
    rises = np.abs(np.subtract.outer(np.asarray(real_values, np.float64), np.asarray(fake_values, np.float64)))
    return float(np.divide(rises, distances, out=np.zeros_like(rises), where=distances > 0.0).max())


def bound(real: Any, fake: Any, real_values: Any, fake_values: Any) -> tuple[float, float]:
    """What a critic tells apart, mean f(x) - mean f(g), and its largest slope; arguments as those of `largest_slope`.

    Their quotient is at most W_1 of the points.
    """
    estimate = np.mean(real_values, dtype=np.float64) - np.mean(fake_values, dtype=np.float64)
    return float(estimate), largest_slope(real, fake, real_values, fake_values)


def gradient_norms(critic: Callable[[tf.Tensor], tf.Tensor], real: Any, fake: Any, seed: int = 0) -> np.ndarray:
    """|grad f| at a point drawn on each line from a fake to a real example: what the penalty of WGAN-GP holds at 1.

    Args:
      critic: from [N, ...] to [N].
      real: [N, ...].
      fake: [N, ...].
      seed: of the points.

    Returns:
      [N].
    """
    random = np.random.default_rng(seed)
    x = between(
        tf.constant(real, tf.float32),
        tf.constant(fake, tf.float32),
        lambda shape: tf.constant(random.random((len(real), *shape)), tf.float32),
    )
    return np.sqrt(squared_gradient_norm(critic, x).numpy())
