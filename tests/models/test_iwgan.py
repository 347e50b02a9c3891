"""The importance-weighted generator step."""

import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.table import GOLDENS
from tfdgm.models.gan import GAN
from tfdgm.models.iwgan import IWGAN
from tfdgm.models.two_players import Minibatch

SPEC = GOLDENS["gan"].spec
FIELDS = {"latent_dim": 2, "network": "mlp", "hidden_sizes": (8,), "discriminator_normalization": "none"}


def _rows(num=6):
    x = tf.constant(GOLDENS["gan"].batches(1, num)[0], tf.float32)
    return Minibatch(x, None, tf.range(num, dtype=tf.int64) + 40)


def test_one_sample_is_a_gan():
    model = IWGAN(SPEC, num_importance_samples=1, **FIELDS)
    np.testing.assert_array_equal(model._generator_loss(_rows())[0], GAN._generator_loss(model, _rows())[0])


def test_examples_that_pass_for_real_count_more():
    model = IWGAN(SPEC, num_importance_samples=3, **FIELDS)
    rows = model._repeated(_rows())
    assert len(set(rows.seeds.numpy())) == 18
    np.testing.assert_array_equal(rows.seeds[::3], _rows().seeds)
    np.testing.assert_array_equal(rows.x[1::3], _rows().x)
    logits = model.logits(model.generate(rows.seeds)).numpy().reshape(6, 3)
    weights = np.exp(logits)  # D / (1 - D)
    log_d = -np.log1p(np.exp(-logits))
    expected = -np.sum(weights * log_d, axis=1) / weights.sum(axis=1)
    np.testing.assert_allclose(model._generator_loss(_rows())[0], expected, rtol=1e-5)


def test_labels_go_with_their_rows():
    golden = GOLDENS["iwgan"]
    model, arrays = golden.build(), golden.arrays(1, 4)
    rows = Minibatch(
        tf.constant(arrays["x"][0], tf.float32), tf.constant(arrays["label"][0]), tf.range(4, dtype=tf.int64)
    )
    np.testing.assert_array_equal(model._repeated(rows).label, np.repeat(arrays["label"][0], 2))


def test_no_sample_is_refused():
    with pytest.raises(ValueError, match="num_importance_samples is 0; it must be at least 1"):
        IWGAN(SPEC, num_importance_samples=0, **FIELDS)
