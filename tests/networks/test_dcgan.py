"""DCGAN networks of any size that strides divide, and the refusal of others."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tfdgm.networks.dcgan import dcgan_encoder, dcgan_features, dcgan_generator


@settings(max_examples=6, deadline=None)
@given(
    units=st.tuples(st.integers(1, 3), st.integers(1, 3)), stages=st.integers(1, 3), channels=st.sampled_from([1, 3])
)
def test_any_size_that_strides_divide(units, stages, channels):
    shape = (*(unit * 2**stages for unit in units), channels)
    generator = dcgan_generator(5, shape, (4,) * stages, normalization="batch", name="generator")
    assert generator(tf.zeros([2, 5])).shape == (2, *shape)
    features = dcgan_features(shape, (4,) * stages, normalization="layer", name="features")
    assert features(tf.zeros([2, *shape])).shape == (2, units[0] * units[1] * 4)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((30, 28, 1), r"data.image_height is 30; 2 stages of stride 2 need a multiple of 4: 28 or 32"),
        ((28, 3, 1), r"data.image_width is 3; 2 stages of stride 2 need a multiple of 4: 4"),
        ((28,), r"shape is \(28,\); a DCGAN needs images"),
    ],
)
def test_other_sizes_are_refused_with_the_nearest_right_ones(shape, message):
    with pytest.raises(ValueError, match=message):
        dcgan_generator(5, shape, (4, 8), normalization="none", name="generator")
    with pytest.raises(ValueError, match=message):
        dcgan_features(shape, (4, 8), normalization="none", name="features")


def test_no_stages_and_unknown_normalizations_are_refused():
    with pytest.raises(ValueError, match=r"num_filters is \(\); it needs at least one stage"):
        dcgan_generator(5, (4, 4, 1), (), normalization="none", name="generator")
    with pytest.raises(ValueError, match="generator_normalization is 'spectral'; it must be one of none, batch, layer"):
        dcgan_generator(5, (4, 4, 1), (4,), normalization="spectral", name="generator")
    with pytest.raises(ValueError, match="discriminator_normalization is 'group'; it must be one of"):
        dcgan_features((4, 4, 1), (4,), normalization="group", name="features")


def test_an_encoder_is_a_linear_layer_on_features():
    encoder = dcgan_encoder((8, 4, 1), (4, 6), 3, normalization="batch", name="encoder")
    features = dcgan_features((8, 4, 1), (4, 6), normalization="batch", name="features")
    features.set_weights(encoder.get_weights()[:-2])
    x = tf.constant(np.random.default_rng(0).normal(size=(5, 8, 4, 1)), tf.float32)
    kernel, bias = encoder.get_weights()[-2:]
    np.testing.assert_allclose(encoder(x), features(x).numpy() @ kernel + bias, rtol=1e-4, atol=1e-6)
    with pytest.raises(ValueError, match="normalization is 'spectral'; it must be one of none, batch, layer"):
        dcgan_encoder((8, 4, 1), (4, 6), 3, normalization="spectral", name="encoder")


def test_batch_norm_layers_have_the_first_weights_of_the_paper_and_no_bias():
    generator = dcgan_generator(50, (16, 16, 3), (32, 64), normalization="batch", name="generator")
    kernels = [weight for weight in generator.trainable_weights if weight.name == "kernel"]
    biases = [weight for weight in generator.trainable_weights if weight.name == "bias"]
    assert len(kernels) == 3
    assert len(biases) == 1  # of the last layer, which is not normalised
    np.testing.assert_allclose(np.std(kernels[0]), 0.02, rtol=0.02)
    assert np.shape(kernels[1]) == (5, 5, 32, 64)


def test_the_first_convolution_of_features_is_not_normalised():
    features = dcgan_features((8, 8, 1), (4, 8), normalization="batch", name="features")
    assert [layer.__class__.__name__ for layer in features.layers] == [
        "Conv2D", "Activation", "Conv2D", "BatchNormalization", "Activation", "Flatten",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("normalization", "layers"),
    [
        ("none", ["Dense", "Activation"]),
        ("batch", ["Dense", "BatchNormalization", "Activation"]),
        ("layer", ["Dense", "LayerNormalization", "Activation"]),
        ("spectral", ["SpectralDense", "Activation"]),
    ],
)
def test_dense_layers_stand_behind_the_convolutions_and_are_normalised(normalization, layers):
    features = dcgan_features((8, 4, 1), (4,), normalization=normalization, dense_sizes=(7, 3), name="features")
    names = [layer.__class__.__name__ for layer in features.layers]
    assert names[names.index("Flatten") + 1 :] == 2 * layers
    assert features.output_shape == (None, 3)


def test_dense_layers_are_linear_maps_normalised_and_rectified():
    """By layer normalisation, of which each row's mean and variance over the units are known."""
    features = dcgan_features((8, 4, 1), (4,), normalization="layer", dense_sizes=(7,), name="features")
    below = dcgan_features((8, 4, 1), (4,), normalization="layer", name="features")
    *shared, kernel, bias, gamma, beta = features.get_weights()
    below.set_weights(shared)
    x = np.random.default_rng(0).normal(size=(5, 8, 4, 1)).astype("float32")
    u = below(x).numpy() @ kernel + bias
    u = gamma * (u - u.mean(axis=1, keepdims=True)) / np.sqrt(u.var(axis=1, keepdims=True) + 1e-5) + beta
    np.testing.assert_allclose(features(x), np.where(u > 0, u, 0.2 * u), rtol=1e-4, atol=1e-5)


def test_a_generator_has_the_same_dense_layers_in_reverse():
    generator = dcgan_generator(5, (8, 4, 1), (4,), normalization="batch", dense_sizes=(7, 3), name="generator")
    kernels = [weight.shape for weight in generator.trainable_weights if weight.name == "kernel"]
    assert kernels == [(5, 3), (3, 7), (7, 4 * 2 * 4), (5, 5, 1, 4)]
    names = [layer.__class__.__name__ for layer in generator.layers]
    assert names[:6] == 2 * ["Dense", "BatchNormalization", "ReLU"]
    assert generator(tf.zeros([2, 5])).shape == (2, 8, 4, 1)


@pytest.mark.parametrize(("dense_sizes", "axes"), [((), (0, 1, 2)), ((6,), (0,))])
def test_the_smallest_image_is_normalised_by_channel_and_behind_dense_layers_by_unit(dense_sizes, axes):
    generator = dcgan_generator(5, (8, 4, 1), (3,), normalization="batch", dense_sizes=dense_sizes, name="generator")
    h = np.random.default_rng(0).normal(size=(64, 5)).astype("float32")
    generator.set_weights([50.0 * weight for weight in generator.get_weights()])  # epsilon no longer counts
    names = [layer.__class__.__name__ for layer in generator.layers]
    for layer in generator.layers[: names.index("Conv2DTranspose") - 1]:
        h = layer(h, training=True) if isinstance(layer, keras.layers.BatchNormalization) else layer(h)
    np.testing.assert_allclose(np.mean(h, axis=axes), 0.0, atol=1e-3)
    np.testing.assert_allclose(np.std(h, axis=axes), 50.0, rtol=1e-4)
