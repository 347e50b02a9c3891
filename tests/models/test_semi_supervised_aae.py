"""The adversarial autoencoder with classes: what its phases add to the AAE's."""

import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.table import GOLDENS
from tfdgm.models.semi_supervised_aae import SemiSupervisedAAE

GOLDEN = GOLDENS["saae"]


@pytest.fixture
def model(with_row_seeds):
    return with_row_seeds(GOLDEN.build())


@pytest.fixture(scope="module")
def x():
    return tf.constant(GOLDEN.batches(1)[0], tf.float32)


def test_reconstructions_see_the_probabilities_of_the_classes(model, x):
    z = model.sample_posterior(x, model.row_seeds(0))
    logits = model.decoder(tf.concat([z, model.predict_probabilities(x)], axis=1)).numpy()
    expected = -np.sum(x * logits - np.logaddexp(0.0, logits), axis=(1, 2, 3))
    np.testing.assert_allclose(model._reconstruction_loss(x), expected, rtol=1e-5)


def test_both_codes_have_an_adversary(model, x):
    def d(network, code):
        return 1.0 / (1.0 + np.exp(-network(code).numpy()[:, 0]))

    z, q = model.sample_posterior(x, model.row_seeds(1)), model.predict_probabilities(x)
    prior = model.sample_latents(model.row_seeds(2))
    loss, _ = model._discriminator_loss(x)
    of_z = -np.log(d(model.discriminator, prior)) - np.log(1.0 - d(model.discriminator, z))
    rest = loss.numpy() - of_z + np.log(1.0 - d(model.class_discriminator, q))  # -log D of drawn classes
    by_class = -np.log(d(model.class_discriminator, np.eye(3, dtype=np.float32)))
    assert (np.abs(rest[:, None] - by_class).min(axis=1) < 1e-4).all()
    expected = -np.log(d(model.discriminator, z)) - np.log(d(model.class_discriminator, q))
    np.testing.assert_allclose(model._encoder_loss(x), expected, rtol=1e-5)


def test_unknown_labels_have_no_loss_and_no_say_in_the_accuracy(model, x):
    model.input_noise = 0.0
    label = np.array([0, -1, 2, -1, 1, -1, -1, 0])
    loss, is_right = model._classification_loss(x, tf.constant(label, tf.int32))
    q, known = model.predict_probabilities(x).numpy(), label >= 0
    np.testing.assert_array_equal(loss.numpy()[~known], 0.0)
    np.testing.assert_allclose(loss.numpy()[known], -np.log(q[known, label[known]]), rtol=1e-5)
    expected = np.mean(q.argmax(axis=1)[known] == label[known])
    assert np.mean(is_right) == pytest.approx(expected, rel=1e-6)


def test_labels_are_learned_from_noisy_images(with_row_seeds, x):
    """Noise of the deviation asked for, each row's own; classifying for others adds none."""
    model = with_row_seeds(SemiSupervisedAAE(GOLDEN.spec, input_noise=0.5))
    seen = []
    model.encoder = lambda images: seen.append(images.numpy()) or tf.zeros([8, model._num_encoder_outputs()])
    model._classification_loss(x, tf.zeros([8], tf.int32))
    model.predict_probabilities(x)
    noise = seen[0] - x.numpy()
    assert noise.std() == pytest.approx(0.5, rel=0.1)
    assert np.unique(noise.reshape(8, -1), axis=0).shape[0] == 8
    np.testing.assert_array_equal(seen[1], x)


def test_a_noise_below_zero_is_refused():
    with pytest.raises(ValueError, match="input_noise is -0.1"):
        SemiSupervisedAAE(GOLDEN.spec, input_noise=-0.1)


def test_the_posterior_of_the_style_knows_no_class(model, x):
    by_class = [model._encoded(x, tf.fill([8], label)).mean for label in range(3)]
    np.testing.assert_array_equal(by_class[0], by_class[1])
    np.testing.assert_array_equal(by_class[0], by_class[2])


def test_the_encoder_learns_in_three_phases_and_the_decoder_in_one():
    model = GOLDEN.build()
    ids = {name: {id(variable) for variable in group} for name, group in model.groups().items()}
    encoder, decoder = ({id(v) for v in network.trainable_variables} for network in (model.encoder, model.decoder))
    assert ids["autoencoder"] == encoder | decoder
    assert ids["encoder"] == ids["classifier"] == encoder
    assert not ids["discriminator"] & ids["autoencoder"]


def test_style_and_class_are_heads_of_one_encoder(model, x):
    outputs = model.encoder(x).numpy()
    np.testing.assert_array_equal(model.encode(x)["z_mean"], outputs[:, : model.latent_dim])
    np.testing.assert_array_equal(model.predict_logits(x), outputs[:, -3:])
