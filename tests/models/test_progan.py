"""Progressive GAN: its losses by hand, its stages, fades at both ends, what a restored model knows, and refusals."""

import dataclasses
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.precision import dtype_policy
from tfdgm.core.types import DataSpec, Phase
from tfdgm.math.resolution import averaged, repeated
from tfdgm.models.progan import ProGAN
from tfdgm.models.two_players import Minibatch

SPEC = DataSpec((16, 16, 1), domain="symmetric")
SEEDS = tf.range(8, dtype=tf.int64)
X = np.random.default_rng(0).uniform(-1, 1, (8, 16, 16, 1))
FADE_STEPS = 20


def _progan(phase="", spec=SPEC, **kwargs):
    keras.utils.set_random_seed(0)
    fields = {"latent_dim": 3, "num_filters": (6, 5, 4), "num_fade_steps": (FADE_STEPS, 2 * FADE_STEPS), **kwargs}
    with dtype_policy("float64"):
        model = ProGAN(spec, **fields)
    if phase:
        model.phase = next(each for each in model.phases() if each.name == phase)
    return model


def _fit(model, x=X, num_steps=1, rate=1.0):
    # Eagerly: tracing takes longer than the steps.
    model.compile({group: keras.optimizers.SGD(rate) for group in model.groups()}, run_eagerly=True)
    dataset = tf.data.Dataset.from_tensors({"x": x}).repeat(num_steps)
    model.fit(dataset, shuffle=False, verbose=0)


def _rows(model, x=X):
    return Minibatch(model.real_images(tf.constant(x)), None, SEEDS)


def test_a_new_model_is_at_the_first_stage():
    model = _progan()
    assert model.generate(SEEDS).shape == (8, 4, 4, 1)
    assert [phase.name for phase in model.phases()] == [
        "stabilize_4", "fade_8", "stabilize_8", "fade_16", "stabilize_16",
    ]  # fmt: skip


@pytest.mark.parametrize(("phase", "side"), [("stabilize_4", 4), ("fade_8", 8), ("stabilize_8", 8), ("fade_16", 16)])
def test_samples_are_of_the_data_s_size_at_every_stage(phase, side):
    model = _progan(phase)
    images, samples = model.generate(SEEDS), model.sample(SEEDS)
    assert images.shape == (8, side, side, 1)
    assert samples.shape == (8, 16, 16, 1)
    np.testing.assert_array_equal(samples, repeated(tf.clip_by_value(images, -1.0, 1.0), 16 // side))
    np.testing.assert_allclose(model.logits(repeated(images, 16 // side)), model.logits(images), rtol=1e-9)


def test_samples_of_real_values_are_not_clipped():
    model = _progan("stabilize_16", dataclasses.replace(SPEC, domain="real"))
    model.generator.to_image[2].bias.assign([7.0])
    np.testing.assert_array_equal(model.sample(SEEDS), model.generate(SEEDS))
    assert np.max(model.sample(SEEDS)) > 1.0


@pytest.mark.parametrize(("fade", "below", "above"), [
    ("fade_8", "stabilize_4", "stabilize_8"),
    ("fade_16", "stabilize_8", "stabilize_16"),
])  # fmt: skip
def test_a_fade_begins_at_the_stage_below_and_ends_at_the_one_above(fade, below, above):
    model = _progan(fade)
    for phase, done in ((below, 0), (above, model.phase.steps), (above, 1000)):
        model.phase_step.assign(done)
        x = model.real_images(tf.constant(X))
        found = model.sample(SEEDS), model.logits(x), x
        other = _progan(phase)
        real = other.real_images(tf.constant(X))
        np.testing.assert_allclose(found[0], other.sample(SEEDS), atol=1e-6)
        np.testing.assert_allclose(found[1], other.logits(real), atol=1e-6)
        np.testing.assert_allclose(found[2], repeated(real, 2) if phase == below else real, atol=1e-6)


def test_real_images_fade_by_the_phase_step():
    model = _progan("fade_8")
    model.phase_step.assign(5)
    fine, coarse = (averaged(tf.constant(X), factor) for factor in (2, 4))
    expected = 0.25 * fine + 0.75 * repeated(coarse)
    np.testing.assert_allclose(model.real_images(tf.constant(X)), expected, atol=1e-12)


def test_drift_is_the_weighted_square_of_the_real_values():
    plain, model = _progan("fade_8", drift_weight=0.0), _progan("fade_8", drift_weight=0.5)
    for each in (plain, model):
        each.phase_step.assign(3)
    loss, logs = model._critic_loss(_rows(model))
    values = model.logits(model.real_images(tf.constant(X)))
    np.testing.assert_allclose(logs["drift"], 0.5 * np.square(values), rtol=1e-9)
    np.testing.assert_allclose(loss - plain._critic_loss(_rows(plain))[0], 0.5 * np.square(values), rtol=1e-7)


def test_the_critic_s_loss_is_the_paper_s():
    model = _progan("stabilize_8")
    rows = _rows(model)
    loss, logs = model._critic_loss(rows)
    fake = model.generate(SEEDS)
    real_values, fake_values = model.logits(rows.x), model.logits(fake)
    by_hand = fake_values - real_values + model.penalty_of(rows, fake) + 0.001 * tf.square(real_values)
    np.testing.assert_allclose(loss, by_hand, rtol=1e-9)
    np.testing.assert_allclose(logs["critic_estimate"], real_values - fake_values, rtol=1e-9)
    assert np.min(logs["penalty"]) > 0.0
    np.testing.assert_allclose(model._generator_loss(rows), -fake_values, rtol=1e-9)


def test_groups_are_what_has_grown():
    paths = {}
    for phase in _progan().phases():
        model = _progan(phase.name)
        paths[phase.name] = {variable.path for group in model.groups().values() for variable in group}
    assert paths["stabilize_4"] < paths["fade_8"]
    assert paths["fade_8"] - paths["stabilize_8"] == {
        "critic_0_from_image/kernel", "critic_0_from_image/bias",
        "generator_0_to_image/kernel", "generator_0_to_image/bias",
    }  # fmt: skip
    assert paths["stabilize_8"] < paths["fade_16"]
    assert not any("critic_2" in path or "generator_2" in path for path in paths["stabilize_8"])


def test_critic_steps_have_minibatches_of_their_own():
    model, seen = _progan("fade_8", num_critic_steps=2, minibatch_group_size=2), []
    model.phase_step.assign(10)
    minimize = model.minimize

    def watched(group, loss_fn, rows):
        seen.append((group, rows.x))
        return minimize(group, loss_fn, rows)

    model.minimize = watched
    real = model.real_images(tf.constant(X))
    _fit(model, rate=0.0)
    assert [group for group, _ in seen] == ["critic", "critic", "generator"]
    for k, (_, x) in enumerate(seen[:2]):
        np.testing.assert_allclose(x, real[k::2], rtol=1e-9)


def test_only_active_variables_move():
    model = _progan("stabilize_8")
    before = {variable.path: variable.numpy() for variable in model.trainable_variables}
    _fit(model, num_steps=2, rate=1e-3)
    active = {variable.path for group in model.groups().values() for variable in group}
    moved = {v.path for v in model.trainable_variables if not np.array_equal(v.numpy(), before[v.path])}
    assert moved == active


def test_a_restored_model_knows_its_stage_and_how_far_it_has_faded(tmp_path):
    model = _progan("fade_16")
    _fit(model, num_steps=3, rate=1e-3)
    assert (int(model.stage), int(model.fade_steps), int(model.phase_step)) == (3, 2 * FADE_STEPS, 3)
    path = tf.train.Checkpoint(model=model).write(str(tmp_path / "checkpoint"))
    restored = _progan()
    tf.train.Checkpoint(model=restored).read(path).expect_partial()
    np.testing.assert_array_equal(restored.sample(SEEDS), model.sample(SEEDS))
    x = model.real_images(tf.constant(X))
    np.testing.assert_array_equal(restored.real_images(tf.constant(X)), x)
    np.testing.assert_array_equal(restored.logits(x), model.logits(x))
    traced = tf.function(restored.sample, autograph=False, input_signature=[tf.TensorSpec([None], tf.int64)])
    np.testing.assert_allclose(traced(SEEDS), model.sample(SEEDS), rtol=1e-9)
    assert {name: len(group) for name, group in restored.groups().items()} == {
        name: len(group) for name, group in model.groups().items()
    }


def test_sample_variance_is_a_share_of_the_data_s_at_the_stage_s_resolution():
    model = _progan("fade_8")
    model.phase_step.assign(10)
    model.ensure_initialized(tf.data.Dataset.from_tensors({"x": X}))
    centred = X - X.mean(axis=0)
    coarse = np.asarray(repeated(averaged(tf.constant(centred), 4), 4))
    np.testing.assert_allclose(model.level_variances[0], np.sum(coarse**2) / 8, rtol=1e-9)
    np.testing.assert_allclose(model.level_variances[2], model.data_variance, rtol=1e-9)
    real = np.asarray(repeated(model.real_images(tf.constant(centred)), 2))
    np.testing.assert_allclose(model.real_variance(), np.sum(real**2) / 8, rtol=1e-9)


def test_memory_grows_with_resolution_and_rows():
    model = _progan(batch_sizes=(16, 8, 8))
    estimates = model.memory_estimates(4)
    assert [estimate.resolution for estimate in estimates] == ["4", "8", "16"]
    assert [estimate.num_rows for estimate in estimates] == [16, 8, 8]
    generator = 3 * 96 + 96 + 9 * 36 + 6 + 6 + 1  # dense, convolution, to_image at 4x4
    critic = 6 + 6 + 9 * 7 * 6 + 6 + 96 * 6 + 6 + 6 + 1
    assert estimates[0].parameters == estimates[0].optimizer_slots == 2 * 8 * (generator + critic)
    assert estimates[1].activations < estimates[2].activations
    twice = _progan().memory_estimates(8)
    assert twice[2].activations == estimates[2].activations
    half = _progan().memory_estimates(4)
    assert twice[2].activations == pytest.approx(2 * half[2].activations, rel=1e-3)


REFUSED = [
    ({"penalty": "none", "penalty_weight": 0.0}, "penalty is 'none'; a critic needs one to keep its slope bounded"),
    ({"penalty": "r2"}, "penalty is 'r2'; it must be one of none, gradient"),
    ({"latent_dim": 0}, "latent_dim is 0; it must be at least 1"),
    ({"num_critic_steps": 0}, "num_critic_steps is 0; it must be at least 1"),
    ({"minibatch_group_size": 0}, "minibatch_group_size is 0; it must be at least 1"),
    ({"drift_weight": -1.0}, "drift_weight is -1.0; it must be at least 0"),
    ({"num_filters": ()}, "the least of num_filters is 0; it must be at least 1"),
    ({"num_filters": (6, 5)}, "num_filters has 2 numbers; 16x16 images need 3"),
    (
        {"batch_sizes": (8, 8, 6)},
        "batch_sizes gives 6 rows; 1 critic steps with groups of minibatch_group_size=4 rows need a multiple of 4 on "
        "each replica: 4 or 8",
    ),
]


@pytest.mark.parametrize(("fields", "message"), REFUSED, ids=[message[:40] for _, message in REFUSED])
def test_bad_fields_are_refused(fields, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        _progan(**fields)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (DataSpec((16, 16, 1), domain="binary"), "data.domain is 'binary'; it must be one of unit, symmetric, real"),
        (DataSpec((16,), domain="real"), "data.shape is (16,); networks that grow need images [H, W, C]"),
        (DataSpec((28, 28, 1)), "data.image_height is 28; the shorter side must be 4 * 2^n, to grow from 4 on: 16 or"),
    ],
)
def test_other_data_are_refused(spec, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        _progan(spec=spec)


def test_rows_that_leave_a_group_of_fewer_are_refused():
    message = "training.batch_size gives 6 rows; 1 critic steps with groups of minibatch_group_size=4 rows need"
    with pytest.raises(ValueError, match=message):
        _fit(_progan("stabilize_4"), X[:6])


def test_a_fade_without_a_length_is_refused():
    model = _progan()
    model.phase = Phase("fade_8")
    with pytest.raises(ValueError, match="phase fade_8 has steps None; a fade needs a number, at least 1"):
        model.sample(SEEDS)
