"""Clauses behind a word."""

import numpy as np
import tensorflow as tf

from tfdgm.math.tokens import clause_after

BUT = 7


def test_clause_is_what_stands_behind_the_first_word_with_something_before_it():
    tokens = tf.constant([
        [3, BUT, 4, 5, 0, 0],
        [3, BUT, 4, BUT, 5, 6],
        [BUT, 3, BUT, 4, 0, 0],  # the first has nothing before it
        [BUT, 3, 4, 0, 0, 0],
        [3, 4, BUT, 0, 0, 0],  # nothing behind it
        [3, 4, 5, 6, 8, BUT],
        [3, 4, 5, 6, 8, 9],
    ])  # fmt: skip
    has, clause = clause_after(tokens, BUT)
    np.testing.assert_array_equal(has, [True, True, True, False, False, False, False])
    np.testing.assert_array_equal(
        clause,
        [[4, 5, 0, 0, 0, 0], [4, BUT, 5, 6, 0, 0], [4, 0, 0, 0, 0, 0], *[[0] * 6] * 4],
    )


def test_a_word_that_the_vocabulary_has_not_divides_nothing():
    has, clause = clause_after(tf.constant([[1, 2, 3]]), -1)
    assert not has[0]
    assert not np.any(clause)
