"""ALI and BiGAN: who moves by what and which way, codes and reconstructions, and what is refused."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.precision import dtype_policy
from tests.goldens.table import GOLDENS
from tfdgm.core.types import DataSpec
from tfdgm.models.ali import ALI
from tfdgm.models.pictures import all_grids
from tfdgm.models.two_players import Minibatch
from tfdgm.networks.mlp import mlp

PLANE = DataSpec((2,), domain="real", num_levels=0)
IMAGES = DataSpec((8, 8, 1), domain="symmetric")
SEEDS = tf.range(6, dtype=tf.int64)


def _ali(spec=PLANE, **kwargs):
    keras.utils.set_random_seed(0)
    fields = {"latent_dim": 3, "num_filters": (4, 6), "joint_size": 7}
    if spec is PLANE:
        fields |= {"network": "mlp", "hidden_sizes": (8,)}
    return ALI(spec, **fields | kwargs)


def _x(num=6):
    return np.random.default_rng(0).normal(size=(num, 2))


def _fit(model, x):
    # Plain descent: what a step changes is its gradient.
    model.compile({group: keras.optimizers.SGD(1.0) for group in model.groups()}, run_eagerly=True)
    return model.fit(tf.data.Dataset.from_tensors({"x": x}), shuffle=False, verbose=0).history


def _descend(value, *networks):
    variables = [variable.value for network in networks for variable in network.trainable_variables]
    with tf.GradientTape() as tape:
        loss = value()
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        variable.assign_sub(gradient)


@pytest.mark.parametrize("has_noise", [True, False])
@pytest.mark.parametrize("loss", ["minimax", "non_saturating"])
def test_one_step_follows_the_gradients_of_the_paper(loss, has_noise):
    """D up V at the old pairs; then generator and encoder together, at the new D, down V or up its swap."""
    with dtype_policy("float64"):
        model, plain = (_ali(loss=loss, has_noise=has_noise) for _ in range(2))
    rows, minimize = {}, model.minimize

    def watched(group, loss_fn, minibatch):
        rows[group] = minibatch
        return minimize(group, loss_fn, minibatch)

    model.minimize = watched
    x = _x()
    _fit(model, x)
    assert not set(rows["discriminator"].seeds.numpy()) & set(rows["generator"].seeds.numpy())

    def sure(seeds):
        """D of the encoder's and of the generator's pairs."""
        z, inferred = plain._prior(seeds), plain.encoder(x)
        if has_noise:
            mean, log_var = inferred[:, :3], inferred[:, 3:]
            noise = (plain._inferred(x, seeds) - mean) / tf.exp(log_var / 2)
            inferred = mean + tf.exp(log_var / 2) * tf.stop_gradient(noise)
        logits = plain.discriminator(x, inferred), plain.discriminator(plain.generator(z), z)
        return [tf.sigmoid(each) for each in logits]

    def v(seeds):
        encoded, generated = sure(seeds)
        return tf.reduce_mean(tf.math.log(encoded) + tf.math.log(1.0 - generated))

    def generator_value():
        seeds = rows["generator"].seeds
        if loss == "minimax":
            return v(seeds)
        encoded, generated = sure(seeds)
        return -tf.reduce_mean(tf.math.log(generated) + tf.math.log(1.0 - encoded))

    _descend(lambda: -v(rows["discriminator"].seeds), plain.discriminator)
    _descend(generator_value, plain.generator, plain.encoder)
    for found, expected in zip(model.trainable_variables, plain.trainable_variables, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12, err_msg=found.path)


@pytest.mark.parametrize("loss", ["minimax", "non_saturating"])
def test_the_encoder_moves_its_codes_to_where_pairs_look_generated(loss):
    """One number and its code, D(x, z) = sigmoid(a x + b z + c), by hand: by either loss the logit is to fall."""
    x, a, b, c = np.array([[0.5], [-1.0]]), 0.7, -0.4, 0.1
    slope = {"minimax": lambda d: 1.0 - d, "non_saturating": lambda d: d}[loss]  # of the loss by the encoder's logit
    with dtype_policy("float64"):
        spec = DataSpec((1,), domain="real", num_levels=0)
        model = _ali(spec, network="mlp", hidden_sizes=(4,), latent_dim=1, has_noise=False, loss=loss)
        model.encoder = mlp([1], (), [1], name="encoder")
    model.discriminator = _Linear(a, b, c)
    weight = np.array(model.encoder.get_layer("outputs").kernel.value)[0, 0]
    rows = _rows(x)
    variables = [model.encoder.get_layer("outputs").kernel.value, model.encoder.get_layer("outputs").bias.value]
    with tf.GradientTape() as tape:
        value = tf.reduce_mean(model._generator_loss(rows))
    kernel, bias = tape.gradient(value, variables)
    d = 1.0 / (1.0 + np.exp(-(a * x + b * weight * x + c)))
    np.testing.assert_allclose(bias, [np.mean(slope(d)) * b], rtol=1e-10)
    np.testing.assert_allclose(kernel, [[np.mean(slope(d) * b * x)]], rtol=1e-10)


class _Linear:
    def __init__(self, a, b, c):
        self.a, self.b, self.c = a, b, c

    def __call__(self, x, z, training=False):
        return (self.a * x + self.b * z + self.c)[:, 0]


def _rows(x):
    return Minibatch(tf.constant(x), None, tf.range(len(x), dtype=tf.int64))


def test_codes_are_gaussian_with_the_encoder_s_moments():
    model, x = _ali(), tf.repeat(tf.constant(_x(1), tf.float32), 20_000, axis=0)
    z = model._inferred(x, tf.range(20_000, dtype=tf.int64)).numpy()
    found = model.encode(x[:1])
    assert set(found) == {"z_mean", "z_log_var"}
    np.testing.assert_allclose(z.mean(axis=0), found["z_mean"][0], atol=0.05)
    np.testing.assert_allclose(z.var(axis=0), np.exp(found["z_log_var"][0]), rtol=0.05)
    prior = model._prior(tf.range(20_000, dtype=tf.int64)).numpy()
    noise = (z - z.mean(axis=0)) / z.std(axis=0)
    assert np.abs(noise.T @ prior / 20_000).max() < 0.04  # noise of its own


@pytest.mark.parametrize("has_noise", [True, False])
def test_reconstructions_decode_codes(has_noise):
    model = _ali(IMAGES, has_noise=has_noise)
    x = tf.constant(np.random.default_rng(0).uniform(-1, 1, (5, 8, 8, 1)), tf.float32)
    found = model.encode(x)
    z = found["z_mean" if has_noise else "z"]
    np.testing.assert_array_equal(model.posterior_mean(x), z)
    np.testing.assert_array_equal(model.representation(x), z)
    np.testing.assert_array_equal(model.reconstruct(x), model.decode(z))
    expected = np.sum((x - model.decode(z)) ** 2, axis=(1, 2, 3))
    np.testing.assert_allclose(model.reconstruction_error(x), expected, rtol=1e-5)
    assert {"encode", "decode", "reconstruct", "sample"} < set(model.endpoints())


def test_samples_decode_the_prior():
    model = _ali()
    np.testing.assert_array_equal(model.sample(SEEDS), model.decode(model._prior(SEEDS)))


def test_pairs_are_judged_as_pairs():
    model, x = _ali(IMAGES), tf.constant(np.random.default_rng(0).uniform(-1, 1, (5, 8, 8, 1)), tf.float32)
    z = tf.constant(np.random.default_rng(1).normal(size=(5, 3)), tf.float32)
    logits = model.logits(model._joined(x, z))
    np.testing.assert_allclose(logits, model.discriminator(x, z), rtol=1e-6)


def test_the_penalty_is_on_the_gradient_by_both():
    """R_1 of a linear D: (a^2 + b^2) / 2."""
    spec = DataSpec((1,), domain="real", num_levels=0)
    model = _ali(spec, network="mlp", hidden_sizes=(4,), latent_dim=1, penalty="r1", penalty_weight=3.0)
    model.discriminator = _Linear(0.7, -0.4, 0.1)
    _, logs = model._discriminator_loss(_rows(np.array([[0.5], [-1.0]], np.float32)))
    np.testing.assert_allclose(logs["penalty"], 3.0 * (0.7**2 + 0.4**2) / 2.0 * np.ones(2), rtol=1e-5)


REFUSED = [
    ({"loss": "hinge"}, "loss is 'hinge'; it must be one of minimax, non_saturating"),
    ({"network": "resnet"}, "network is 'resnet'; it must be one of mlp, dcgan"),
    ({"latent_dim": 0}, "latent_dim is 0; it must be at least 1"),
    ({"joint_size": 0}, "joint_size is 0; it must be at least 1"),
    ({"penalty": "dragan", "penalty_weight": 1.0}, "penalty is 'dragan'; it must be one of none, r1, gradient"),
    ({"discriminator_normalization": "batch"}, "discriminator_normalization is 'batch'; it must be one of none, layer"),
    ({"normalization": "spectral", "spec": IMAGES}, "normalization is 'spectral'; it must be one of none, batch"),
    ({"spec": DataSpec((4,), domain="binary")}, "data.domain is 'binary'; it must be one of unit, symmetric, real"),
]


@pytest.mark.parametrize(("fields", "message"), REFUSED, ids=[message[:40] for _, message in REFUSED])
def test_bad_fields_are_refused(fields, message):
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        _ali(**fields)


def test_a_label_is_refused():
    with pytest.raises(ValueError, match="but ali.* has none"):
        _ali().sample(SEEDS, tf.zeros(6, tf.int32))


def test_paths_between_codes_begin_and_end_at_their_images():
    model = GOLDENS["ali"].build()
    z_a, z_b = tf.constant([[1.0, 0.0, 2.0]]), tf.constant([[0.0, -1.0, 1.0]])
    path = model.interpolate(z_a, z_b, 4)
    assert path.shape == (1, 4, *model.event_shape)
    np.testing.assert_allclose(path[:, 0], model.decode(z_a), atol=1e-5)
    np.testing.assert_allclose(path[:, -1], model.decode(z_b), atol=1e-5)
    assert "traversals" in all_grids(model, np.arange(4), GOLDENS["ali"].batches(1)[0])
