"""`sample(seeds)`: a row of samples is a function of its own seed, wherever and with whatever it is drawn."""

import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.table import GOLDENS, REPRESENTATIVES, slow_but

SAMPLERS = {name: golden for name, golden in GOLDENS.items() if golden.has_sampler}
SEEDS = np.array([3, 0, 2**40 + 1, 17, 5, 2**62, 99, 100], np.int64)


@pytest.fixture(scope="module", params=SAMPLERS.values(), ids=list(SAMPLERS))
def golden(request):
    """Those that have a sampler; that these are all is a test of its own."""
    return request.param


@pytest.fixture(scope="module")
def drawn(golden):
    """A golden's samples for `SEEDS`, eagerly, and the model that drew them."""
    model = golden.ready()
    return model, model.sample(tf.constant(SEEDS)).numpy()


@pytest.mark.parametrize("name", GOLDENS)
def test_a_model_has_a_sampler_as_its_golden_declares(name):
    """By method and by endpoint: no model is left out here unsaid, and none publishes samples that it can't draw."""
    model, has_sampler = GOLDENS[name].build(), GOLDENS[name].has_sampler
    assert hasattr(model, "sample") == has_sampler
    assert ("sample" in model.endpoints()) == has_sampler
    assert has_sampler or not any("sample" in endpoint for endpoint in model.endpoints())


def test_same_seed_same_sample_other_seed_other_sample(golden, drawn):
    model, samples = drawn
    assert samples.shape == (len(SEEDS), *golden.spec.shape)
    assert np.isfinite(samples).all()
    np.testing.assert_array_equal(model.sample(tf.constant(SEEDS)), samples)
    again = golden.ready().sample(tf.constant(SEEDS))
    np.testing.assert_array_equal(again, samples)
    others = model.sample(tf.range(1000, 1032, dtype=tf.int64)).numpy()
    assert len(np.unique(others, axis=0)) > 8  # six bits have few values to repeat; continuous ones none


def test_a_row_depends_on_its_seed_alone(drawn):
    model, samples = drawn
    permutation = np.random.default_rng(0).permutation(len(SEEDS))
    for rows in (permutation, [4], [6, 1], [2, 2, 2, 5, 7]):
        found = model.sample(tf.constant(SEEDS[rows]))
        np.testing.assert_allclose(found, samples[rows], rtol=1e-5, atol=1e-5)


def test_a_graph_draws_what_eager_mode_draws(drawn):
    _assert_same_samples(*drawn, jit_compile=False)


@pytest.mark.parametrize("golden", slow_but(SAMPLERS, REPRESENTATIVES, GOLDENS.__getitem__), indirect=True)
def test_xla_draws_what_eager_mode_draws(drawn):
    _assert_same_samples(*drawn, jit_compile=True)


def _assert_same_samples(model, samples, jit_compile):
    sample = tf.function(
        model.sample, jit_compile=jit_compile, autograph=False, input_signature=[tf.TensorSpec([None], tf.int64)]
    )
    np.testing.assert_allclose(sample(tf.constant(SEEDS)), samples, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(sample(tf.constant(SEEDS[:3])), samples[:3], rtol=1e-5, atol=1e-5)


def test_discrete_samples_are_on_their_levels(golden, drawn):
    levels = (golden.spec.num_levels - 1) * drawn[1]
    on_level = np.abs(levels - np.round(levels)) < 1e-3
    assert on_level.all() if golden.is_discrete else not on_level.all()
