"""Networks of BigGAN: sizes of the published models, what conditions what, what is refused."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdgm.networks.attention import SelfAttention
from tfdgm.networks.biggan import BigGANDiscriminator, BigGANGenerator

SMALL = {"width": 2, "latent_dim": 8, "embedding_size": 3}


def _num_parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


@pytest.mark.parametrize(
    ("deep", "width", "latent_dim", "generator_size", "discriminator_size"),
    [(False, 96, 120, 70.43e6, 87.98e6), (True, 128, 128, 50.4e6, 34.6e6)],
)
def test_the_published_models_for_128_pixels_have_as_many_parameters(
    monkeypatch, deep, width, latent_dim, generator_size, discriminator_size
):
    """Brock et al. 2019, appendix B: 70.4 and 88.0 million; deep, 50.4 and 34.6."""
    # Only shapes are asked for; orthogonal matrices of these sizes take minutes.
    monkeypatch.setattr(keras.initializers.Orthogonal, "__call__", lambda self, shape, dtype=None: tf.zeros(shape))
    generator = BigGANGenerator(
        (128, 128, 3), 1000, width=width, latent_dim=latent_dim, embedding_size=128, attention_size=64, deep=deep
    )
    assert _num_parameters(generator) == pytest.approx(generator_size, rel=0.01)
    del generator
    discriminator = BigGANDiscriminator((128, 128, 3), 1000, width=width, attention_size=64, deep=deep)
    assert _num_parameters(discriminator) == pytest.approx(discriminator_size, rel=0.01)


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("side", [8, 16, 32])
def test_shapes_and_range(side, deep):
    keras.utils.set_random_seed(0)
    generator = BigGANGenerator((side, side, 1), 3, attention_size=0, deep=deep, **{**SMALL, "latent_dim": 12})
    discriminator = BigGANDiscriminator((side, side, 1), 3, width=2, attention_size=0, deep=deep)
    one_hot = tf.one_hot([0, 2], 3)
    x = generator(tf.random.stateless_normal([2, 12], [0, 1]), one_hot, training=True)
    assert x.shape == (2, side, side, 1)
    assert np.abs(x).max() <= 1.0
    assert discriminator(x, one_hot).shape == (2,)


def test_each_share_of_the_latents_reaches_its_own_block_and_the_class_reaches_all():
    keras.utils.set_random_seed(0)
    generator = BigGANGenerator((32, 32, 1), 3, attention_size=0, deep=False, **SMALL)
    seen = []
    for block in generator.blocks:
        call = block.call
        block.call = lambda x, condition, call=call, **kwargs: (
            seen.append(condition.numpy()) or call(x, condition, **kwargs)
        )
    z, one_hot = tf.reshape(tf.range(8, dtype=tf.float32), [1, 8]), tf.one_hot([1], 3)
    generator(z, one_hot)
    embedded = generator.embedding(one_hot).numpy()[0]
    for index, condition in enumerate(seen):
        np.testing.assert_allclose(condition[0], [*embedded, 2 * index + 2, 2 * index + 3], rtol=1e-6)
    assert len(seen) == 3


def test_a_mixture_of_classes_is_conditioned_on_the_mixture_of_embeddings():
    keras.utils.set_random_seed(0)
    generator = BigGANGenerator((8, 8, 1), 3, attention_size=0, deep=True, **SMALL)
    z = tf.random.stateless_normal([1, 8], [0, 1])
    half = generator.embedding(tf.constant([[0.5, 0.0, 0.5]]))
    ends = generator.embedding(tf.one_hot([0, 2], 3))
    np.testing.assert_allclose(half[0], tf.reduce_mean(ends, axis=0), rtol=1e-5)
    assert not np.allclose(generator(z, tf.constant([[0.5, 0.0, 0.5]])), generator(z, tf.one_hot([0], 3)))


def test_the_discriminator_adds_the_projection_on_the_class():
    keras.utils.set_random_seed(0)
    discriminator = BigGANDiscriminator((8, 8, 1), 3, width=2, attention_size=0, deep=False)
    x = tf.random.stateless_normal([4, 8, 8, 1], [0, 1])
    none, first, both = (discriminator(x, tf.constant([row], tf.float32)) for row in ([0, 0, 0], [1, 0, 0], [1, 0, 1]))
    last = discriminator(x, tf.constant([[0.0, 0.0, 1.0]]))
    np.testing.assert_allclose(both - none, (first - none) + (last - none), rtol=1e-4, atol=1e-5)
    assert np.abs(first - none).max() > 1e-3


def test_attention_starts_as_the_identity_and_mixes_all_places():
    keras.utils.set_random_seed(0)
    attention = SelfAttention(8)
    x = tf.random.stateless_normal([2, 4, 4, 8], [0, 1])
    np.testing.assert_array_equal(attention(x), x)
    attention.gamma.assign(1.0)
    moved = tf.tensor_scatter_nd_add(x, [[0, 0, 0, 0]], [3.0])
    change = np.abs(attention(moved) - attention(x))
    assert change[0, 3, 3].max() > 1e-5
    assert change[1].max() == 0.0


def test_attention_against_numpy():
    keras.utils.set_random_seed(0)
    attention = SelfAttention(8)
    attention.gamma.assign(0.7)
    x = np.random.default_rng(0).standard_normal([1, 4, 2, 8]).astype(np.float32)
    q, k, g = (layer(x).numpy() for layer in (attention.queries, attention.keys, attention.values))

    def pool(h):
        return h.reshape(1, 2, 2, 1, 2, -1).max(axis=(2, 4)).reshape(2, -1)

    scores = q.reshape(8, -1) @ pool(k).T
    weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    attended = (weights @ pool(g)).reshape(1, 4, 2, -1)
    np.testing.assert_allclose(attention(x), x + 0.7 * attention.outputs(attended), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "fields", "words"),
    [
        ((28, 28, 1), {}, "the data have shape (28, 28, 1); BigGAN needs square images of 8, 16, 32, 64, 128, 256"),
        ((32, 16, 1), {}, "BigGAN needs square images"),
        ((32, 32, 1), {"latent_dim": 10}, "latent_dim is 10; 32 pixels have 4 shares of latents, so it must be a "),
        ((32, 32, 1), {"latent_dim": 3}, "a multiple of 4: 4 or 4"),
        ((32, 32, 1), {"attention_size": 12}, "attention_size"),
        ((32, 32, 1), {"width": 0}, "width is 0"),
        ((64, 64, 1), {"width": 1, "deep": True}, "width is 1; it must be at least 2"),
    ],
)
def test_what_cannot_be_is_refused(shape, fields, words):
    fields = {"attention_size": 0, "deep": False, **SMALL, **fields}
    with pytest.raises(ValueError, match=re.escape(words)):
        BigGANGenerator(shape, 3, **fields)
