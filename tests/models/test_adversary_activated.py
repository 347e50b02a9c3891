"""Adversary-activated VAEs: with a perfect discriminator a VAE, else every example by D's word."""

import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.table import GOLDENS

NAMES = ("aavae", "aasvae")


def _ready(name, monkeypatch, with_row_seeds, real_logit, fake_logit):
    """A model whose discriminator tells the data's examples from others by heart."""
    model = GOLDENS[name].build()
    batch = {key: tf.constant(value[0]) for key, value in GOLDENS[name].arrays(1).items()}
    batch["x"] = tf.cast(batch["x"], model.variable_dtype)

    def logits(x):
        is_real = tf.reduce_all(tf.equal(x, batch["x"]), axis=[1, 2, 3])
        return tf.cast(tf.where(is_real, real_logit, fake_logit), tf.float32)

    monkeypatch.setattr(model, "logits", logits)
    with_row_seeds(model)
    return model, batch, model.generated(tf.range(8, dtype=tf.int64))


def _gradients(model, loss):
    variables = [variable.value for variable in model.groups()["vae"]]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(variables)
        value = tf.reduce_sum(loss())
    return value, tape.gradient(value, variables)


@pytest.mark.parametrize("name", NAMES)
def test_a_perfect_discriminator_leaves_the_loss_and_gradient_of_the_vae(name, monkeypatch, with_row_seeds):
    model, batch, generated = _ready(name, monkeypatch, with_row_seeds, 1e3, -1e3)
    value, found = _gradients(model, lambda: model._activated_loss(batch, generated)[0])
    expected_value, expected = _gradients(model, lambda: model.example_loss(batch, model.row_seeds())[0])
    np.testing.assert_allclose(value, expected_value, rtol=1e-6)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_generated_examples_count_by_what_the_discriminator_says(name, monkeypatch, with_row_seeds):
    model, batch, generated = _ready(name, monkeypatch, with_row_seeds, np.log(3.0), np.log(1.0 / 3.0))
    loss, logs = model._activated_loss(batch, generated)
    real, _ = model.example_loss(batch, model.row_seeds(0))
    fake, _ = model.example_loss(generated, model.row_seeds(2))
    np.testing.assert_allclose(loss, 0.75 * real + 0.25 * fake, rtol=1e-5)
    np.testing.assert_allclose(logs["weight/fake"], np.full(8, 0.25), rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_groups_hold_every_variable_once(name):
    model = GOLDENS[name].build()
    groups = model.groups()
    paths = [variable.path for group in groups.values() for variable in group]
    assert sorted(paths) == sorted(variable.path for variable in model.trainable_variables)
    networks = [model.encoder, model.decoder, *([model.classifier] if name == "aasvae" else [])]
    assert {id(variable) for variable in groups["vae"]} == {
        id(variable) for network in networks for variable in network.trainable_variables
    }


def test_what_is_generated_has_the_class_it_was_drawn_from(monkeypatch, with_row_seeds):
    model, _, _ = _ready("aasvae", monkeypatch, with_row_seeds, 0.0, 0.0)
    seeds = tf.range(50, dtype=tf.int64)
    generated = model.generated(seeds)
    np.testing.assert_array_equal(generated["x"], model.sample(seeds, generated["label"]))
    assert set(generated["label"].numpy()) == {0, 1, 2}


def test_the_discriminators_loss_is_that_of_a_gan():
    model = GOLDENS["aavae"].build()
    x = tf.constant(GOLDENS["aavae"].batches(1)[0], tf.float32)
    fake = model.generated(tf.range(8, dtype=tf.int64))["x"]
    loss, _ = model._phi_loss(x, fake)
    d_real, d_fake = tf.sigmoid(model.logits(x)), tf.sigmoid(model.logits(fake))
    np.testing.assert_allclose(loss, -np.log(d_real) - np.log(1.0 - d_fake), rtol=1e-5)
