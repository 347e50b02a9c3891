import numpy as np
import pytest
import tensorflow as tf

from tfdgm.core.types import DataSpec
from tfdgm.evaluation.extractor import Extractor, ExtractorNetwork

SPEC = DataSpec((4, 4, 1), domain="symmetric")


def network(outputs, **fields):
    return ExtractorNetwork("tiny", "0123456789abcdef" * 4, (4, 4, 1), "unit", outputs, **fields)


def flat(x):
    return {"features": tf.reshape(x, [-1, 16])}


def classes(x):
    return {**flat(x), "probabilities": tf.nn.softmax(tf.reshape(x, [-1, 16])[:, :3])}


def images(num):
    return np.random.default_rng(0).uniform(-1.0, 1.0, (num, 4, 4, 1)).astype(np.float32)


def test_features_are_the_network_s_of_converted_images():
    x = images(7)
    found = Extractor(network(classes, num_classes=3), SPEC).extract(x)
    assert found.features.dtype == found.probabilities.dtype == np.float64
    np.testing.assert_allclose(found.features, (x.reshape(7, 16) + 1.0) / 2.0, rtol=1e-6)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), np.ones(7), rtol=1e-6)


def test_the_last_batch_is_padded_and_traced_once():
    traced = []

    def outputs(x):
        traced.append(x.shape)
        return flat(x)

    extractor = Extractor(network(outputs), SPEC)
    x = images(601)
    np.testing.assert_allclose(extractor.features(x), (x.reshape(601, 16) + 1.0) / 2.0, rtol=1e-6)
    assert traced == [(250, 4, 4, 1)]


def test_without_classes_there_are_no_probabilities():
    extractor = Extractor(network(flat), SPEC)
    assert extractor.extract(images(2)).probabilities is None
    with pytest.raises(ValueError, match="extractor tiny gives features alone; probabilities need a classifier"):
        extractor.probabilities(images(2))
    np.testing.assert_array_equal(
        Extractor(network(classes), SPEC).probabilities(images(2)),
        Extractor(network(classes), SPEC).extract(images(2)).probabilities,
    )


def test_features_that_are_no_vectors_are_refused():
    with pytest.raises(ValueError, match=r"features of tiny have shape \(2, 4, 4, 1\); they must be \[N, D\]"):
        Extractor(network(lambda x: {"features": x}), SPEC).extract(images(2))


def test_the_description_names_and_hashes_the_network():
    expected = "tiny, sha256 0123456789ab; images 4x4 as they are, clipped and scaled to [0, 1]"
    assert Extractor(network(flat), SPEC).description() == expected
