"""BigGAN: the step of the paper, accumulation, standing statistics, truncation, classes, refusals."""

import dataclasses
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.precision import dtype_policy
from tests.goldens.table import GOLDENS
from tfdgm.core.types import DataSpec
from tfdgm.models.biggan import BigGAN
from tfdgm.models.ema import WeightAverages
from tfdgm.models.two_players import Minibatch
from tfdgm.networks.spectral_norm import spectral_layers

SPEC = DataSpec((8, 8, 1), domain="symmetric", num_levels=256, num_classes=3)
SMALL = {"width": 2, "latent_dim": 4, "embedding_size": 3, "num_standing_batches": 3, "standing_batch_size": 5}


class Frozen(BigGAN):
    """Neither batch statistics nor power iterations: then a mean over minibatches is the mean over the batch."""

    def logits(self, x, label=None, *, training=False):
        return super().logits(x, label)

    def _fake(self, rows):
        return self._images(self._latents(rows.seeds), self._one_hot(rows.label))


def _one_noise(model):
    """Rows keep the seeds of one stream, into however many minibatches they are dealt."""
    minibatches = model.minibatches

    def dealt(batch, num, field):
        for k, rows in enumerate(minibatches(batch, num, field)):
            yield dataclasses.replace(rows, seeds=model.row_seeds(0)[k::num])

    model.minibatches = dealt
    return model


def _model(kind=BigGAN, **fields):
    keras.utils.set_random_seed(0)
    return kind(SPEC, **{**SMALL, **fields})


def _batch(size):
    rng = np.random.default_rng(0)
    return {"x": tf.constant(rng.uniform(-1, 1, (size, 8, 8, 1))), "label": tf.range(size) % 3}


def _trained(model, size):
    model.compile({group: keras.optimizers.SGD(0.1) for group in model.groups()}, run_eagerly=True)
    model.fit(tf.data.Dataset.from_tensors(_batch(size)), verbose=0)
    return [variable.numpy() for variable in model.trainable_variables]


def test_accumulation_of_four_equals_a_batch_four_times_as_large():
    with dtype_policy("float64"):
        whole = _trained(_one_noise(_model(Frozen, num_discriminator_steps=1)), 16)
        parts = _trained(_one_noise(_model(Frozen, num_discriminator_steps=1, num_accumulations=4)), 16)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_accumulation_with_batch_statistics_is_of_ghost_batches():
    whole, parts = (_trained(_model(num_discriminator_steps=1, num_accumulations=num), 8) for num in (1, 2))
    assert any(not np.allclose(one, other, atol=1e-6) for one, other in zip(whole, parts, strict=True))


def test_the_generators_loss_has_the_off_diagonal_penalty():
    without, with_penalty = _model(orthogonal_weight=0.0), _model(orthogonal_weight=0.5)
    rows = _rows()
    kernels = [np.reshape(layer.kernel, [-1, layer.kernel.shape[-1]]) for layer in spectral_layers(without.generator)]
    products = [kernel.T @ kernel for kernel in kernels]
    penalty = sum(np.sum((product - np.diag(np.diag(product))) ** 2) for product in products)
    difference = with_penalty._generator_loss(rows) - without._generator_loss(rows)
    np.testing.assert_allclose(difference, 0.5 * penalty, rtol=1e-3, atol=1e-4)
    assert penalty > 0.01


def _rows():
    batch = _batch(6)
    return Minibatch(tf.cast(batch["x"], tf.float32), batch["label"], tf.range(6, dtype=tf.int64))


def test_standing_statistics_are_means_over_batches_of_samples():
    model = _model(num_standing_batches=2, standing_batch_size=5)
    found = {}
    norm = model.generator.norms[0]
    moments = norm.moments

    def watched(x, training=None, call=moments.call, **kwargs):
        found.setdefault("x", []).append(np.array(x))
        return call(x, training=training, **kwargs)

    moments.call = watched
    vectors = [np.array(layer.left_vector) for layer in spectral_layers(model.generator)]
    model.settle()
    assert [len(x) for x in found["x"]] == [5, 5]
    assert not np.array_equal(*found["x"])
    mean = np.mean([x.mean(axis=(0, 1, 2)) for x in found["x"]], axis=0)
    variance = np.mean([x.var(axis=(0, 1, 2)) for x in found["x"]], axis=0)
    np.testing.assert_allclose(moments.moving_mean, mean, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(moments.moving_variance, variance, rtol=1e-4)
    for layer, vector in zip(spectral_layers(model.generator), vectors, strict=True):
        np.testing.assert_array_equal(layer.left_vector, vector)
    assert moments.momentum == pytest.approx(0.9)


def test_averaged_weights_come_with_statistics_of_their_own_and_leave_with_them():
    model = _model()
    averages = WeightAverages(model, 0.5)
    seeds = tf.range(4, dtype=tf.int64)
    kept, before = [variable.numpy() for variable in model.statistics()], model.sample(seeds).numpy()
    with averages.in_place():
        settled = [variable.numpy() for variable in model.statistics()]
    assert any(not np.array_equal(one, other) for one, other in zip(kept, settled, strict=True))
    for variable, value in zip(model.statistics(), kept, strict=True):
        np.testing.assert_array_equal(variable, value)
    np.testing.assert_array_equal(model.sample(seeds), before)


def test_latents_stay_within_the_truncation_of_their_row():
    model = _model(latent_dim=64, num_standing_batches=0)
    seeds = tf.range(500, dtype=tf.int64)
    truncation = tf.where(seeds % 2 == 0, 0.5, 0.0)
    z = model._latents(seeds, truncation).numpy()
    assert np.abs(z[::2]).max() <= 0.5
    assert np.abs(z[1::2]).max() > 3.0
    np.testing.assert_array_equal(z[1::2], model._latents(seeds)[1::2])
    # 1 - 2 t phi(t) / (2 Phi(t) - 1) at t = 1/2
    density, share = np.exp(-0.125) / np.sqrt(2 * np.pi), 0.3829249225480262
    assert z[::2].var() == pytest.approx(1.0 - density / share, rel=0.02)


def test_a_sample_depends_on_its_seed_label_and_truncation_alone():
    model = _model()
    seeds, label, truncation = tf.constant([3, 4, 3], tf.int64), tf.constant([0, 1, 0]), tf.constant([0.5, 0.0, 0.5])
    x = model.sample(seeds, label, truncation).numpy()
    np.testing.assert_allclose(x[0], x[2], atol=1e-6)
    np.testing.assert_allclose(model.sample(seeds[1:2], label[1:2])[0], x[1], atol=1e-5)
    other = model.sample(seeds, tf.constant([1, 1, 2]), truncation).numpy()
    assert np.abs(other[0] - x[0]).max() > 1e-6
    drawn = model.drawn_label(seeds)
    np.testing.assert_allclose(model.sample(seeds), model.sample(seeds, drawn), atol=1e-6)
    np.testing.assert_allclose(model.sample(seeds, tf.fill([3], -1)), model.sample(seeds), atol=1e-6)


def test_between_two_classes_the_ends_are_the_classes():
    model = _model()
    seeds, a, b = tf.range(2, dtype=tf.int64), tf.constant([0, 1]), tf.constant([2, 2])
    ends = [model.sample_between(seeds, a, b, tf.constant([fraction] * 2)) for fraction in (0.0, 1.0)]
    np.testing.assert_allclose(ends[0], model.sample(seeds, a), atol=1e-6)
    np.testing.assert_allclose(ends[1], model.sample(seeds, b), atol=1e-6)


def test_logs_are_of_all_minibatches_that_an_update_sums_up():
    model = _model(Frozen, num_discriminator_steps=1, num_accumulations=4)
    seen = {"discriminator": [], "generator": []}
    accumulate = model.accumulate

    def watched(group, loss_fn, shares):
        found = accumulate(group, loss_fn, shares)
        seen[group] = [np.mean(part[0] if group == "discriminator" else part) for part in found]
        return found

    model.accumulate = watched
    model.compile({group: keras.optimizers.SGD(0.1) for group in model.groups()}, run_eagerly=True)
    history = model.fit(tf.data.Dataset.from_tensors(_batch(16)), verbose=0).history
    for group, losses in seen.items():
        assert len(set(losses)) == 4
        assert history[f"loss/{group}"][0] == pytest.approx(np.mean(losses), rel=1e-5)


def test_first_singular_values_are_logged():
    golden = GOLDENS["biggan"]
    model = golden.build_compiled(run_eagerly=True)
    history = model.fit(golden.dataset(1), verbose=0).history
    for name in ("generator", "discriminator"):
        assert 0.0 < history[f"largest_singular_value/{name}"][0] < 10.0


def test_the_log_has_the_largest_singular_values_of_every_kernel():
    model = _model()
    layers = [*spectral_layers(model.generator), *spectral_layers(model.discriminator)]
    found = model.interval_logs()
    assert len({name.split("/")[1] for name in found}) == len(layers) > 10
    for layer in layers:
        expected = np.linalg.svd(np.reshape(layer.kernel, [-1, layer.kernel.shape[-1]]), compute_uv=False)[:3]
        values = [found[f"singular_value_{index}/{layer.name}"] for index in range(len(expected))]
        np.testing.assert_allclose(values, expected, rtol=1e-4)
        assert layer.name.startswith(("generator_", "discriminator_"))


@pytest.mark.parametrize(
    ("spec", "fields", "words"),
    [
        ({"num_classes": 0}, {}, "and 0 classes; BigGAN needs data.domain 'symmetric' and two classes or more"),
        ({"domain": "unit"}, {}, "the data have domain 'unit'"),
        ({}, {"num_accumulations": 0}, "num_accumulations is 0"),
        ({}, {"orthogonal_weight": -1.0}, "orthogonal_weight is -1.0"),
        ({}, {"standing_batch_size": 1}, "standing_batch_size is 1"),
    ],
)
def test_what_cannot_be_is_refused(spec, fields, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        BigGAN(dataclasses.replace(SPEC, **spec), **{**SMALL, **fields})
