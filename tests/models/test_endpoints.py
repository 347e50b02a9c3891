"""What a model publishes by default: an endpoint for each capability, no more."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.core.types import DataSpec
from tfdgm.models.base import GenerativeModel
from tfdgm.models.endpoints import default_endpoints
from tfdgm.models.vae import VAE

PICTURE = DataSpec((4, 4, 1), domain="binary", num_levels=2)
VECTOR = DataSpec((6,), domain="real", num_levels=0)


class Sampler(GenerativeModel):
    """Counts from the seed upwards."""

    def sample(self, seeds):
        return tf.cast(seeds[:, tf.newaxis] + tf.range(self.spec.num_dims, dtype=tf.int64), tf.float64)


class Sorter(GenerativeModel):
    """Two classes, of which the first has the probability x_0."""

    def predict_probabilities(self, x):
        return tf.stack([x[:, 0], 1.0 - x[:, 0]], axis=1)

    def features(self, x):
        return x[:, :1]


@pytest.fixture(scope="module")
def vae():
    return VAE(PICTURE, latent_dim=2, hidden_sizes=(3,))


def test_a_model_publishes_what_it_can():
    assert list(default_endpoints(Sampler(VECTOR))) == ["sample"]
    assert list(default_endpoints(GenerativeModel(VECTOR))) == []


def test_a_classifier_publishes_probabilities_and_features():
    endpoints = default_endpoints(Sorter(VECTOR))
    assert list(endpoints) == ["predict", "features"]
    x = tf.fill([1, 6], 0.25)
    np.testing.assert_array_equal(endpoints["predict"].fn(x=x)["probabilities"], [[0.25, 0.75]])
    np.testing.assert_array_equal(endpoints["features"].fn(x=x)["features"], [[0.25]])


def test_a_vae_of_images_publishes_all_of_its_own(vae):
    expected = ["sample", "sample_mean", "sample_png", "encode", "decode", "reconstruct"]
    assert list(vae.endpoints()) == expected


def test_a_vae_of_vectors_has_no_pictures():
    model = VAE(VECTOR, latent_dim=2, hidden_sizes=(3,), likelihood="gaussian")
    assert "sample_png" not in model.endpoints()


def test_samples_are_float32_and_return_their_seeds():
    outputs = default_endpoints(Sampler(VECTOR))["sample"].fn(seed=tf.constant([3, -1], tf.int64))
    assert outputs["samples"].dtype == tf.float32
    seeds = outputs["seed"].numpy()
    assert seeds[0] == 3
    assert 0 <= seeds[1] < 2**53
    np.testing.assert_allclose(outputs["samples"][:, 0], seeds, rtol=1e-6)


def test_a_drawn_seed_replays_its_sample(vae):
    sample = vae.endpoints()["sample"].fn
    first = sample(seed=tf.constant([-1, -1], tf.int64))
    again = sample(seed=first["seed"])
    np.testing.assert_array_equal(again["samples"], first["samples"])
    np.testing.assert_array_equal(again["seed"], first["seed"])
    assert first["seed"][0] != first["seed"][1]


def test_pictures_show_the_means(vae):
    endpoints = vae.endpoints()
    seed = tf.constant([5, 6], tf.int64)
    files, means = endpoints["sample_png"].fn(seed=seed)["image_bytes"], endpoints["sample_mean"].fn(seed=seed)["means"]
    for file, mean in zip(files, means, strict=True):
        np.testing.assert_array_equal(tf.io.decode_png(file), np.round(255.0 * mean))


def test_decode_undoes_encode_into_reconstruct(vae):
    endpoints = vae.endpoints()
    x = tf.constant(np.random.default_rng(0).integers(0, 2, (3, 4, 4, 1)), tf.float32)
    means = endpoints["decode"].fn(z=endpoints["encode"].fn(x=x)["z_mean"])["means"]
    np.testing.assert_allclose(endpoints["reconstruct"].fn(x=x)["means"], means, rtol=1e-6)
