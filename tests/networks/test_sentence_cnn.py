"""The sentence network against NumPy; padding, pretrained vectors, and what it refuses."""

import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.precision import dtype_policy
from tfdgm.networks.sentence_cnn import SentenceCNN, with_vectors_of

VOCABULARY = ("", "[UNK]", "a", "b", "c", "d")
TOKENS = np.array([[2, 3, 4, 5, 2, 1], [5, 4, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]], np.int32)


def _network(**fields):
    fields = {"embedding_size": 3, "filter_widths": (2, 3), "num_filters": 4, "dropout_rate": 0.0, **fields}
    with dtype_policy("float64"):
        network = SentenceCNN(VOCABULARY, 2, name="classifier", **fields)
    rng = np.random.default_rng(0)
    for variable in network.variables:
        variable.assign(rng.normal(size=variable.shape))
    return network


def _by_hand(network, tokens):
    vectors = np.where(tokens[:, None] == 0, 0.0, network.embeddings.numpy()[tokens])
    margin = np.zeros((2, 3))
    padded = np.concatenate([margin, vectors, margin])
    found = []
    for convolution in network.convolutions:
        kernel, bias = (weight.numpy() for weight in convolution.weights)
        width = len(kernel)
        windows = [
            np.maximum(np.einsum("hd,hdf->f", padded[t : t + width], kernel) + bias, 0.0)
            for t in range(len(padded) - width + 1)
        ]
        found.append(np.max(windows, axis=0))
    kernel, bias = (weight.numpy() for weight in network.outputs.weights)
    return np.concatenate(found) @ kernel + bias


def test_logits_are_windows_maxima_and_a_linear_layer():
    network = _network()
    np.testing.assert_allclose(network(TOKENS), [_by_hand(network, row) for row in TOKENS], rtol=1e-10)


def test_padding_changes_nothing():
    network = _network()
    short = network(TOKENS[1:2, :2])
    np.testing.assert_allclose(network(TOKENS)[1:2], short, rtol=1e-12)
    np.testing.assert_allclose(network(np.pad(TOKENS, ((0, 0), (0, 9))))[1:2], short, rtol=1e-12)
    hole = np.array([[2, 0, 0, 3]], np.int32)
    np.testing.assert_allclose(network(hole), network(np.concatenate([hole, [[1, 1, 1, 1]]]))[:1], rtol=1e-12)


def test_gradient_of_the_vectors_is_that_of_plain_indexing():
    network = _network()
    table = network.embeddings.value
    with tf.GradientTape() as tape:
        tape.watch(table)
        loss = tf.reduce_sum(network(TOKENS) ** 2)
    found = tape.gradient(loss, table).numpy()
    step = 1e-6
    for index in np.ndindex(found.shape):
        values = []
        for sign in (1.0, -1.0):
            moved = table.numpy()
            moved[index] += sign * step
            network.embeddings.assign(moved)
            values.append(float(tf.reduce_sum(network(TOKENS) ** 2)))
            moved[index] -= sign * step
            network.embeddings.assign(moved)
        assert found[index] == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-5, abs=1e-6)
    np.testing.assert_array_equal(found[0], 0.0)  # padding learns nothing


def test_dropout_is_of_the_features_and_keeps_their_mean():
    network = _network(dropout_rate=0.25)
    noise = np.random.default_rng(1).random((3, network.num_dropout_units))
    features = network.features(TOKENS).numpy()
    kernel, bias = (weight.numpy() for weight in network.outputs.weights)
    np.testing.assert_allclose(network(TOKENS, noise), features * (noise >= 0.25) / 0.75 @ kernel + bias, rtol=1e-10)


def test_weights_of_a_class_are_held_within_their_norm():
    network = _network(max_norm=3.0)
    kernel = network.outputs.kernel
    held = np.linalg.norm(kernel.constraint(100.0 * kernel.value), axis=0)
    np.testing.assert_allclose(held, [3.0, 3.0], rtol=1e-5)
    assert _network(max_norm=0.0).outputs.kernel.constraint is None


def test_pretrained_vectors_replace_those_of_known_words(tmp_path):
    file = tmp_path / "vectors.txt"
    file.write_text("2 3\nb 1 2 3\nz 7 8 9\n")
    vectors = np.zeros((6, 3))
    np.testing.assert_array_equal(with_vectors_of(str(file), VOCABULARY, vectors)[3], [1.0, 2.0, 3.0])
    assert not vectors.any()
    network = SentenceCNN(VOCABULARY, 2, embedding_size=3, vectors_file=str(file), name="classifier")
    np.testing.assert_array_equal(network.embeddings[3], [1.0, 2.0, 3.0])
    assert np.abs(network.embeddings.numpy()[[2, 4, 5]]).max() <= 0.25


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("b 1 2\n", r"has 2 numbers in line 1; embedding_size is 3"),
        ("z 1 2 3\n", r"has none of the 6 words of the vocabulary"),
        (None, r"which is no file; empty begins with random vectors"),
    ],
)
def test_files_of_vectors_that_do_not_fit_are_refused(tmp_path, content, message):
    file = tmp_path / "vectors.txt"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ValueError, match=message):
        with_vectors_of(str(file), VOCABULARY, np.zeros((6, 3)))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"filter_widths": ()}, r"filter_widths is \(\)"),
        ({"filter_widths": (3, 0)}, r"filter_widths is 0; it must be at least 1"),
        ({"embedding_size": 0}, r"embedding_size is 0"),
        ({"dropout_rate": 1.0}, r"dropout_rate is 1.0; it must lie between 0.0 and 0.95"),
        ({"max_norm": -1.0}, r"max_norm is -1.0"),
    ],
)
def test_fields_that_cannot_be_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        _network(**fields)
    with pytest.raises(ValueError, match="vocabulary is empty"):
        SentenceCNN((), 2, name="classifier")
