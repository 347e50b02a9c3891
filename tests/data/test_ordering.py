"""Orders of epochs are permutations that do not resemble each other."""

import numpy as np
import tensorflow as tf

from tfdgm.data.ordering import shuffled_indices


def _orders(num_examples: int, num_epochs: int, seed: int = 0) -> np.ndarray:
    positions = tf.range(num_examples * num_epochs, dtype=tf.int64)
    return shuffled_indices(positions, num_examples, seed).numpy().reshape(num_epochs, num_examples)


def _correlation(left: np.ndarray, right: np.ndarray) -> float:
    """Correlation in units of its standard error under independence."""
    return np.corrcoef(left.ravel(), right.ravel())[0, 1] * np.sqrt(left.size)


def test_orders_are_permutations_also_of_one_example() -> None:
    for num_examples in (1, 2, 17, 300):
        for order in _orders(num_examples, 3):
            np.testing.assert_array_equal(np.sort(order), np.arange(num_examples))


def test_orders_correlate_with_nothing() -> None:
    orders = _orders(50_000, 4)
    assert abs(_correlation(orders[1:], orders[:-1])) < 5  # the epoch before
    assert abs(_correlation(orders[:, 1:], orders[:, :-1])) < 5  # the example before
    assert abs(_correlation(orders, np.tile(np.arange(50_000), (4, 1)))) < 5  # the order on disk
    assert abs(_correlation(orders, _orders(50_000, 4, seed=1))) < 5  # the next seed


def test_each_example_stands_anywhere_equally_often() -> None:
    num_examples, num_epochs = 10, 1000
    orders = _orders(num_examples, num_epochs)
    counts = np.stack([np.bincount(orders[:, place], minlength=num_examples) for place in range(num_examples)])
    error = np.sqrt(num_epochs * 0.1 * 0.9)
    assert np.abs(counts - num_epochs / num_examples).max() < 5 * error


def test_an_order_is_had_piece_by_piece() -> None:
    whole = _orders(30, 4).ravel()
    pieces = [shuffled_indices(tf.range(start, start + 8, dtype=tf.int64), 30, 0) for start in range(0, 120, 8)]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
