"""The classifier's network against NumPy, its dropout, and what it refuses."""

import hypothesis
import numpy as np
import pytest
import scipy.signal
import tensorflow as tf
from hypothesis import strategies as st

from tests.goldens.precision import dtype_policy
from tfdgm.networks.classifier import ClassifierNetwork


def _network(shape=(5, 7, 3), num_classes=4, **fields):
    fields = {"num_filters": (2, 3), "hidden_sizes": (6, 5), **fields}
    with dtype_policy("float64"):
        network = ClassifierNetwork(shape, num_classes, name="classifier", **fields)
    rng = np.random.default_rng(0)
    for variable in network.variables:
        variable.assign(rng.normal(size=variable.shape))
    return network


def _numpy_stage(x, kernel, bias):
    """ReLU of a 3x3 convolution, then the maximum over 2x2 windows, the last ones cut."""
    planes = [
        sum(scipy.signal.correlate(x[..., c], kernel[..., c, f], mode="same") for c in range(x.shape[-1])) + bias[f]
        for f in range(kernel.shape[-1])
    ]
    y = np.maximum(np.stack(planes, axis=-1), 0.0)
    rows = [[y[i : i + 2, j : j + 2].max(axis=(0, 1)) for j in range(0, y.shape[1], 2)] for i in range(0, len(y), 2)]
    return np.array(rows)


def test_network_is_convolution_pooling_and_dense_layers():
    network, x = _network(), np.random.default_rng(1).normal(size=(3, 5, 7, 3))
    weights = [weight.numpy() for weight in network.variables]
    expected = []
    for example in x:
        h = _numpy_stage(_numpy_stage(example, *weights[0:2]), *weights[2:4]).ravel()
        for kernel, bias in (weights[4:6], weights[6:8]):
            h = np.maximum(h @ kernel + bias, 0.0)
        expected.append(h)
    np.testing.assert_allclose(network.features(tf.constant(x)), expected, rtol=1e-10)
    logits = np.array(expected) @ weights[8] + weights[9]
    np.testing.assert_allclose(network(tf.constant(x)), logits, rtol=1e-10)


@hypothesis.settings(max_examples=10, deadline=None)
@hypothesis.given(height=st.integers(1, 40), width=st.integers(1, 40), channels=st.sampled_from([1, 3]))
@hypothesis.example(height=1, width=1, channels=3)
def test_images_of_any_size(height, width, channels):
    shape = (height, width, channels)
    network = ClassifierNetwork(shape, 3, num_filters=(2, 2), hidden_sizes=(4,), dropout_rate=0.5, name="classifier")
    x = tf.zeros([2, *shape])
    noise = tf.fill([2, network.num_dropout_units], 0.9)
    assert network(x, noise).shape == (2, 3)
    assert network.features(x).shape == (2, network.num_features) == (2, 4)


def test_an_event_of_any_shape_without_stages():
    for shape in ((3,), (4, 2), (2, 2, 2, 2)):
        network = _network(shape=shape, num_filters=(), hidden_sizes=())
        x = np.random.default_rng(1).normal(size=(5, *shape))
        kernel, bias = (weight.numpy() for weight in network.variables)
        np.testing.assert_allclose(network.features(tf.constant(x)), x.reshape(5, -1))
        np.testing.assert_allclose(network(tf.constant(x)), x.reshape(5, -1) @ kernel + bias)


def test_dropout_zeroes_what_its_noise_says_and_scales_the_rest():
    network, x = _network(dropout_rate=0.25), tf.constant(np.random.default_rng(1).normal(size=(3, 5, 7, 3)))
    num_flat, rng = 2 * 2 * 3, np.random.default_rng(2)
    assert network.num_dropout_units == num_flat + 6 + 5
    noise = rng.random((3, network.num_dropout_units))
    masks = np.split((noise >= 0.25) / 0.75, [num_flat, num_flat + 6], axis=1)
    h = network.stages(x).numpy() * masks[0]
    for layer, mask in zip(network.hidden, masks[1:], strict=True):
        h = layer(tf.constant(h)).numpy() * mask
    np.testing.assert_allclose(network.features(x, tf.constant(noise)), h, rtol=1e-12)


def test_dropout_keeps_the_mean():
    network = _network(dropout_rate=0.4, hidden_sizes=(5,), num_filters=())
    x = tf.constant(np.random.default_rng(1).normal(size=(5, 7, 3)))
    noise = np.random.default_rng(2).random((20_000, 5))
    found = network.features(tf.repeat(x[tf.newaxis], 20_000, axis=0), tf.constant(noise)).numpy()
    clean = network.features(x[tf.newaxis]).numpy()[0]
    assert clean.max() > 0.0
    error = 5.0 * clean * np.sqrt(0.4 / 0.6 / 20_000)
    assert (np.abs(found.mean(axis=0) - clean) <= error).all()


def test_raw_events_are_not_dropped():
    network = _network(shape=(3,), num_filters=(), hidden_sizes=(4, 5), dropout_rate=0.5)
    assert network.num_dropout_units == 4 + 5


def test_without_a_rate_there_is_no_noise():
    assert _network().num_dropout_units == 0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"shape": (8,)}, r"shape is \(8,\); a convolutional network needs images"),
        ({"dropout_rate": 1.0}, "dropout_rate is 1.0; it must be at least 0 and below 1"),
        ({"num_filters": (2, 0)}, "num_filters is 0; it must be at least 1"),
        ({"hidden_sizes": (0,)}, "hidden_sizes is 0; it must be at least 1"),
        ({"activation": "rlu"}, "activation is 'rlu'; it must be one of"),
    ],
)
def test_what_no_network_can_have_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        _network(**fields)
