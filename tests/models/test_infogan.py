"""InfoGAN: who moves by what, codes in samples and endpoints, and what is refused."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.precision import dtype_policy
from tfdgm.core import philox
from tfdgm.core.types import DataSpec
from tfdgm.models.gan import GAN
from tfdgm.models.infogan import InfoGAN

PLANE = DataSpec((2,), domain="real", num_levels=0)
SEEDS = tf.range(6, dtype=tf.int64)


def _infogan(cls=InfoGAN, **kwargs):
    keras.utils.set_random_seed(0)
    fields = {"latent_dim": 3, "network": "mlp", "hidden_sizes": (8,), "discriminator_normalization": "none"}
    if cls is InfoGAN:
        fields |= {"num_categories": (3, 2), "num_continuous": 2, "recognition_size": 5}
    return cls(PLANE, **fields | kwargs)


def _fit(model, x):
    # Plain descent: what a step changes is its gradient.
    model.compile({group: keras.optimizers.SGD(1.0) for group in model.groups()}, run_eagerly=True)
    return model.fit(tf.data.Dataset.from_tensors({"x": x}), shuffle=False, verbose=0).history


def _x(num=6):
    return np.random.default_rng(0).normal(size=(num, 2))


def test_q_is_on_the_generator_s_side_and_its_features_are_the_discriminator_s():
    model = _infogan()
    paths = {name: {variable.path for variable in group} for name, group in model.groups().items()}
    assert set(paths) == {"discriminator", "generator"}
    assert {variable.path for variable in model.recognition.trainable_variables} < paths["generator"]
    assert paths["discriminator"] == {variable.path for variable in model.discriminator.trainable_variables}


def test_one_step_follows_the_gradients_of_the_paper():
    """D by V alone; then G and Q by theirs less lambda L_I, worked out here from logits and probabilities."""
    with dtype_policy("float64"):
        model, plain = (
            _infogan(information_weight=0.7, continuous_information_weight=0.2, has_learned_variance=True)
            for _ in range(2)
        )
    rows, minimize = {}, model.minimize

    def watched(group, loss_fn, minibatch):
        rows[group] = minibatch.seeds
        return minimize(group, loss_fn, minibatch)

    model.minimize = watched
    x = _x()
    _fit(model, x)

    def descend(value, variables):
        variables = [variable.value for variable in variables]
        with tf.GradientTape() as tape:
            loss = value()
        for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
            variable.assign_sub(gradient)

    def discriminator_value():
        fake = plain.sample(rows["discriminator"])
        right = tf.math.log(tf.sigmoid(plain.logits(x))) + tf.math.log(1.0 - tf.sigmoid(plain.logits(fake)))
        return -tf.reduce_mean(right)

    def generator_value():
        seeds = rows["generator"]
        codes = plain.codes.drawn(seeds, "float64")
        fake = plain.sample(seeds)
        outputs = plain.recognition(plain.discriminator.features(fake))
        p_three, p_two, mean, log_var = tf.nn.softmax(outputs[:, :3]), tf.nn.softmax(outputs[:, 3:5]), *tf.split(
            outputs[:, 5:], 2, axis=1
        )  # fmt: skip
        index = tf.range(6)
        categorical = tf.math.log(3.0 * tf.gather_nd(p_three, tf.stack([index, codes.categories[:, 0]], axis=1)))
        categorical += tf.math.log(2.0 * tf.gather_nd(p_two, tf.stack([index, codes.categories[:, 1]], axis=1)))
        density = tf.exp(-0.5 * (codes.continuous - mean) ** 2 / tf.exp(log_var)) / tf.sqrt(2 * np.pi * tf.exp(log_var))
        continuous = tf.reduce_sum(tf.math.log(2.0 * density), axis=1)
        loss = -tf.math.log(tf.sigmoid(plain.logits(fake)))
        return tf.reduce_mean(loss - 0.7 * categorical - 0.2 * continuous)

    descend(discriminator_value, plain.discriminator.trainable_variables)
    descend(generator_value, [*plain.generator.trainable_variables, *plain.recognition.trainable_variables])
    for found, expected in zip(model.trainable_variables, plain.trainable_variables, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12, err_msg=found.path)


def test_without_weights_players_take_the_steps_of_a_gan():
    """Codes are then noise: the same generator's inputs, but for how many there are."""
    with dtype_policy("float64"):
        model = _infogan(information_weight=0.0, continuous_information_weight=0.0)
        gan = _infogan(GAN, latent_dim=model.latent_dim + model.codes.size)
    for network in ("generator", "discriminator"):
        getattr(gan, network).set_weights(getattr(model, network).get_weights())
    gan.generate = lambda seeds, label=None, *, training=False: gan.generate_from(
        tf.concat([_noise(model, seeds), model.codes.seen(model.codes.drawn(seeds, "float64"), "float64")], axis=1)
    )
    before = model.recognition.get_weights()
    for each in (model, gan):
        _fit(each, _x())
    for network in ("generator", "discriminator"):
        for one, other in zip(getattr(gan, network).weights, getattr(model, network).weights, strict=True):
            np.testing.assert_allclose(other, one, rtol=1e-10, atol=1e-12)
    for one, other in zip(model.recognition.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


def _noise(model, seeds):
    return philox.row_normal(seeds, (model.latent_dim,), dtype="float64")


@pytest.mark.parametrize("loss", ["relativistic", "hinge"])
def test_losses_of_either_kind_train(loss):
    model = _infogan(loss=loss, num_generator_steps=2)
    history = _fit(model, _x().astype("float32"))
    assert model.fault() is None
    assert {"information/categorical", "information/continuous"} < set(history)


def test_codes_of_the_prior_are_even_and_of_their_own_seeds():
    codes = _infogan().codes.drawn(tf.range(3000, dtype=tf.int64), "float32")
    for column, num in enumerate((3, 2)):
        counts = np.bincount(codes.categories[:, column], minlength=num)
        assert counts.min() > 0.9 * 3000 / num
    joint = np.bincount(2 * codes.categories[:, 0] + codes.categories[:, 1], minlength=6)
    assert joint.min() > 0.8 * 500
    continuous = codes.continuous.numpy()
    assert np.abs(continuous).max() < 1.0
    np.testing.assert_allclose(continuous.mean(axis=0), 0.0, atol=0.05)
    np.testing.assert_allclose(continuous.var(axis=0), 1.0 / 3.0, atol=0.02)
    assert abs(np.corrcoef(continuous, rowvar=False)[0, 1]) < 0.06


def test_samples_of_a_code_are_those_of_the_prior_where_it_is_the_one_drawn():
    model = _infogan()
    drawn = model.codes.drawn(SEEDS, "float32")
    samples = model.sample(SEEDS)
    np.testing.assert_array_equal(model.sample_code(SEEDS, drawn.categories, drawn.continuous), samples)
    np.testing.assert_array_equal(model.sample_code(SEEDS, tf.fill([6, 2], -1)), samples)
    np.testing.assert_array_equal(model.sample_category(SEEDS, drawn.categories[:, 0]), samples)
    np.testing.assert_array_equal(model.sample_continuous(SEEDS, 1, drawn.continuous[:, 1]), samples)
    others = [
        model.sample_code(SEEDS, 1 - drawn.categories % 2, drawn.continuous),
        model.sample_category(SEEDS, (drawn.categories[:, 0] + 1) % 3),
        model.sample_continuous(SEEDS, 0, drawn.continuous[:, 0] + 1.0),
    ]
    for other in others:
        assert np.abs(other - samples).max(axis=1).min() > 0.0
    answer = model.endpoints()["sample_code"].fn(seed=SEEDS, categories=drawn.categories, continuous=drawn.continuous)
    np.testing.assert_array_equal(answer["samples"], samples)


def test_encode_is_q_on_the_features():
    model, x = _infogan(has_learned_variance=True), _x().astype("float32")
    outputs = model.recognition(model.discriminator.features(x)).numpy()
    found = model.encode(x)
    assert set(found) == {"probabilities_0", "probabilities_1", "continuous_mean"}
    for name, logits in (("probabilities_0", outputs[:, :3]), ("probabilities_1", outputs[:, 3:5])):
        expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(found[name], expected, rtol=1e-5)
    np.testing.assert_allclose(found["continuous_mean"], outputs[:, 5:7], rtol=1e-6)
    np.testing.assert_array_equal(model.category(x), outputs[:, :3].argmax(axis=1))


def test_what_needs_a_kind_of_code_is_there_with_it_alone():
    categorical, continuous = _infogan(num_continuous=0), _infogan(num_categories=())
    assert hasattr(categorical, "sample_category")
    assert hasattr(categorical, "category")
    assert not hasattr(categorical, "sample_continuous")
    assert set(categorical.endpoints()["sample_code"].inputs) == {"seed", "categories"}
    assert set(categorical.encode(_x().astype("float32"))) == {"probabilities_0", "probabilities_1"}
    assert not hasattr(continuous, "sample_category")
    assert not hasattr(continuous, "category")
    assert set(continuous.endpoints()["sample_code"].inputs) == {"seed", "continuous"}
    for model in (categorical, continuous):
        history = _fit(model, _x().astype("float32"))
        assert model.fault() is None
    assert history["information/categorical"] == [0.0]


REFUSED = [
    ({"num_categories": (1,)}, "num_categories is 1; it must be at least 2"),
    ({"num_continuous": -1}, "num_continuous is -1; it must be at least 0"),
    ({"num_categories": (), "num_continuous": 0}, "num_categories is () and num_continuous 0; there must be"),
    ({"recognition_size": 0}, "recognition_size is 0; it must be at least 1"),
    ({"information_weight": -1.0}, "information_weight is -1.0; it must be at least 0"),
    ({"continuous_information_weight": -1.0}, "continuous_information_weight is -1.0; it must be at least 0"),
    ({"conditioning": "projection"}, "conditioning is 'projection'; codes stand in the place of labels: take 'none'"),
]


@pytest.mark.parametrize(("fields", "message"), REFUSED, ids=[message[:40] for _, message in REFUSED])
def test_bad_fields_are_refused(fields, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        _infogan(**fields)
