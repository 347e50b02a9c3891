"""Training the RBM: what it reaches where the optimum is known, its chains, and what it refuses to train on."""

import functools
import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import logsumexp

from tests.goldens.enumeration import binary
from tests.goldens.small_rbms import log_partition, small_rbm
from tests.goldens.strategies import mirrored
from tests.goldens.table import GOLDENS
from tfdgm.core.types import DataSpec
from tfdgm.models import registry


def _log_likelihood(model, x):
    return float(tf.reduce_mean(model.unnormalized_log_prob(tf.constant(x))) - log_partition(model))


@pytest.mark.parametrize("name", [name for name, golden in GOLDENS.items() if golden.registered_name == "rbm"])
def test_training_raises_the_likelihood_of_the_data(name):
    """From that of independent units, where `initialize` leaves it; exact, by the hidden states."""
    golden = GOLDENS[name]
    model, dataset = golden.build_compiled(), golden.dataset(100)
    examples = golden.batches(100).reshape(-1, *golden.spec.shape)
    model.ensure_initialized(dataset)
    before = _log_likelihood(model, examples)
    model.fit(dataset, shuffle=False, verbose=0)
    assert _log_likelihood(model, examples) > before + 0.1


def bars_and_stripes(size):
    """All pictures of whole rows and all of whole columns, [2^(size + 1) - 2, size, size, 1]."""
    lines = np.repeat(binary(size)[:, :, None], size, axis=2)
    return np.unique(np.concatenate([lines, lines.transpose(0, 2, 1)]), axis=0)[..., None].astype(np.float32)


def _train_on_patterns(size, num_hidden, num_steps, **fields):
    """Exact mean log-likelihood of the patterns after training on all of them at once."""
    x = bars_and_stripes(size)
    spec = DataSpec((size, size, 1), domain="binary", num_levels=2)
    model = registry.build("rbm", spec, num_hidden=num_hidden, negative_phase="tempering", **fields)
    schedule = keras.optimizers.schedules.PolynomialDecay(0.01, num_steps, 0.0002)
    model.compile({"rbm": keras.optimizers.Adam(schedule)}, steps_per_execution=500)
    model.fit(tf.data.Dataset.from_tensors({"x": x}).repeat(), steps_per_epoch=num_steps, verbose=0)
    states = np.array(list(itertools.product([0.0, 1.0], repeat=size * size)), np.float32)
    found = logsumexp(model.unnormalized_log_prob(tf.constant(states.reshape(-1, size, size, 1))))
    assert found == pytest.approx(float(log_partition(model)), abs=1e-3)  # summed over visibles, over hidden
    return len(x), float(np.mean(model.unnormalized_log_prob(tf.constant(x))) - found)


def test_bars_and_stripes_of_3_are_learned():
    num_patterns, found = _train_on_patterns(3, 12, 2500, num_chains=50, num_temperatures=4)
    assert num_patterns == 14
    assert -np.log(14) - 0.15 < found < -np.log(14)


@pytest.mark.slow
def test_bars_and_stripes_of_4_are_learned():
    num_patterns, found = _train_on_patterns(4, 16, 10_000, num_chains=100, num_temperatures=5)
    assert num_patterns == 30
    assert -np.log(30) - 0.2 < found < -np.log(30)


def test_chains_go_on_from_step_to_step():
    """Each step's chains are a sweep from the step's before, and the normalizer starts reverse annealing at them."""
    golden = GOLDENS["rbm"]
    model, x = golden.build_compiled(), golden.batches(3)
    fit = functools.partial(model.fit, shuffle=False, verbose=0)
    fit(tf.data.Dataset.from_tensor_slices({"x": x[:2]}))
    before = model.normalizer().states.numpy()
    fit(tf.data.Dataset.from_tensor_slices({"x": x[2:]}))
    after = model.normalizer().states.numpy()
    assert before.shape == after.shape == (12, 64)
    np.testing.assert_array_equal(after, model.negative_phase.chains)
    fresh = golden.build_compiled()
    fresh.fit(tf.data.Dataset.from_tensor_slices({"x": x}), shuffle=False, verbose=0)
    np.testing.assert_array_equal(fresh.negative_phase.chains, after)
    assert (before != after).any()
    assert GOLDENS["rbm_gaussian"].build().normalizer().states is None  # contrastive divergence keeps none


@pytest.mark.parametrize("num_replicas", [1, 2])
def test_data_outside_the_support_is_refused_before_the_first_step(num_replicas):
    strategy = mirrored() if num_replicas == 2 else tf.distribute.get_strategy()
    with strategy.scope():
        model = small_rbm()
        model.compile("sgd")
    weights, x = model.get_weights(), np.ones((4, 2, 2, 1), np.float32)
    x[3, 1, 0, 0] = 0.5  # on the second replica
    message = (
        "^x has the value 0.5 where BernoulliVisibles need 0 or 1, as data of domain 'binary' are;"
        " feed such values, or choose data.domain and visible_units for those there are$"
    )
    with pytest.raises(ValueError, match=message):
        model.fit(tf.data.Dataset.from_tensors({"x": x}) if num_replicas == 1 else _distributed(strategy, x), verbose=0)
    assert model.step.numpy() == 0
    for found, expected in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(found, expected)


def _distributed(strategy, x):
    return strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices({"x": x}).batch(len(x)))


def test_chains_that_replicas_cannot_share_are_refused():
    strategy = mirrored()
    with strategy.scope():
        model = small_rbm(num_chains=7)
        model.compile("sgd")
    message = (
        "^num_chains is 7; it must be a multiple of the number of replicas, and each batch must give all replicas"
        " equally many rows$"
    )
    with pytest.raises(ValueError, match=message):
        model.fit(_distributed(strategy, np.ones((4, 2, 2, 1), np.float32)), steps_per_epoch=1, verbose=0)
