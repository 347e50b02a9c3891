"""The VAE with classes, on a mixture of linear-Gaussian models, where every density and posterior is known."""

import numpy as np
import pytest
import scipy.special
import tensorflow as tf
import tensorflow_probability as tfp

from tests.goldens.table import GOLDENS
from tfdgm.core.types import DataSpec
from tfdgm.models.semi_supervised_vae import SemiSupervisedVAE

tfd = tfp.distributions
pytestmark = pytest.mark.usefixtures("_float64")

SPEC = DataSpec((5,), domain="real", num_levels=0, num_classes=3)
RNG = np.random.default_rng(0)
X, SEEDS = RNG.normal(size=(7, 5)), tf.range(7, dtype=tf.int64)
LOADING, MEAN, VARIANCE = RNG.normal(size=(5, 2)), RNG.normal(size=(3, 5)), 0.6
COVARIANCE = np.linalg.inv(np.eye(2) + LOADING.T @ LOADING / VARIANCE)
LOG_PROB_OF_CLASS = np.stack(
    [
        tfd.MultivariateNormalFullCovariance(mean, LOADING @ LOADING.T + VARIANCE * np.eye(5)).log_prob(X)
        for mean in MEAN
    ],
    axis=1,
)
LOG_PROB = scipy.special.logsumexp(LOG_PROB_OF_CLASS, axis=1) - np.log(3.0)


def _model(**fields):
    return SemiSupervisedVAE(
        SPEC,
        **{"latent_dim": 2, "hidden_sizes": (), "classifier_hidden_sizes": (4,), "likelihood": "gaussian", **fields},
    )


@pytest.fixture
def exact():
    """p(x|z, y) = N(MEAN_y + LOADING z, VARIANCE I), whose posterior's marginals q(z|x, y) has; the loading's axes are
    made orthogonal, so that the posterior factorises."""
    model = _model(objective="iwae", num_importance_samples=2, classification_weight=7.0)
    values, axes = np.linalg.eigh(LOADING.T @ LOADING)
    loading = LOADING @ axes  # of z turned round: the same p(x|y)
    model.decoder.get_layer("outputs").set_weights([np.concatenate([loading.T, MEAN]), np.zeros(5)])
    variance = 1.0 / (1.0 + values / VARIANCE)
    kernel = loading * variance / VARIANCE
    kernel = np.concatenate([kernel, -MEAN @ kernel])
    log_var = np.concatenate([np.zeros(2), np.log(variance)])
    model.encoder.get_layer("outputs").set_weights([np.concatenate([kernel, np.zeros((8, 2))], axis=1), log_var])
    model.log_scale.assign(0.5 * np.log(VARIANCE))
    return model


def test_with_the_exact_posterior_bounds_are_the_evidence(exact):
    np.testing.assert_allclose(exact.iwae_bound(tf.constant(X), SEEDS, 3), LOG_PROB, rtol=1e-9)
    x, seeds = tf.constant(np.repeat(X, 400, axis=0)), tf.range(2800, dtype=tf.int64)
    for label in range(3):
        bounds = exact.conditional_elbo(x, tf.fill([2800], label), seeds, 1).numpy().reshape(7, 400)
        error = bounds.std(axis=1) / 20.0  # the KL is in closed form, log p(x|z, y) of one sample
        assert (np.abs(bounds.mean(axis=1) - LOG_PROB_OF_CLASS[:, label]) < 4.5 * error).all()


def test_losses_are_those_of_the_evidence_with_and_without_a_label(exact):
    """IWAE bounds with the exact posterior are log p(x|y) whatever the noise."""
    label = np.array([0, -1, 2, -1, 1, 1, -1])
    loss, _ = exact.example_loss({"x": tf.constant(X), "label": tf.constant(label, tf.int32)}, SEEDS)
    log_joint = LOG_PROB_OF_CLASS - np.log(3.0)
    log_q = np.log(exact.predict_probabilities(X))
    unlabeled = np.sum(np.exp(log_q) * (log_joint - log_q), axis=1)
    labeled = (log_joint + 7.0 * log_q)[np.arange(7), np.maximum(label, 0)]
    np.testing.assert_allclose(loss, -np.where(label < 0, unlabeled, labeled), rtol=1e-9)


def test_the_bound_on_a_class_and_on_the_evidence_use_the_same_terms():
    model = _model(hidden_sizes=(6,))
    x = tf.constant(np.repeat(X, 400, axis=0))
    seeds = tf.range(len(x), dtype=tf.int64)
    log_q = np.log(model.predict_probabilities(X))
    by_class = [model.conditional_elbo(x, tf.fill([len(x)], label), seeds, 2) for label in range(3)]
    each = np.stack(by_class, axis=1).reshape(7, 400, 3) - np.log(3.0)
    expected = np.sum(np.exp(log_q)[:, None] * (each - log_q[:, None]), axis=2)
    found = model.elbo(x, seeds, 2).numpy().reshape(7, 400)
    error = np.hypot(found.std(axis=1), expected.std(axis=1)) / 20.0
    assert (np.abs(found.mean(axis=1) - expected.mean(axis=1)) < 4.5 * error).all()


def test_samples_of_a_class_come_from_its_decoder(exact):
    seeds = tf.range(4000, dtype=tf.int64)
    for label in range(3):
        x = exact.sample(seeds, tf.fill([4000], label)).numpy()
        deviation = np.sqrt(np.diag(LOADING @ LOADING.T) + VARIANCE)
        assert (np.abs(x.mean(axis=0) - MEAN[label]) < 4.5 * deviation / np.sqrt(4000)).all()
    np.testing.assert_allclose(exact.sample(seeds).numpy().mean(axis=0), MEAN.mean(axis=0), atol=0.2)


def test_reconstructions_are_of_the_most_probable_class():
    model = _model(hidden_sizes=(6,))
    encoded = model.encode(X)
    label = tf.argmax(encoded["probabilities"], axis=1, output_type=tf.int32)
    np.testing.assert_array_equal(model.reconstruct(X), model.decode(encoded["z_mean"], label))
    np.testing.assert_allclose(tf.reduce_sum(encoded["probabilities"], axis=1), np.ones(7), rtol=1e-12)


def test_without_classes_it_is_refused():
    with pytest.raises(ValueError, match="the data has 0 classes; a VAE with classes needs data with two or more"):
        SemiSupervisedVAE(DataSpec((5,), domain="real", num_levels=0))


def test_a_batch_without_labels_is_refused():
    model = GOLDENS["svae"].build_compiled()
    with pytest.raises(ValueError, match="a batch has x, but classes need its 'label'"):
        model.fit(GOLDENS["aavae"].dataset(1), verbose=0)
