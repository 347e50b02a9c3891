"""Linear chains against enumeration of every sequence, with forbidden states and transitions, lengths and gradients."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.math import chains

TIME, STATES = 4, 3
LENGTHS = [4, 2, 1, 0, 3, 4]
RNG = np.random.default_rng(0)
NEVER = -np.inf


def _chain(kind):
    """Potentials of six sequences: unary [6, T, K], transitions of the named kind."""
    shape = {"shared": [STATES, STATES], "own": [6, TIME - 1, STATES, STATES]}.get(kind, [STATES, STATES])
    unary, transitions = RNG.normal(size=[6, TIME, STATES]), RNG.normal(size=shape)
    if kind == "forbidden":
        transitions[0, 1] = transitions[1, 1] = transitions[2, 1] = NEVER  # state 1 has no way in
        transitions[2, 0] = NEVER
        unary[1, 0] = [NEVER, 0.3, NEVER]
        unary[5, 2] = [NEVER, 0.1, NEVER]  # and then no sequence is allowed: only state 1, which has no way in
    return unary, transitions


def _enumerated(unary, transitions, length):
    """Every sequence of this length with its score, term by term."""
    steps = np.broadcast_to(transitions, [TIME - 1, STATES, STATES])
    sequences = list(itertools.product(range(STATES), repeat=length))
    scores = [
        sum(unary[t, y[t]] for t in range(length)) + sum(steps[t, y[t], y[t + 1]] for t in range(length - 1))
        for y in sequences
    ]
    return sequences, np.array(scores, float)


def _brute_force(unary, transitions, length):
    """log Z, p(y_t), p(y_t, y_{t+1}), the best sequence and its score."""
    sequences, scores = _enumerated(unary, transitions, length)
    weights = np.exp(scores)
    z = weights.sum()
    own, pairs = np.zeros([TIME, STATES]), np.zeros([TIME - 1, STATES, STATES])
    for y, weight in zip(sequences, weights, strict=True):
        for t in range(length):
            own[t, y[t]] += weight / z if z else 0.0
        for t in range(length - 1):
            pairs[t, y[t], y[t + 1]] += weight / z if z else 0.0
    best = int(np.argmax(scores))
    return np.log(z) if z else NEVER, own, pairs, [*sequences[best], *[0] * (TIME - length)], scores[best]


def _rows(kind, lengths):
    unary, transitions = _chain(kind)
    steps = transitions if kind == "own" else [transitions] * 6
    expected = [_brute_force(*row) for row in zip(unary, steps, lengths, strict=True)]
    return tf.constant(unary), tf.constant(transitions), [np.array(each) for each in zip(*expected, strict=True)]


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "lengths"])
@pytest.mark.parametrize("kind", ["shared", "own", "forbidden"])
def test_against_all_sequences(kind, lengths):
    unary, transitions, (log_z, own, pairs, best, score) = _rows(kind, lengths or [TIME] * 6)
    given = None if lengths is None else tf.constant(lengths)
    np.testing.assert_allclose(chains.log_partition(unary, transitions, given), log_z, rtol=1e-12, atol=1e-12)
    marginals = chains.log_marginals(unary, transitions, given)
    np.testing.assert_allclose(np.exp(marginals[0]), own, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(np.exp(marginals[1]), pairs, rtol=1e-11, atol=1e-14)
    states, found = chains.most_probable(unary, transitions, given)
    np.testing.assert_allclose(found, score, rtol=1e-12, atol=1e-12)
    is_possible = np.isfinite(score)
    np.testing.assert_array_equal(states.numpy()[is_possible], best[is_possible])
    np.testing.assert_allclose(chains.log_score(states, unary, transitions, given)[is_possible], score[is_possible])


@pytest.mark.parametrize("kind", ["own", "forbidden"])
def test_gradient_of_log_z_is_the_marginals_and_never_nan(kind):
    """d log Z / d u_t(k) = p(y_t = k) and d log Z / d v_t(i, j) = p(y_t = i, y_{t+1} = j), in a graph."""
    unary, transitions, (log_z, own, pairs, _, _) = _rows(kind, LENGTHS)
    own, pairs = (x[np.isfinite(log_z)] for x in (own, pairs))

    @tf.function
    def slopes(unary, transitions):
        with tf.GradientTape() as tape:
            tape.watch([unary, transitions])
            total = chains.log_partition(unary, transitions, tf.constant(LENGTHS))
            possible = tf.boolean_mask(total, tf.math.is_finite(total))
        return tape.gradient(possible, [unary, transitions])

    by_unary, by_transitions = slopes(unary, transitions)
    assert by_unary.shape == [6, TIME, STATES]
    np.testing.assert_allclose(by_unary.numpy()[np.isfinite(log_z)], own, rtol=1e-11, atol=1e-14)
    assert np.isfinite(by_unary).all()
    expected = pairs if kind == "own" else pairs.sum((0, 1))
    np.testing.assert_allclose(by_transitions, expected, rtol=1e-11, atol=1e-14)


def test_marginals_have_gradients_without_nan():
    """d sum_t p(y_t = 0) / d u, by central differences; forbidden entries stay as they are."""
    unary, transitions, _ = _rows("forbidden", LENGTHS)
    lengths = tf.constant(LENGTHS)

    def total(unary):
        return tf.reduce_sum(tf.exp(chains.log_marginals(unary, transitions, lengths)[0][..., 0]))

    with tf.GradientTape() as tape:
        tape.watch(unary)
        value = total(unary)
    slope = tape.gradient(value, unary).numpy()
    assert np.isfinite(slope).all()
    for index in [(0, 0, 0), (0, 2, 2), (1, 1, 0), (4, 1, 2)]:
        moved = np.zeros(unary.shape)
        moved[index] = 1e-6
        difference = (total(unary + moved) - total(unary - moved)) / 2e-6
        np.testing.assert_allclose(slope[index], difference, rtol=1e-7, atol=1e-9)


def test_without_transitions_places_are_independent():
    unary = tf.constant(RNG.normal(size=[2, 5, 4]), tf.float32)
    own, _ = chains.log_marginals(unary, tf.zeros([4, 4]))
    np.testing.assert_allclose(own, tf.nn.log_softmax(unary), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(chains.most_probable(unary, tf.zeros([4, 4]))[0], np.argmax(unary, -1))


def test_sequences_of_one_place():
    unary = tf.constant(RNG.normal(size=[3, 1, 4]))
    transitions = tf.constant(RNG.normal(size=[4, 4]))
    np.testing.assert_allclose(chains.log_partition(unary, transitions), tf.reduce_logsumexp(unary, [1, 2]), rtol=1e-12)
    assert chains.log_marginals(unary, transitions)[1].shape == [3, 0, 4, 4]
    np.testing.assert_array_equal(chains.most_probable(unary, transitions)[0], np.argmax(unary, -1))


def test_padding_counts_for_nothing():
    """Not even infinities, or labels that are no state."""
    unary, transitions = RNG.normal(size=[1, TIME, STATES]), tf.constant(RNG.normal(size=[STATES, STATES]))
    short, padded = tf.constant(unary[:, :2]), unary.copy()
    padded[:, 2], padded[:, 3] = NEVER, 50.0
    padded, lengths = tf.constant(padded), tf.constant([2])
    np.testing.assert_allclose(
        chains.log_partition(padded, transitions, lengths), chains.log_partition(short, transitions), rtol=1e-14
    )
    scores = chains.log_score(tf.constant([[2, 0, -1, -1]]), padded, transitions, lengths)
    np.testing.assert_allclose(scores, chains.log_score(tf.constant([[2, 0]]), short, transitions), rtol=1e-14)
