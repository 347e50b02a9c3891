"""Strings to token indices."""

import numpy as np

from tfdgm.networks.text import text_vectorization


def test_tokens_are_lower_case_and_apart_by_white_space():
    layer = text_vectorization(4, ("", "[UNK]", "it", "n't", "."))
    np.testing.assert_array_equal(layer(["It  wo n't .", "it it it it it ."]), [[2, 1, 3, 4], [2, 2, 2, 2]])
    np.testing.assert_array_equal(layer([""]), [[0, 0, 0, 0]])


def test_a_learned_vocabulary_is_by_frequency_and_its_layer_is_made_again_of_it():
    layer = text_vectorization(3)
    layer.adapt(["b a .", "a b", "a ."])
    vocabulary = layer.get_vocabulary()
    assert vocabulary[:3] == ["", "[UNK]", "a"]
    assert set(vocabulary[3:]) == {"b", "."}
    again = text_vectorization(3, vocabulary)
    np.testing.assert_array_equal(again(["b . c"]), layer(["b . c"]))
    assert again.get_vocabulary() == vocabulary
