"""Distributions over a few binary units as tables: log p of all 2^n states, by which everything about them is exact."""

import tensorflow as tf

from tfdgm.math import bernoulli

MAX_UNITS = 24  # a table of 2^24 float64 takes 128 MB
_NUM_SWEEPS = 100  # of coordinate ascent


def binary_states(num_units: int, dtype: tf.DType | str = tf.float64) -> tf.Tensor:
    """All states, [2^num_units, num_units]; row i is i in binary, its first unit the highest bit.

    Raises:
      ValueError: for more than `MAX_UNITS` units.
    """
    require_enumerable(num_units)
    index = tf.range(2**num_units)[:, tf.newaxis]
    bits = tf.bitwise.right_shift(index, tf.range(num_units - 1, -1, -1))
    return tf.cast(tf.bitwise.bitwise_and(bits, tf.ones_like(bits)), dtype)


def require_enumerable(num_units: int) -> None:
    """Raises ValueError for more units than a table can have."""
    if not 1 <= num_units <= MAX_UNITS:
        raise ValueError(f"there are {num_units} binary units; enumeration takes 1 to {MAX_UNITS}")


def normalize(log_weights: tf.Tensor) -> tf.Tensor:
    """log p [..., 2^n] of unnormalised log weights."""
    return log_weights - tf.reduce_logsumexp(log_weights, axis=-1, keepdims=True)


def means(log_p: tf.Tensor) -> tf.Tensor:
    """E[x]: [..., 2^n] to [..., n]."""
    return tf.exp(_log_marginals(log_p)[1])


def correlations(log_p: tf.Tensor) -> tf.Tensor:
    """Pearson's correlations of the units: [..., 2^n] to [..., n, n]; NaN for a unit that never changes."""
    p, states = tf.exp(log_p), _states(log_p)
    centred = states - tf.expand_dims(means(log_p), -2)
    covariance = tf.matmul(centred, tf.expand_dims(p, -1) * centred, transpose_a=True)
    deviation = tf.sqrt(tf.linalg.diag_part(covariance))
    return covariance / (tf.expand_dims(deviation, -1) * tf.expand_dims(deviation, -2))


def kl_divergence(log_p: tf.Tensor, log_q: tf.Tensor) -> tf.Tensor:
    """KL(p || q), nats: tables [..., 2^n] to [...]; states that p excludes count for nothing."""
    p, q = tf.exp(log_p), tf.exp(log_q)
    # q - p sums to zero, and takes with it what rounding does to either sum: small divergences keep their digits.
    return tf.reduce_sum(tf.math.multiply_no_nan(log_p - log_q, p) + (q - p), axis=-1)


def total_variation(log_p: tf.Tensor, log_q: tf.Tensor) -> tf.Tensor:
    """Half the sum of |p - q|: tables [..., 2^n] to [...]."""
    return 0.5 * tf.reduce_sum(tf.abs(tf.exp(log_p) - tf.exp(log_q)), axis=-1)


def product_of_marginals(log_p: tf.Tensor) -> tf.Tensor:
    """The factorial table with p's own marginals, which minimises KL(p || q) over all factorial q: [..., 2^n]."""
    off, on = _log_marginals(log_p)
    is_on = _states(log_p) > 0.5
    return tf.reduce_sum(tf.where(is_on, tf.expand_dims(on, -2), tf.expand_dims(off, -2)), axis=-1)


def total_correlation(log_p: tf.Tensor) -> tf.Tensor:
    """min over factorial q of KL(p || q), nats: [..., 2^n] to [...]; 0 only where p itself is factorial.

    References:
      Watanabe (1960), Information theoretical analysis of multivariate correlation.
    """
    return kl_divergence(log_p, product_of_marginals(log_p))


def mean_field(log_p: tf.Tensor) -> tf.Tensor:
    """The factorial table found to minimise KL(q || p): coordinate ascent from every vertex, the best of them.

    Args:
      log_p: one table [2^n], all entries finite.

    Returns:
      log q, [2^n].
    """
    states, num_units = _states(log_p), _num_units(log_p)
    log_odds = [_log_odds(log_p, unit) for unit in range(num_units)]
    logits = (2.0 * states - 1.0) * 1e3  # a start at each vertex, [2^n, n]
    for _ in range(_NUM_SWEEPS):
        for unit in range(num_units):
            # q_j ~ exp E[log p(x)] over the other units, Bishop (2006), eq. 10.9
            q = tf.exp(bernoulli.log_prob(states, logits[:, tf.newaxis, :]))
            update = tf.linalg.matvec(q, log_odds[unit])
            logits = tf.where(tf.range(num_units) == unit, update[:, tf.newaxis], logits)
    log_q = bernoulli.log_prob(states, logits[:, tf.newaxis, :])
    kl = kl_divergence(log_q, log_p)
    ties = kl <= tf.reduce_min(kl) + 1e-9  # where symmetry leaves a choice, the first, whatever rounding says
    return log_q[tf.argmax(ties)]


def _log_odds(log_p: tf.Tensor, unit: int) -> tf.Tensor:
    """log p(x with the unit on) - log p(x with it off) at every state x, [2^n]."""
    table = tf.reshape(log_p, [2**unit, 2, -1])
    odds = table[:, 1:] - table[:, :1]
    return tf.reshape(tf.concat([odds, odds], axis=1), [-1])


def _states(log_p: tf.Tensor) -> tf.Tensor:
    return binary_states(_num_units(log_p), log_p.dtype)


def _num_units(log_p: tf.Tensor) -> int:
    return log_p.shape[-1:].num_elements().bit_length() - 1


def _log_marginals(log_p: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """log p(x_j = 0) and log p(x_j = 1), each [..., n]; in logs, for 1 - p would lose what is nearly certain."""
    is_on = tf.transpose(_states(log_p)) > 0.5
    log_p = tf.expand_dims(log_p, -2)
    never = tf.fill([], tf.constant(-float("inf"), log_p.dtype))
    return (
        tf.reduce_logsumexp(tf.where(is_on, never, log_p), axis=-1),
        tf.reduce_logsumexp(tf.where(is_on, log_p, never), axis=-1),
    )
