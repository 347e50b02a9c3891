"""What the joint discriminator makes of x and z."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.networks.joint_discriminator import JointDiscriminator
from tfdgm.networks.spectral_norm import SpectralDense

RNG = np.random.default_rng(0)
X, Z = tf.constant(RNG.normal(size=(6, 8, 4, 1)), tf.float32), tf.constant(RNG.normal(size=(6, 3)), tf.float32)


def _discriminator(**kwargs):
    fields = {
        "network": "dcgan",
        "hidden_sizes": (7, 5),
        "num_filters": (4, 6),
        "activation": "relu",
        "normalization": "none",
        "joint_size": 9,
        "name": "discriminator",
    }
    return JointDiscriminator(X.shape[1:], 3, **{**fields, **kwargs})


@pytest.mark.parametrize("network", ["dcgan", "mlp"])
def test_a_logit_is_of_the_features_of_both(network):
    discriminator = _discriminator(network=network)

    def layer(x, dense):
        x = x @ np.array(dense.kernel.value) + np.array(dense.bias.value)
        return np.maximum(x, 0.2 * x)

    both = [discriminator.features(X).numpy(), layer(Z.numpy(), discriminator.code_features.layers[0])]
    joined = layer(np.concatenate(both, axis=1), discriminator.joint.layers[0])
    outputs = discriminator.outputs
    expected = joined @ np.array(outputs.kernel.value) + np.array(outputs.bias.value)
    np.testing.assert_allclose(discriminator(X, Z), expected[:, 0], rtol=1e-4, atol=1e-6)


def test_each_pair_is_judged_by_itself_and_as_a_pair():
    discriminator = _discriminator()
    logits = discriminator(X, Z).numpy()
    np.testing.assert_allclose(discriminator(X[2:3], Z[2:3]), logits[2:3], rtol=1e-5)
    assert np.abs(discriminator(X, Z[::-1]) - logits).min() > 0.0


def test_spectral_normalisation_is_of_every_layer():
    discriminator = _discriminator(network="mlp", normalization="spectral")
    dense = [*discriminator.features.layers[1:], *discriminator.code_features.layers, *discriminator.joint.layers]
    assert all(isinstance(layer, SpectralDense) for layer in [*dense, discriminator.outputs])


def test_a_layer_without_units_is_refused():
    with pytest.raises(ValueError, match="joint_size is 0; it must be at least 1"):
        _discriminator(joint_size=0)
