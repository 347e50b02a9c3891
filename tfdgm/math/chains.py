"""Linear chains of discrete states: everything about p(y_1..y_T) by dynamic programming, in the time of T K^2.

    p(y_1..y_T) = exp(sum_t u_t(y_t) + sum_t v_t(y_t, y_{t+1})) / Z

Potentials are logarithms, and -inf forbids: a state at a place, or a transition. What is forbidden has probability 0
and the gradient 0, never NaN. With u_t = log p(y_t|x) and v = sum_l lambda_l r_l(y_t, y_{t+1}), p is the projection q*
of independent predictions by transition rules; potentials of the first state alone belong to u_1.

Every function takes
    unary        u, [B, T, K], float
    transitions  v, from state i (row) to state j (column): [K, K], or anything that broadcasts to [B, T - 1, K, K]
    lengths      int [B], 0 to T, or None where all have T; what stands behind a sequence's end counts for nothing.

References:
  Lafferty, McCallum & Pereira (2001), Conditional random fields.
  Sutton & McCallum (2012), An introduction to conditional random fields, section 4.1.
"""

import tensorflow as tf


def log_score(
    states: tf.Tensor, unary: tf.Tensor, transitions: tf.Tensor, lengths: tf.Tensor | None = None
) -> tf.Tensor:
    """sum_t u_t(y_t) + sum_t v_t(y_t, y_{t+1}), nats: states int [B, T] to [B]; less `log_partition` it is log p(y)."""
    transitions, inside = _laid_out(unary, transitions, lengths)
    states = tf.where(inside, states, tf.zeros_like(states))  # what pads may be no state
    zero = tf.zeros((), unary.dtype)
    own = tf.where(inside, tf.gather(unary, states, axis=2, batch_dims=2), zero)
    rows = tf.gather(transitions, states[:, :-1], axis=2, batch_dims=2)
    steps = tf.where(inside[:, 1:], tf.gather(rows, states[:, 1:], axis=2, batch_dims=2), zero)
    return tf.reduce_sum(own, axis=1) + tf.reduce_sum(steps, axis=1)


def log_partition(unary: tf.Tensor, transitions: tf.Tensor, lengths: tf.Tensor | None = None) -> tf.Tensor:
    """log Z, nats, [B]: 0 of an empty sequence, -inf where no sequence is allowed."""
    transitions, inside = _laid_out(unary, transitions, lengths)
    return _ended(_forward(unary, transitions, inside), inside)


def log_marginals(
    unary: tf.Tensor, transitions: tf.Tensor, lengths: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """log p(y_t) and log p(y_t, y_{t+1}).

    Returns:
      [B, T, K] and [B, T - 1, K, K], nats; -inf behind a sequence's end, and everywhere where no sequence is allowed.
    """
    transitions, inside = _laid_out(unary, transitions, lengths)
    forward, backward = _forward(unary, transitions, inside), _backward(unary, transitions, inside)
    log_z = _ended(forward, inside)
    is_possible = inside & tf.math.is_finite(log_z)[:, tf.newaxis]
    log_z = tf.where(tf.math.is_finite(log_z), log_z, tf.zeros_like(log_z))[:, tf.newaxis, tf.newaxis]
    never = tf.constant(-float("inf"), unary.dtype)
    own = tf.where(tf.expand_dims(is_possible, -1), forward + backward - log_z, never)
    onward = (unary + backward)[:, 1:, tf.newaxis, :]
    pairs = forward[:, :-1, :, tf.newaxis] + transitions + onward - tf.expand_dims(log_z, -1)
    return own, tf.where(is_possible[:, 1:, tf.newaxis, tf.newaxis], pairs, never)


def most_probable(
    unary: tf.Tensor, transitions: tf.Tensor, lengths: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """The sequence of highest score, by Viterbi's algorithm.

    Returns:
      States int32 [B, T], 0 behind a sequence's end, and their `log_score`, nats, [B]; where that is -inf no sequence
      is allowed, and the states mean nothing.

    References:
      Viterbi (1967), Error bounds for convolutional codes and an asymptotically optimum decoding algorithm.
    """
    transitions, inside = _laid_out(unary, transitions, lengths)
    same = tf.range(unary.shape[2])[tf.newaxis]

    def best(carry: tuple[tf.Tensor, tf.Tensor], here: tuple[tf.Tensor, ...]) -> tuple[tf.Tensor, tf.Tensor]:
        own, step, is_inside = here
        scores = carry[0][:, :, tf.newaxis] + step
        score = tf.where(is_inside, own + tf.reduce_max(scores, axis=1), carry[0])
        return score, tf.where(is_inside, tf.argmax(scores, axis=1, output_type=tf.int32), same)

    first = unary[:, 0], tf.broadcast_to(same, tf.shape(unary[:, 0]))
    scores, origins = tf.scan(best, _by_time(unary, transitions, inside), first)
    score = tf.concat([first[0][tf.newaxis], scores], axis=0)[-1]
    last = tf.argmax(score, axis=1, output_type=tf.int32)
    states = tf.scan(lambda after, origin: tf.gather(origin, after, batch_dims=1), origins, last, reverse=True)
    states = tf.transpose(tf.concat([states, last[tf.newaxis]], axis=0))
    best_score = tf.reduce_max(score, axis=1)
    return tf.where(inside, states, 0), tf.where(inside[:, 0], best_score, tf.zeros_like(best_score))


def _laid_out(unary: tf.Tensor, transitions: tf.Tensor, lengths: tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
    """Transitions [B, T - 1, K, K], and whether a place is inside its sequence, [B, T]."""
    batch, time, num_states = tf.unstack(tf.shape(unary))
    lengths = tf.fill([batch], time) if lengths is None else lengths
    inside = tf.sequence_mask(lengths, time)
    return tf.broadcast_to(transitions, [batch, time - 1, num_states, num_states]), inside


def _by_time(unary: tf.Tensor, transitions: tf.Tensor, inside: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Of the second place and all after it, time first: u [B, K], the transition to it [B, K, K], inside [B, 1]."""
    return (
        tf.transpose(unary[:, 1:], [1, 0, 2]),
        tf.transpose(transitions, [1, 0, 2, 3]),
        tf.expand_dims(tf.transpose(inside[:, 1:]), -1),
    )


def _forward(unary: tf.Tensor, transitions: tf.Tensor, inside: tf.Tensor) -> tf.Tensor:
    """log of the sum over y_1..y_{t-1} of all potentials up to t, [B, T, K]; from the end on it stays as it is."""

    def onward(before: tf.Tensor, here: tuple[tf.Tensor, ...]) -> tf.Tensor:
        own, step, is_inside = here
        return tf.where(is_inside, own + _log_sum_exp(before[:, :, tf.newaxis] + step, 1), before)

    sums = tf.scan(onward, _by_time(unary, transitions, inside), unary[:, 0])
    return tf.transpose(tf.concat([unary[tf.newaxis, :, 0], sums], axis=0), [1, 0, 2])


def _backward(unary: tf.Tensor, transitions: tf.Tensor, inside: tf.Tensor) -> tf.Tensor:
    """log of the sum over y_{t+1}..y_T of all potentials after t, [B, T, K]; 0 from the end on."""

    def onward(after: tf.Tensor, here: tuple[tf.Tensor, ...]) -> tf.Tensor:
        own, step, is_inside = here
        return tf.where(is_inside, _log_sum_exp(step + (own + after)[:, tf.newaxis, :], 2), after)

    last = tf.zeros_like(unary[:, 0])
    sums = tf.scan(onward, _by_time(unary, transitions, inside), last, reverse=True)
    return tf.transpose(tf.concat([sums, last[tf.newaxis]], axis=0), [1, 0, 2])


def _ended(forward: tf.Tensor, inside: tf.Tensor) -> tf.Tensor:
    """log Z [B] of the forward sums."""
    log_z = _log_sum_exp(forward[:, -1], 1)
    return tf.where(inside[:, 0], log_z, tf.zeros_like(log_z))


def _log_sum_exp(x: tf.Tensor, axis: int) -> tf.Tensor:
    """log sum exp, -inf with the gradient 0 where all terms are -inf."""
    is_possible = tf.reduce_any(x > -float("inf"), axis=axis, keepdims=True)
    total = tf.reduce_logsumexp(tf.where(is_possible, x, tf.zeros_like(x)), axis=axis)
    return tf.where(tf.squeeze(is_possible, axis), total, tf.constant(-float("inf"), x.dtype))
