"""VAE/GAN: the three losses of algorithm 1 by hand, and who moves by which."""

import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.table import GOLDENS
from tfdgm.models.two_players import Minibatch
from tfdgm.models.vae_gan import VAEGAN

GOLDEN = GOLDENS["vae_gan"]


@pytest.fixture(scope="module")
def rows():
    return Minibatch(tf.constant(GOLDEN.batches(1)[0], tf.float32), None, tf.range(8, dtype=tf.int64))


def _model(**fields):
    common = {"latent_dim": 4, "num_filters": (4, 8), "discriminator_normalization": "none", **fields}
    return VAEGAN(GOLDEN.spec, generator_normalization="none", **common)


def _parts(model, rows):
    """x, reconstruction and prior sample, their features and logits."""
    reconstruction, encoded = model._reconstruction(rows)
    images = (rows.x, reconstruction, model._prior_sample(rows))
    features = [model.discriminator.features(image).numpy() for image in images]
    return encoded, features, [model.logits(image).numpy() for image in images]


def test_losses_are_those_of_the_algorithm(rows):
    model = _model(loss="minimax", reconstruction_weight=0.25)
    encoded, (f_x, f_reconstruction, _), (x, reconstruction, sample) = _parts(model, rows)
    likelihood = -0.5 * np.sum((f_x - f_reconstruction) ** 2, axis=1)
    mean, log_var = encoded.mean.numpy(), encoded.log_var.numpy()
    prior = 0.5 * np.sum(mean**2 + np.exp(log_var) - 1.0 - log_var, axis=1)
    d_x, d_reconstruction, d_sample = (1.0 / (1.0 + np.exp(-logit)) for logit in (x, reconstruction, sample))
    gan = np.log(d_x) + np.log(1.0 - d_reconstruction) + np.log(1.0 - d_sample)
    np.testing.assert_allclose(model._encoder_loss(rows)[0], prior - likelihood, rtol=1e-4)
    # The generator does not move log D(x).
    np.testing.assert_allclose(model._generator_loss(rows), -0.25 * likelihood + gan - np.log(d_x), rtol=1e-4)
    np.testing.assert_allclose(model._discriminator_loss(rows)[0], -gan, rtol=1e-4)


def test_the_non_saturating_generator_maximizes_what_passes_for_real(rows):
    model = _model(reconstruction_weight=0.0)
    _, _, (_, reconstruction, sample) = _parts(model, rows)
    expected = np.log1p(np.exp(-reconstruction)) + np.log1p(np.exp(-sample))
    np.testing.assert_allclose(model._generator_loss(rows), expected, rtol=1e-4)


def test_reconstructions_and_samples_use_noise_of_their_own(rows):
    model = _model()
    noise = model.fresh(rows, 0).seeds, model.fresh(rows, 1).seeds
    assert not set(noise[0].numpy()) & set(noise[1].numpy())
    np.testing.assert_array_equal(model._reconstruction(rows)[0], model._reconstruction(rows)[0])


def test_reconstructions_decode_the_posterior_mean(rows):
    model = _model()
    np.testing.assert_array_equal(model.reconstruct(rows.x), model.decode(model.encode(rows.x)["z_mean"]))
    z = tf.constant(np.random.default_rng(0).normal(size=(2, 4)), tf.float32)
    path = model.interpolate(z[:1], z[1:], 3)
    np.testing.assert_allclose(path[0, 0], model.decode(z[:1])[0], atol=1e-5)
    np.testing.assert_allclose(path[0, -1], model.decode(z[1:])[0], atol=1e-5)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"loss": "hinge"}, "loss is 'hinge'; it must be one of minimax, non_saturating"),
        ({"conditioning": "projection"}, "conditioning is 'projection'; the encoder of a VAE/GAN sees no label"),
        ({"reconstruction_weight": -1.0}, "reconstruction_weight is -1.0; it must be at least 0"),
    ],
)
def test_wrong_fields_are_refused(fields, words):
    with pytest.raises(ValueError, match=words):
        _model(**fields)
