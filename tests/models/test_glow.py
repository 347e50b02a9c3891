"""Glow: what its bound bounds, whole levels in and out, sizes, recomputation, what is refused."""

import dataclasses
import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.precision import dtype_policy
from tests.goldens.table import GOLDENS
from tfdgm.configs import get_config
from tfdgm.core import philox
from tfdgm.core.types import DataSpec
from tfdgm.models.glow import Glow
from tfdgm.training.estimate import estimate_step

TINY = DataSpec((2, 2, 1), dtype="uint8", domain="uint8", num_levels=3)
SEEDS = tf.range(6, dtype=tf.int64)


def _glow(spec=TINY, *, num_steps=2, x=None, dtype="float64", **fields):
    keras.utils.set_random_seed(0)
    with dtype_policy(dtype):
        model = Glow(spec, **{"num_scales": 1, "num_filters": 4, "num_steps": num_steps, **fields})
        model.compile(keras.optimizers.Adam(1e-2))
    if x is not None:
        model.fit(tf.data.Dataset.from_tensors({"x": x}).repeat(5), verbose=0)
    return model


def _pictures(spec, num=64):
    return np.random.default_rng(0).integers(0, spec.num_levels, (num, *spec.shape)).astype("uint8")


@pytest.mark.parametrize("dequantization", ["uniform", "variational"])
def test_the_bound_lies_below_the_probability_of_the_cell(dequantization):
    """P(k) is the mass of the density over k's cell, by quadrature on its four dimensions."""
    model = _glow(x=_pictures(TINY), dequantization=dequantization, num_dequantization_filters=3)
    images = np.array([[0, 1, 2, 1], [2, 2, 0, 0]], "uint8").reshape(2, 2, 2, 1)
    nodes, weights = np.polynomial.legendre.leggauss(9)
    points = np.array(list(itertools.product(0.5 + 0.5 * nodes, repeat=4))).reshape(-1, 2, 2, 1)
    mass = np.prod(np.array(list(itertools.product(0.5 * weights, repeat=4))), axis=1)
    for image in images:
        log_probability = np.log(np.sum(mass * np.exp(model.log_prob(tf.constant(image + points)))))
        bounds = model.dequantized_log_prob(np.tile(image, (4000, 1, 1, 1)), tf.range(4000, dtype=tf.int64)).numpy()
        # Importance weights average to the probability itself, their logs to less.
        assert np.log(np.mean(np.exp(bounds))) == pytest.approx(log_probability, abs=0.05)
        assert bounds.mean() < log_probability
        np.testing.assert_allclose(
            model.bits_per_dim(image[None], SEEDS[:1]), -bounds[:1] / (4.0 * np.log(2.0)), rtol=1e-12
        )


def test_more_draws_are_the_mean_of_their_bounds():
    """Uniform noise has log q = 0: a draw's bound is the density where its noise leads."""
    model, x = _glow(x=_pictures(TINY)), _pictures(TINY, 6)
    noises = [philox.row_uniform(SEEDS, TINY.shape, stream=draw, dtype="float64") for draw in range(3)]
    bounds = [model.log_prob(x + noise) for noise in noises]
    for num in (1, 3):
        found = model.dequantized_log_prob(x, SEEDS, num)
        np.testing.assert_allclose(found, np.mean(bounds[:num], axis=0), rtol=1e-12)
    assert np.abs(bounds[0] - bounds[1]).max() > 1e-3


def test_whole_levels_stand_for_the_middle_of_their_cells():
    model, x = _glow(x=_pictures(TINY)), _pictures(TINY, 6)
    middle = tf.constant(x + 0.5)
    np.testing.assert_allclose(model.log_prob(x), model.log_prob(middle), rtol=1e-12)
    np.testing.assert_array_equal(model.levels(model.decode(model.encode(x)["z"])), x)
    np.testing.assert_array_equal(model.levels(tf.constant([[-3.0, 0.2], [1.999, 7.0]])), [[0, 0], [1, 2]])
    assert model.sample(SEEDS).dtype == tf.uint8
    assert model.sample(SEEDS).numpy().max() <= 2


def test_fewer_bits_are_the_highest_ones():
    spec = DataSpec((2, 2, 1), dtype="uint8", domain="uint8", num_levels=256)
    model = _glow(spec, x=_pictures(spec), num_bits=2)
    assert (model.num_grey_levels, model.cell) == (4, 64)
    x = np.array([0, 63, 64, 255], "uint8").reshape(1, 2, 2, 1)
    same = np.array([17, 1, 127, 200], "uint8").reshape(1, 2, 2, 1)
    np.testing.assert_array_equal(model.log_prob(x), model.log_prob(same))
    np.testing.assert_array_equal(model.levels(model.decode(model.encode(x)["z"])).numpy().ravel(), [32, 32, 96, 224])


def test_initialization_standardises_the_dequantised_batch():
    golden = GOLDENS["glow"]
    with dtype_policy("float64"):
        model = golden.build_compiled()
    model.ensure_initialized(golden.dataset(1, 64))
    flags = [variable for variable in model.variables if variable.path.endswith("actnorm_0_initialized")]
    assert [flag.numpy().tolist() for flag in flags] == [[1]]
    # The noise is that of the first step; with the middles of cells in its place moments are near enough.
    z = model.bijector.inverse_and_log_det(tf.constant(golden.batches(1, 64)[0] + 0.5))[0].numpy()
    assert np.abs(z.mean(0)).max() < 0.5
    assert 0.5 < z.std() < 1.5


def test_every_coupling_starts_as_the_identity():
    """So a new flow only permutes, turns and scales: it is affine, and midpoints stay midpoints."""
    golden = GOLDENS["glow_recompute"]
    with dtype_policy("float64"):
        model = golden.build_compiled()
    model.ensure_initialized(golden.dataset(1, 64))
    x = tf.constant(golden.batches(1, 2)[0].astype("float64"))
    z = [model.encode(point)["z"] for point in (x[:1], x[1:], 0.5 * (x[:1] + x[1:]))]
    shift = float(np.abs(z[0]).max())
    np.testing.assert_allclose(z[2], 0.5 * (z[0] + z[1]), atol=1e-9 * shift)


def test_recomputed_steps_train_to_the_same_weights():
    spec = GOLDENS["glow"].spec
    x = GOLDENS["glow"].batches(1, 16)[0]
    models = [_glow(spec, x=x, num_scales=2, recompute=recompute) for recompute in (False, True)]
    for one, other in zip(models[0].variables, models[1].variables, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-6, atol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("recompute", [False, True])
def test_only_without_recomputation_does_activation_memory_grow_with_depth(recompute):
    """By the tensors that a traced training step has in use at once."""
    config, spec = get_config("glow:digits:smoke"), GOLDENS["glow"].spec
    found = []
    for num_steps in (1, 3):
        config.model = dataclasses.replace(config.model, recompute=recompute, num_steps=num_steps)
        found.append(estimate_step(config, spec, (1,)).activation_bytes(64))
    assert found[0] > 0
    assert found[1] == found[0] if recompute else found[1] > 2.0 * found[0]


def test_log_determinants_stay_in_float32_under_mixed_precision():
    model = _glow(GOLDENS["glow"].spec, dtype="mixed_bfloat16", num_scales=2)
    model.fit(GOLDENS["glow"].dataset(2), verbose=0)
    x = GOLDENS["glow"].batches(1)[0]
    assert model.log_prob(x).dtype == tf.float32
    noise = tf.random.stateless_uniform([8, 4, 8, 3], [0, 1])
    assert all(value.dtype == tf.float32 for value in model.dequantizer(x / 255.0, noise))
    _, log_det = model.bijector.inverse_and_log_det(tf.constant(x, tf.float32))
    assert log_det.dtype == tf.float32


def test_bits_per_dim_as_published_take_given_noise_or_fresh():
    golden = GOLDENS["glow"]
    model, x = golden.ready(), golden.batches(1)[0]
    bits = model.endpoints()["bits_per_dim"].fn
    given = bits(x=tf.constant(x), seed=tf.range(len(x), dtype=tf.int64))
    np.testing.assert_array_equal(given["bits_per_dim"], model.bits_per_dim(x, tf.range(len(x), dtype=tf.int64)))
    fresh = bits(x=tf.constant(x), seed=tf.fill([len(x)], tf.constant(-1, tf.int64)))
    assert len(set(fresh["seed"].numpy())) == len(x)
    np.testing.assert_array_equal(fresh["bits_per_dim"], model.bits_per_dim(x, fresh["seed"]))


@pytest.mark.parametrize(
    ("spec", "fields", "message"),
    [
        (DataSpec((4, 4, 1)), {}, "the data have domain 'unit' .* Glow needs data.domain 'uint8'"),
        (DataSpec((4,), dtype="uint8", domain="uint8"), {}, r"shape \(4,\); Glow needs .* images"),
        (TINY, {"num_scales": 2}, "num_scales is 2, but images of 2x2 can be halved 1 times"),
        (TINY, {"num_bits": 4}, "num_bits is 4, but the data have 3 levels; only 8-bit images have bits"),
        (TINY, {"num_bits": 9}, "num_bits is 9; it must lie between 0 and 8"),
        (TINY, {"transform": "rational_quadratic"}, "transform is 'rational_quadratic'; it must be one of additive"),
        (TINY, {"mixing": "reversal"}, "mixing is 'reversal'; it must be one of plain, lu"),
        (TINY, {"dequantization": "none"}, "dequantization is 'none'; it must be one of uniform, variational"),
        (TINY, {"num_filters": 0}, "num_filters is 0; it must be at least 1"),
    ],
)
def test_settings_that_cannot_be_are_refused(spec, fields, message):
    with pytest.raises(ValueError, match=message):
        Glow(spec, **{"num_scales": 1, **fields})
