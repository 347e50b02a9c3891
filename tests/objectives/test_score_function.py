"""Learning signals and surrogate losses against NumPy, written out sample by sample."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.objectives import score_function

RNG = np.random.default_rng(0)


def test_the_loss_moves_log_q_by_the_signal_and_the_signal_not_at_all():
    log_q, signal = tf.constant(RNG.normal(size=[4, 3])), tf.constant(RNG.normal(size=[4, 3]))
    with tf.GradientTape() as tape:
        tape.watch([log_q, signal])
        loss = score_function.score_function_loss(log_q, signal)
    slopes = tape.gradient(loss, [log_q, signal])
    np.testing.assert_allclose(loss, -(log_q.numpy() * signal.numpy()).sum(1), rtol=1e-12)
    np.testing.assert_allclose(slopes[0], -signal, rtol=1e-12)
    assert slopes[1] is None


def test_local_signals_add_up_from_each_layer_to_the_top():
    ratios = RNG.normal(size=[4, 3])
    expected = np.stack([ratios.sum(1), ratios[:, 1:].sum(1), ratios[:, 2]], axis=1)
    np.testing.assert_allclose(score_function.local_signals(tf.constant(ratios)), expected, rtol=1e-12)


@pytest.mark.parametrize("num_samples", [2, 3, 5])
def test_leave_one_out_signals_replace_one_weight_by_the_geometric_mean_of_the_others(num_samples):
    weights = RNG.lognormal(size=[6, num_samples])
    expected = np.empty_like(weights)
    for row, column in np.ndindex(*weights.shape):
        others = np.delete(weights[row], column)
        replaced = np.append(others, np.exp(np.log(others).mean()))
        expected[row, column] = np.log(weights[row].mean()) - np.log(replaced.mean())
    found = score_function.leave_one_out_signals(tf.constant(np.log(weights)))
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_vimco_loss_is_signal_less_share():
    log_q, log_weights = RNG.normal(size=[4, 3]), RNG.normal(size=[4, 3])
    signals = score_function.leave_one_out_signals(tf.constant(log_weights)).numpy()
    shares = np.exp(log_weights) / np.exp(log_weights).sum(1, keepdims=True)
    found = score_function.vimco_loss(tf.constant(log_q), tf.constant(log_weights))
    np.testing.assert_allclose(found, -((signals - shares) * log_q).sum(1), rtol=1e-12)
