"""What the discriminator makes of features and labels."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.networks.discriminator import Discriminator

X = tf.constant(np.random.default_rng(0).normal(size=(6, 8, 4, 1)), tf.float32)
LABEL = tf.constant([0, 1, 2, 2, 1, 0])


def _discriminator(**kwargs):
    fields = {
        "network": "dcgan",
        "hidden_sizes": (7, 5),
        "num_filters": (4, 6),
        "activation": "relu",
        "normalization": "none",
        "num_classes": 3,
        "name": "discriminator",
    }
    return Discriminator(X.shape[1:], **{**fields, **kwargs})


def test_projection_adds_the_inner_product_of_label_and_features():
    discriminator = _discriminator(conditioning="projection")
    features = discriminator.features(X)
    expected = discriminator.outputs(features)[:, 0] + tf.reduce_sum(
        tf.gather(discriminator.embedding.kernel.value, LABEL) * features, axis=1
    )
    np.testing.assert_allclose(discriminator(X, label=LABEL), expected, rtol=1e-5)


@pytest.mark.parametrize("network", ["dcgan", "mlp"])
def test_concatenation_shows_the_label_as_channels(network):
    discriminator = _discriminator(conditioning="concatenation", network=network)
    maps = np.broadcast_to(np.eye(3)[LABEL][:, None, None], (6, 8, 4, 3)).astype("float32")
    joined = tf.concat([X, maps], axis=-1)
    np.testing.assert_allclose(
        discriminator(X, label=LABEL), discriminator.outputs(discriminator.features(joined))[:, 0], rtol=1e-5
    )


def test_without_conditioning_labels_change_nothing():
    discriminator = _discriminator()
    np.testing.assert_array_equal(discriminator(X, label=LABEL), discriminator(X))
    assert discriminator(X).shape == (6,)


def test_spectral_normalization_reaches_every_kernel():
    discriminator = _discriminator(conditioning="projection", normalization="spectral")
    kernels = [weight.path for weight in discriminator.trainable_weights if weight.name == "kernel"]
    vectors = [weight.path for weight in discriminator.non_trainable_weights]
    assert [path.rsplit("/", 1)[0] for path in kernels] == [path.rsplit("/", 1)[0] for path in vectors]


def test_unknown_choices_are_refused():
    with pytest.raises(ValueError, match="conditioning is 'film'; it must be one of none, projection, concatenation"):
        _discriminator(conditioning="film")
    with pytest.raises(ValueError, match="discriminator_normalization is 'batch'; it must be one of none, spectral"):
        _discriminator(network="mlp", normalization="batch")
    with pytest.raises(ValueError, match=r"hidden_sizes is \(\); it needs at least one layer"):
        _discriminator(network="mlp", hidden_sizes=())
