"""The tagger's network against NumPy; padding, and what it refuses."""

import numpy as np
import pytest
import scipy.signal

from tests.goldens.precision import dtype_policy
from tfdgm.networks.word_tagger import WordTagger

VOCABULARY = ("", "[UNK]", "a", "b", "c")
X = np.array(
    [
        [[2, 97, 0, 0], [3, 98, 99, 100], [1, 65, 66, 0], [4, 99, 0, 0]],
        [[4, 67, 0, 0], [2, 97, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
    ],
    np.int32,
)


def _network(**fields):
    fields = {
        "embedding_size": 3,
        "num_byte_filters": 2,
        "num_filters": (4, 5),
        "window": 3,
        "dropout_rate": 0.0,
        **fields,
    }
    with dtype_policy("float64"):
        network = WordTagger(VOCABULARY, 3, name="tagger", **fields)
    rng = np.random.default_rng(0)
    for variable in network.variables:
        variable.assign(rng.normal(size=variable.shape))
    return network


def _windows(vectors, layer):
    """ReLU of each whole window of rows [T, D]."""
    kernel, bias = (weight.numpy() for weight in layer.weights)
    planes = [
        sum(scipy.signal.correlate(vectors[:, d], kernel[:, d, f], mode="valid") for d in range(vectors.shape[1]))
        for f in range(kernel.shape[2])
    ]
    return np.maximum(np.stack(planes, axis=1) + bias, 0.0)


def _by_hand(network, x):
    x = x[x[:, 0] > 0]
    rows = []
    for word, *letters in x:
        vectors = np.where(np.array(letters)[:, None] == 0, 0.0, network.bytes.numpy()[letters])
        spelled = _windows(np.pad(vectors, ((2, 2), (0, 0))), network.spelling).max(axis=0)
        rows.append(np.concatenate([network.embeddings.numpy()[word], spelled]))
    h = np.array(rows)
    for stage in network.stages:
        h = _windows(np.pad(h, ((1, 1), (0, 0))), stage)
    kernel, bias = (weight.numpy() for weight in network.outputs.weights)
    return h @ kernel + bias


def test_logits_are_of_vectors_spelling_and_neighbours():
    network = _network()
    found = network(X).numpy()
    for row, logits in zip(X, found, strict=True):
        expected = _by_hand(network, row)
        np.testing.assert_allclose(logits[: len(expected)], expected, rtol=1e-10)


def test_padding_changes_nothing():
    network = _network()
    np.testing.assert_allclose(network(np.pad(X, ((0, 0), (0, 3), (0, 0))))[:, :4], network(X), rtol=1e-12)


def test_dropout_is_before_the_first_stage_and_the_last_layer():
    network = _network(dropout_rate=0.25, num_filters=(4,))
    assert network.num_dropout_units == 5 + 4
    kept, dropped = np.full((2, 4, 5), 0.9), np.zeros((2, 4, 5))
    kernel, bias = (weight.numpy() for weight in network.outputs.weights)
    last = network(X, np.concatenate([kept, dropped[:, :, :4]], axis=2))
    np.testing.assert_allclose(last, np.broadcast_to(bias, (2, 4, 3)), rtol=1e-12)
    # Without its features a word is what the stage's bias makes of it, larger by 1 / 0.75.
    first = network(X, np.concatenate([dropped, kept[:, :, :4]], axis=2)).numpy()
    expected = np.maximum(network.stages[0].bias.numpy(), 0.0) / 0.75 @ kernel + bias
    np.testing.assert_allclose(first[0], np.tile(expected, (4, 1)), rtol=1e-10)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"window": 4}, r"window is 4; it must be odd"),
        ({"num_filters": ()}, r"num_filters is 0; it must be at least 1"),
        ({"embedding_size": 0}, r"embedding_size is 0"),
        ({"dropout_rate": 1.0}, r"dropout_rate is 1.0"),
    ],
)
def test_fields_that_cannot_be_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        _network(**fields)
