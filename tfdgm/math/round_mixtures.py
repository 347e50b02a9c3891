"""Equal mixtures of round Gaussians as tensors, q(x) = 1/M sum_i N(x; points_i, sigma^2 I), in one or two dimensions.

A generator that adds noise to mean(z) has this density, with points mean(z_i) at the nodes z_i of a quadrature.
`tfdgm.math.mixtures` has the same in NumPy, to draw from.
"""

import math

import numpy as np
import tensorflow as tf
from scipy.special import ndtri

_SUMS = {1: "ia->a", 2: "ia,ib->ab"}  # over the points, of what each gives along every dimension
_LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)


def normal_nodes(num: int, num_dims: int) -> np.ndarray:
    """Nodes of N(0, I), all of one weight: per dimension the middles, by probability, of `num` equal strata.

    Returns:
      [num^D, D], float64.
    """
    axis = ndtri((np.arange(num) + 0.5) / num)
    return np.stack(np.meshgrid(*[axis] * num_dims, indexing="ij"), axis=-1).reshape(-1, num_dims)


def log_density(points: tf.Tensor, sigma: tf.Tensor | float, axis: tf.Tensor) -> tf.Tensor:
    """log q on a grid.

    Args:
      points: [M, D], D 1 or 2.
      sigma: a scalar.
      axis: [S], the grid's values along every dimension.

    Returns:
      [S] for one dimension, [S, S] for two, nats. Two dimensions take the sum over points as one matrix product; a
      value more than about 700 nats below that of points at the nearest of all coordinates is raised to there.

    Raises:
      ValueError: for another number of dimensions.
    """
    num_points, num_dims = (int(size or 0) for size in points.shape)
    if num_dims not in _SUMS:
        raise ValueError(f"points have {num_dims} dimensions; they must have 1 or 2")
    exponents = [-0.5 * tf.square((axis - points[:, d, tf.newaxis]) / sigma) for d in range(num_dims)]
    # The largest along each dimension is taken out, so that far from all points nothing underflows.
    peaks = [tf.stop_gradient(tf.reduce_max(exponent, axis=0)) for exponent in exponents]
    factors = [tf.exp(exponent - peak) for exponent, peak in zip(exponents, peaks, strict=True)]
    sums = tf.maximum(tf.einsum(_SUMS[num_dims], *factors), factors[0].dtype.as_numpy_dtype(1e-300))
    peak = peaks[0] if num_dims == 1 else peaks[0][:, tf.newaxis] + peaks[1]
    log_scale = tf.math.log(tf.convert_to_tensor(sigma, points.dtype)) + _LOG_SQRT_2PI
    return tf.math.log(sums) + peak - math.log(num_points) - num_dims * log_scale


def projected_cdf(points: tf.Tensor, sigma: tf.Tensor | float, directions: tf.Tensor, levels: tf.Tensor) -> tf.Tensor:
    """P(<x, t> <= s) under q, which along a direction is a mixture of Gaussians again.

    Args:
      points: [M, D].
      sigma: a scalar.
      directions: t, of length 1, [K, D].
      levels: s, [S].

    Returns:
      [K, S].
    """

    def along(direction: tf.Tensor) -> tf.Tensor:
        places = tf.linalg.matvec(points, direction)
        return tf.reduce_mean(0.5 * tf.math.erfc((places[:, tf.newaxis] - levels) / (sigma * math.sqrt(2.0))), axis=0)

    return tf.stack([along(direction) for direction in tf.unstack(directions)])
