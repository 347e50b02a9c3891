"""The score-function (log-derivative, REINFORCE) estimator of a bound's gradient by q, and what lowers its variance.

    d E_q f = E_q[(f - b) d log q]       for any baseline b that does not depend on the sample

The learning signal f is log p(x, h) - log q(h|x), whose own derivative by q's parameters is zero in expectation.

References:
  Williams (1992), Simple statistical gradient-following algorithms for connectionist reinforcement learning.
  Mnih & Gregor (2014), Neural variational inference and learning in belief networks.
"""

import tensorflow as tf


def score_function_loss(log_q: tf.Tensor, signal: tf.Tensor) -> tf.Tensor:
    """-signal log q, whose gradient by q is minus the estimate of the bound's; no gradient goes through the signal.

    Args:
      log_q: [..., L], log q(h_l | h_{l-1}) of each layer.
      signal: learning signals less their baselines, broadcastable to it.

    Returns:
      [...]; only its gradient means anything.

    References:
      Mnih & Gregor (2014), eq. 5.
    """
    return -tf.reduce_sum(tf.stop_gradient(signal) * log_q, axis=-1)


def local_signals(log_ratios: tf.Tensor) -> tf.Tensor:
    """sum_{j >= l} log p(h_{j-1} | h_j) - log q(h_j | h_{j-1}): what of the bound depends on h_l given h_{l-1}.

    Args:
      log_ratios: [..., L], the term of each layer, the data's neighbour first; the last has log p(h_L) besides.

    Returns:
      [..., L]; the first is the whole log p(x, h) - log q(h|x).

    References:
      Mnih & Gregor (2014), section 2.5.
    """
    return tf.cumsum(log_ratios, axis=-1, reverse=True)


def leave_one_out_signals(log_weights: tf.Tensor) -> tf.Tensor:
    """log (1/K) sum_j w_j less the same with w_k replaced by the geometric mean of the others: VIMCO's signals.

    Args:
      log_weights: log w_k = log p(x, h_k) - log q(h_k | x), [B, K], K at least 2.

    Returns:
      [B, K], nats: the signal of sample k, less a baseline that does not depend on it.

    References:
      Mnih & Rezende (2016), Variational inference for Monte Carlo objectives, eq. 9 and 10.
    """
    num_samples = log_weights.shape[1:].num_elements()
    geometric_mean = (tf.reduce_sum(log_weights, axis=1, keepdims=True) - log_weights) / (num_samples - 1)
    replaced = tf.linalg.set_diag(tf.repeat(log_weights[:, tf.newaxis], num_samples, axis=1), geometric_mean)
    # The 1/K of both cancels.
    return tf.reduce_logsumexp(log_weights, axis=1, keepdims=True) - tf.reduce_logsumexp(replaced, axis=2)


def vimco_loss(log_q: tf.Tensor, log_weights: tf.Tensor) -> tf.Tensor:
    """-sum_k (signal_k - w_k / sum_j w_j) log q_k: its gradient by q is minus that of E log (1/K) sum_k w_k.

    Args:
      log_q: log q(h_k | x), [B, K].
      log_weights: [B, K]; no gradient goes through them.

    Returns:
      [B]; only its gradient means anything. In p's parameters the bound's gradient is that of `reweighted_loss`.

    References:
      Mnih & Rezende (2016), eq. 8.
    """
    direct = tf.nn.softmax(log_weights, axis=1)  # d log (1/K) sum_k w_k / d log w_k, and log w_k falls with log q_k
    return score_function_loss(log_q, leave_one_out_signals(log_weights) - direct)
