"""A GAN's two losses with a constraint beside them, and the constraint's own step where it is learned."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.table import GOLDENS
from tfdgm.models.constrained_gan import ConstrainedGAN
from tfdgm.models.gan import GAN
from tfdgm.models.two_players import Minibatch

GOLDEN = GOLDENS["constrained_gan"]
SPEC = GOLDEN.spec
FIELDS = {"latent_dim": 2, "network": "mlp", "hidden_sizes": (8,), "discriminator_normalization": "none"}


def _model(kind, weight=0.7, **fields):
    keras.utils.set_random_seed(0)
    return ConstrainedGAN(SPEC, constraint_kind=kind, constraint_weight=weight, **FIELDS, **fields)


def _rows(num=6):
    x = tf.constant(GOLDEN.batches(1, num)[0], tf.float32)
    return Minibatch(x, None, tf.range(num, dtype=tf.int64) + 40)


@pytest.mark.parametrize("kind", ["fixed", "learned"])
def test_generator_has_the_constraint_beside_the_gan_s_loss(kind):
    model, rows = _model(kind), _rows()
    gan_loss, _ = GAN._generator_loss(model, rows)
    loss, logs = model._generator_loss(rows)
    values = model.constraint_values(model.generate(rows.seeds, training=True))
    np.testing.assert_allclose(loss, gan_loss - 0.7 * values, rtol=1e-6)
    np.testing.assert_array_equal(logs["constraint/value"], values)
    assert np.abs(values).max() > 0.0


def test_without_a_constraint_it_is_a_gan_bit_for_bit():
    model, rows = _model("none", 0.0), _rows()
    assert list(model.groups()) == ["discriminator", "generator"]
    with tf.GradientTape(persistent=True) as tape:
        losses = model._generator_loss(rows)[0], GAN._generator_loss(model, rows)[0]
    np.testing.assert_array_equal(*losses)
    slopes = (tape.gradient(loss, model.groups()["generator"]) for loss in losses)
    for one, other in zip(*slopes, strict=True):
        np.testing.assert_array_equal(one, other)


def test_learned_constraint_is_a_degree_of_truth_by_the_standardized_statistics():
    model, rows = _model("learned", constraint="full_height"), _rows()
    statistics = model.constraint.standardized((tf.reduce_mean(rows.x, axis=-1) + 1.0) / 2.0)
    outputs = model.constraint_network(statistics)[:, 0].numpy()
    np.testing.assert_allclose(model.constraint_values(rows.x), 1.0 / (1.0 + np.exp(-outputs)), rtol=1e-5)


def test_learned_constraint_goes_up_the_data_s_less_q_s_gradient():
    model, rows = _model("learned"), _rows()
    variables = model.groups()["constraint"]
    fake = model.generate(rows.seeds, training=True)
    weights = np.exp(0.7 * model.constraint_values(fake).numpy())
    with tf.GradientTape(persistent=True) as tape:
        loss = tf.reduce_mean(model._constraint_loss(rows))
        likelihood = tf.reduce_mean(model.constraint_values(rows.x))
        likelihood -= tf.reduce_sum(weights / weights.sum() * model.constraint_values(fake))
    slopes = tape.gradient(likelihood, variables, unconnected_gradients="zero")
    for found, expected in zip(tape.gradient(loss, variables, unconnected_gradients="zero"), slopes, strict=True):
        np.testing.assert_allclose(-found, expected, rtol=1e-4, atol=1e-6)
    assert max(np.abs(slope).max() for slope in slopes) > 1e-2
    assert tape.gradient(loss, model.groups()["generator"][0]) is None


def test_learned_constraint_comes_to_be_higher_on_the_data_than_on_samples():
    """The generator held still, whose centres of mass lie elsewhere than the stripes'; gradient descent by hand."""
    model, rows = _model("learned"), _rows(64)
    variables = [variable.value for variable in model.groups()["constraint"]]

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model._constraint_loss(rows))
        for variable, slope in zip(variables, tape.gradient(loss, variables), strict=True):
            variable.assign_sub(0.05 * slope)

    for _ in range(100):
        step()
    real, fake = (model.constraint_values(x) for x in (rows.x, model.generate(rows.seeds, training=True)))
    assert np.mean(real) > np.mean(fake) + 0.1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"constraint": "round"}, "constraint"),
        ({"constraint_kind": "hard"}, "constraint_kind"),
        ({"constraint_kind": "none"}, "constraint_weight is 1.0 and constraint_kind 'none'"),
        ({"constraint_weight": -1.0}, "constraint_weight is -1.0 and constraint_kind 'fixed'"),
    ],
)
def test_wrong_fields_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        ConstrainedGAN(SPEC, **FIELDS, **fields)


def test_points_have_no_constraint():
    with pytest.raises(ValueError, match=r"constraint is 'centred', but the data's shape is \(2,\); it is of images"):
        ConstrainedGAN(GOLDENS["gan"].spec, **FIELDS)
