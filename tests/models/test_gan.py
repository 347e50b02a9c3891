"""GAN and WGAN: the steps of their algorithms, how rows are dealt out, conditioning, and what is refused."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.precision import dtype_policy
from tests.goldens.table import GOLDENS
from tfdgm.core.types import DataSpec
from tfdgm.models.gan import GAN
from tfdgm.models.wgan import WGAN
from tfdgm.objectives import penalties

PLANE = DataSpec((2,), domain="real", num_levels=0)
IMAGES = DataSpec((8, 8, 1), domain="symmetric", num_classes=3)
SEEDS = tf.range(6, dtype=tf.int64)


def _gan(spec=PLANE, cls=GAN, **kwargs):
    keras.utils.set_random_seed(0)
    if spec is PLANE:
        kwargs = {"network": "mlp", "hidden_sizes": (8,), "discriminator_normalization": "none", **kwargs}
    return cls(spec, **{"latent_dim": 3, "num_filters": (4, 6), **kwargs})


def _fit(model, x, **arrays):
    # Plain descent: what a step changes is its gradient.
    model.compile({group: keras.optimizers.SGD(1.0) for group in model.groups()}, run_eagerly=True)
    model.fit(tf.data.Dataset.from_tensors({"x": x, **arrays}), shuffle=False, verbose=0)
    return model


def test_each_discriminator_step_has_a_minibatch_of_its_own():
    model, seen = _gan(num_discriminator_steps=3), []
    minimize = model.minimize

    def watched(group, loss_fn, rows):
        seen.append((group, rows))
        return minimize(group, loss_fn, rows)

    model.minimize = watched
    x = np.random.default_rng(0).normal(size=(12, 2)).astype("float32")
    _fit(model, x)
    assert [group for group, _ in seen] == ["discriminator"] * 3 + ["generator"]
    for k, (_, rows) in enumerate(seen[:3]):
        np.testing.assert_array_equal(rows.x, x[k::3])
    seeds = np.concatenate([rows.seeds for _, rows in seen])
    assert len(set(seeds)) == 16  # no noise is used twice


def test_each_generator_step_has_noise_of_its_own():
    model, seen = _gan(num_generator_steps=2), []
    minimize = model.minimize

    def watched(group, loss_fn, rows):
        seen.append((group, rows.seeds.numpy()))
        return minimize(group, loss_fn, rows)

    model.minimize = watched
    _fit(model, np.zeros((4, 2), "float32"))
    assert [group for group, _ in seen] == ["discriminator", "generator", "generator"]
    assert len(set(np.concatenate([seeds for _, seeds in seen]))) == 12


def test_dense_sizes_reach_both_players_and_belong_to_images():
    model = _gan(IMAGES, dense_sizes=(7,))
    assert model.discriminator.features.output_shape == (None, 7)
    assert model.generator.layers[0].units == 7
    with pytest.raises(ValueError, match=r"dense_sizes is \(7,\) and network 'mlp'; they are layers of 'dcgan'"):
        _gan(dense_sizes=(7,))
    with pytest.raises(ValueError, match="dense_sizes is 0; it must be at least 1"):
        _gan(IMAGES, dense_sizes=(7, 0))


def test_a_batch_that_can_not_be_dealt_out_is_refused():
    message = "num_critic_steps is 5, and a replica has 12 rows of training.batch_size; it must divide them"
    with pytest.raises(ValueError, match=message):
        _fit(_gan(cls=WGAN, weight_clip=0.1), np.zeros((12, 2), "float32"))


def test_one_step_follows_the_gradients_of_the_paper():
    """Discriminator first, at the old generator; then the generator, at the new discriminator."""
    with dtype_policy("float64"):
        model, plain = (_gan(loss="minimax") for _ in range(2))
    x = np.random.default_rng(0).normal(size=(6, 2))
    rows = {}
    minimize = model.minimize

    def watched(group, loss_fn, minibatch):
        rows[group] = minibatch.seeds
        return minimize(group, loss_fn, minibatch)

    model.minimize = watched
    _fit(model, x)

    def descend(value, network):
        variables = [variable.value for variable in network.trainable_variables]
        with tf.GradientTape() as tape:
            loss = value()
        for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
            variable.assign_sub(gradient)

    def discriminator_value():
        fake = plain.sample(rows["discriminator"])
        right = tf.math.log(tf.sigmoid(plain.logits(x))) + tf.math.log(1.0 - tf.sigmoid(plain.logits(fake)))
        return -tf.reduce_mean(right)

    def generator_value():
        return tf.reduce_mean(tf.math.log(1.0 - tf.sigmoid(plain.logits(plain.sample(rows["generator"])))))

    descend(discriminator_value, plain.discriminator)
    descend(generator_value, plain.generator)
    for found, expected in zip(model.trainable_variables, plain.trainable_variables, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12, err_msg=found.path)


def test_clipping_keeps_every_weight_of_the_critic_within_bounds():
    model = _gan(cls=WGAN, weight_clip=0.05, num_critic_steps=2)
    before = [np.array(variable) for variable in model.generator.trainable_variables]
    assert max(np.abs(variable).max() for variable in model.discriminator.trainable_variables) > 0.05
    _fit(model, np.random.default_rng(0).normal(size=(8, 2)).astype("float32"))
    assert max(np.abs(variable).max() for variable in model.discriminator.trainable_variables) == np.float32(0.05)
    assert any(
        (np.array(one) != other).any() for one, other in zip(model.generator.trainable_variables, before, strict=True)
    )


def test_the_penalty_is_logged_apart_from_the_critic_s_estimate():
    model = _gan(cls=WGAN, penalty="gradient", penalty_weight=10.0, num_critic_steps=1)
    x = np.random.default_rng(0).normal(size=(8, 2)).astype("float32")
    model.compile({group: keras.optimizers.SGD(0.0) for group in model.groups()})
    logs = model.fit(tf.data.Dataset.from_tensors({"x": x}), verbose=0, shuffle=False).history
    np.testing.assert_allclose(logs["loss/critic"][0], logs["penalty"][0] - logs["critic_estimate"][0], rtol=1e-5)
    assert logs["penalty"][0] > 0
    assert logs["gradient_norm/critic"][0] > 0


def test_gradient_norms_are_those_of_the_step():
    model = _gan()
    before = {group: [np.array(one) for one in variables] for group, variables in model.groups().items()}
    model.compile({group: keras.optimizers.SGD(1.0) for group in model.groups()})
    x = np.random.default_rng(0).normal(size=(8, 2)).astype("float32")
    logs = model.fit(tf.data.Dataset.from_tensors({"x": x}), verbose=0, shuffle=False).history
    for group, variables in model.groups().items():
        moved = [np.sum((np.array(one) - old) ** 2) for one, old in zip(variables, before[group], strict=True)]
        np.testing.assert_allclose(logs[f"gradient_norm/{group}"][0], np.sqrt(np.sum(moved)), rtol=1e-4)


def test_sample_variance_is_that_of_samples_over_that_of_data():
    model = _gan()
    x = np.random.default_rng(0).normal(size=(4000, 2)).astype("float32") * [1.0, 3.0]
    dataset = tf.data.Dataset.from_tensor_slices({"x": x.astype("float32")}).batch(500)
    model.compile({group: keras.optimizers.SGD(0.0) for group in model.groups()})
    model.fit(dataset, steps_per_epoch=1, verbose=0, shuffle=False)
    np.testing.assert_allclose(model.data_variance, x[:500].var(axis=0).sum(), rtol=1e-4)
    found = model.evaluate(dataset, verbose=0, return_dict=True)["sample_variance"]
    samples = model.sample(tf.range(20_000, dtype=tf.int64)).numpy()
    np.testing.assert_allclose(found, samples.var(axis=0).sum() / x[:500].var(axis=0).sum(), rtol=0.1)


def test_labels_decide_what_is_drawn():
    model = _gan(IMAGES, conditioning="projection", discriminator_normalization="spectral")
    labels = tf.constant([0, 1, 2, 0, 1, 2])
    samples = model.sample(SEEDS, labels)
    assert np.abs(samples - model.sample(SEEDS, (labels + 1) % 3)).max() > 0
    one = model.sample(SEEDS[4:5], labels[4:5])
    np.testing.assert_allclose(one[0], samples[4], atol=1e-6)
    drawn = model.endpoints()["sample_class"].fn(seed=SEEDS, label=labels)
    np.testing.assert_array_equal(drawn["samples"], samples)


def test_labels_are_drawn_evenly_where_none_is_given():
    model = _gan(IMAGES, conditioning="concatenation")
    counts = np.bincount(model.drawn_label(tf.range(3000, dtype=tf.int64)), minlength=3)
    assert counts.min() > 900


def test_unconditional_models_refuse_a_label_and_have_no_such_endpoint():
    model = _gan(IMAGES)
    assert "sample_class" not in model.endpoints()
    with pytest.raises(ValueError, match="but gan.* has none; it was built with conditioning='none'"):
        model.sample(SEEDS, tf.zeros(6, tf.int32))


def test_batch_statistics_are_for_training_alone():
    model = _gan(IMAGES)
    alone = model.sample(SEEDS[:1])
    np.testing.assert_allclose(model.sample(SEEDS)[0], alone[0], atol=1e-6)
    together = model.generate(SEEDS, training=True)
    assert np.abs(together[0] - model.generate(SEEDS[:2], training=True)[0]).max() > 1e-4


@pytest.mark.parametrize("name", penalties.PENALTIES)
def test_every_penalty_trains(name):
    model = _gan(penalty=name, penalty_weight=1.0)
    x = np.random.default_rng(0).normal(size=(8, 2)).astype("float32")
    assert _fit(model, x).fault() is None


REFUSED = [
    ({"loss": "wgan"}, "loss is 'wgan'; it must be one of minimax"),
    ({"network": "resnet"}, "network is 'resnet'; it must be one of mlp, dcgan"),
    ({"num_discriminator_steps": 0}, "num_discriminator_steps is 0; it must be at least 1"),
    ({"penalty": "r2", "penalty_weight": 1.0}, "penalty is 'r2'; it must be one of none, gradient"),
    ({"penalty": "r1"}, "penalty is 'r1' and penalty_weight 0.0; give both or neither"),
    ({"penalty_weight": 1.0}, "penalty is 'none' and penalty_weight 1.0; give both or neither"),
    ({"augmentations": ("color",)}, "augmentations is ('color',), but the data's shape is (2,)"),
    ({"augmentations": ("blur",)}, "augmentations is 'blur'; it must be one of color, translation, cutout"),
    ({"conditioning": "projection"}, "conditioning is 'projection', but the data has 0 classes"),
]


@pytest.mark.parametrize(("fields", "message"), REFUSED, ids=[message[:40] for _, message in REFUSED])
def test_bad_fields_are_refused(fields, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        _gan(**fields)


def test_penalties_and_batch_normalisation_do_not_go_together():
    with pytest.raises(ValueError, match="penalty is 'r1' and discriminator_normalization 'batch'"):
        _gan(IMAGES, penalty="r1", penalty_weight=1.0)


def test_a_critic_without_bounds_is_refused():
    with pytest.raises(ValueError, match="weight_clip is 0 and penalty 'none'; a critic needs one of them"):
        _gan(cls=WGAN)


def test_binary_data_is_refused():
    with pytest.raises(ValueError, match=r"data\.domain is 'binary'; it must be one of unit, symmetric, real"):
        _gan(DataSpec((8, 8, 1), domain="binary", num_levels=2))


def test_the_goldens_of_both_files_use_what_the_lecture_names():
    assert {GOLDENS[name].registered_name for name in ("gan", "dcgan", "wgan", "wgan_gp")} == {
        "gan", "dcgan", "wgan", "wgan_gp",
    }  # fmt: skip


def test_a_conditional_model_asks_for_the_labels_of_a_batch():
    with pytest.raises(ValueError, match="a batch has x, but conditioning needs its 'label', int32"):
        _fit(_gan(IMAGES, conditioning="projection"), np.zeros((4, 8, 8, 1), "float32"))
