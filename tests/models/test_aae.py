"""The adversarial autoencoder's three losses by hand, and which variables they move."""

import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.table import GOLDENS
from tfdgm.models.aae import AAE

GOLDEN = GOLDENS["aae"]


@pytest.fixture
def model(with_row_seeds):
    return with_row_seeds(GOLDEN.build())


@pytest.fixture(scope="module")
def x():
    return tf.constant(GOLDEN.batches(1)[0], tf.float32)


def test_the_reconstruction_phase_has_no_other_term(model, x):
    z = model.sample_posterior(x, model.row_seeds(0))
    logits = model.decoder(z).numpy()
    expected = -np.sum(x * logits - np.logaddexp(0.0, logits), axis=(1, 2, 3))
    np.testing.assert_allclose(model._reconstruction_loss(x), expected, rtol=1e-5)


def test_the_discriminator_takes_the_prior_for_real(model, x):
    posterior = model.discriminator(model.sample_posterior(x, model.row_seeds(1)))[:, 0]
    prior = model.discriminator(model.sample_latents(model.row_seeds(2)))[:, 0]
    loss, logs = model._discriminator_loss(x)
    d_prior, d_posterior = tf.sigmoid(prior).numpy(), tf.sigmoid(posterior).numpy()
    np.testing.assert_allclose(loss, -np.log(d_prior) - np.log(1.0 - d_posterior), rtol=1e-5)
    np.testing.assert_allclose(model._encoder_loss(x), -np.log(d_posterior), rtol=1e-5)
    np.testing.assert_array_equal(logs["accuracy/prior"], d_prior > 0.5)


def test_a_penalty_is_half_the_squared_slope_at_both_codes(with_row_seeds, x):
    model = with_row_seeds(GOLDEN.build())
    plain, unpenalised = model._discriminator_loss(x)
    assert "penalty" not in unpenalised
    model.penalty_weight = 0.3
    loss, logs = model._discriminator_loss(x)
    eps, expected = 1e-2, 0.0
    for z in (model.sample_latents(model.row_seeds(2)), model.sample_posterior(x, model.row_seeds(1))):
        for axis in np.eye(z.shape[1], dtype="float32"):
            slope = (model._logits(z + eps * axis) - model._logits(z - eps * axis)) / (2 * eps)
            expected += 0.5 * slope.numpy() ** 2
    np.testing.assert_allclose(logs["penalty"], expected, rtol=1e-2)
    np.testing.assert_allclose(loss, plain + 0.3 * logs["penalty"], rtol=1e-6)
    with pytest.raises(ValueError, match="penalty_weight is -1; it must be at least 0"):
        AAE(GOLDEN.spec, penalty_weight=-1)


def test_samples_of_the_posterior_have_its_moments(model, x):
    repeated = tf.repeat(x[:1], 4000, axis=0)
    z = model.sample_posterior(repeated, tf.range(4000, dtype=tf.int64)).numpy()
    encoded = model.encode(x[:1])
    deviation = np.exp(0.5 * encoded["z_log_var"][0])
    assert (np.abs(z.mean(axis=0) - encoded["z_mean"][0]) < 4.5 * deviation / np.sqrt(4000)).all()
    np.testing.assert_allclose(z.std(axis=0), deviation, rtol=0.06)


def test_the_encoder_learns_in_both_phases_and_the_decoder_in_one():
    model = GOLDEN.build()
    ids = {name: {id(variable) for variable in group} for name, group in model.groups().items()}
    encoder, decoder = ({id(v) for v in network.trainable_variables} for network in (model.encoder, model.decoder))
    assert ids["autoencoder"] == encoder | decoder
    assert ids["encoder"] == encoder
    assert not ids["discriminator"] & (encoder | decoder)
