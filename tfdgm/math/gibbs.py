"""Gibbs chains of a harmonium."""

import numpy as np
import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.validation import require_at_least
from tfdgm.math.harmonium import Harmonium

_START_STREAM, _SWEEP_STREAM = 0, 1


def start(harmonium: Harmonium, seeds: tf.Tensor) -> tf.Tensor:
    """Data-free first states, [N, V]: the visibles drawn independently by their base fields; row i by `seeds[i]`."""
    dtype = harmonium.kernel.dtype
    bias = harmonium.visible_bias if harmonium.base_bias is None else harmonium.base_bias
    noise = philox.row_uniform(seeds, (harmonium.num_visible,), stream=_START_STREAM, dtype=dtype)
    return harmonium.visible.sample(tf.broadcast_to(bias, tf.shape(noise)), noise)


def run(
    harmonium: Harmonium,
    v: tf.Tensor,
    seeds: tf.Tensor,
    num_sweeps: int | tf.Tensor,
    *,
    known: tf.Tensor | None = None,
    mask: tf.Tensor | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Sweeps by row seeds; row i depends on `v[i]` and `seeds[i]` alone.

    Args:
      harmonium: whose p(v, h) the chains leave unchanged.
      v: where they are, [N, V].
      seeds: int64 [N].
      num_sweeps: how often h given v, then v given h; at least 1. An int64 scalar tensor serves all numbers in one
        graph.
      known: values [N, V] that clamped visibles keep.
      mask: bool [N, V], true where a visible is clamped to `known`; both or neither.

    Returns:
      v [N, V], and E[v | h] [N, V] at the h that it was drawn from, clamped alike.

    Raises:
      ValueError: for no sweeps.
    """
    if isinstance(num_sweeps, int):
        require_at_least(1, num_sweeps=num_sweeps)
    dtype = harmonium.kernel.dtype
    num_hidden = harmonium.num_hidden

    def clamped(v: tf.Tensor) -> tf.Tensor:
        return v if known is None or mask is None else tf.where(mask, known, v)

    def noise(index: tf.Tensor) -> tf.Tensor:
        shape = (num_hidden + harmonium.num_visible,)
        return philox.row_uniform(seeds, shape, stream=_SWEEP_STREAM, step=index, dtype=dtype)

    def sweep(index: tf.Tensor, v: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return index + 1, clamped(harmonium.sweep(v, noise(index)))

    first = tf.constant(0, tf.int64)
    last, v = tf.while_loop(lambda index, v: index < num_sweeps - 1, sweep, (first, clamped(v)))
    uniforms = noise(last)
    field = harmonium.visible_field(harmonium.sample_hidden(v, uniforms[:, :num_hidden]))
    v = harmonium.visible.sample(field, uniforms[:, num_hidden:])
    return clamped(v), clamped(harmonium.visible.mean(field))


def swap_log_ratio(cold: Harmonium, hot: Harmonium, v_cold: tf.Tensor, v_hot: tf.Tensor) -> tf.Tensor:
    """log [p_cold(v_hot) p_hot(v_cold) / (p_cold(v_cold) p_hot(v_hot))]: [..., V] twice to [...].

    Accepted with probability min(1, exp of it), a swap of the two states leaves p_cold(v_cold) p_hot(v_hot) unchanged.
    """
    stay = cold.free_energy(v_cold) + hot.free_energy(v_hot)
    swap = cold.free_energy(v_hot) + hot.free_energy(v_cold)
    return stay - swap


def swap_neighbours(harmonium: Harmonium, betas: np.ndarray, v: tf.Tensor, noise: tf.Tensor, first: int) -> tf.Tensor:
    """Offers the states of temperatures (first, first + 1), (first + 2, first + 3), ... to each other.

    Args:
      harmonium: the model at beta = 1.
      betas: inverse temperatures, [T].
      v: one state a chain and temperature, [T, N, V].
      noise: uniforms [T, N], of which every second row is used.
      first: 0 or 1.

    Returns:
      [T, N, V].
    """
    num_pairs = (len(betas) - first) // 2
    if not num_pairs:
        return v
    end = first + 2 * num_pairs
    is_cold, is_hot = slice(first, end, 2), slice(first + 1, end, 2)
    at_cold, at_hot = (tempered(harmonium, betas[which]) for which in (is_cold, is_hot))
    log_ratio = swap_log_ratio(at_cold, at_hot, v[is_cold], v[is_hot])
    accepted = tf.expand_dims(tf.math.log(noise[is_cold]) < log_ratio, axis=-1)
    pairs = [tf.where(accepted, v[is_hot], v[is_cold]), tf.where(accepted, v[is_cold], v[is_hot])]
    swapped = tf.reshape(tf.stack(pairs, axis=1), tf.shape(v[first:end]))
    return tf.concat([v[:first], swapped, v[end:]], axis=0)


def tempered(harmonium: Harmonium, betas: np.ndarray) -> Harmonium:
    """The harmonium at every inverse temperature of [T] at once, for states [T, N, V]."""
    return harmonium.at(tf.constant(betas[:, np.newaxis, np.newaxis], harmonium.kernel.dtype))


def run_with_noise(harmonium: Harmonium, v: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    """Sweeps by uniforms that are given: v [N, V] and noise [N, num_sweeps, H + V] to v [N, V]."""
    for uniforms in tf.unstack(noise, axis=1):
        v = harmonium.sweep(v, uniforms)
    return v
