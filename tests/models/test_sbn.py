"""Sigmoid belief nets: what they draw, infer and bound, exactly; what they refuse; that every procedure learns."""

import dataclasses

import keras
import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

from tests.goldens.table import GOLDENS
from tfdgm.configs import get_config
from tfdgm.configs.sbn import PROCEDURES
from tfdgm.core.types import DataSpec
from tfdgm.math.belief_net import log_marginal_tables
from tfdgm.math.binary_tables import binary_states
from tfdgm.models import registry

SPEC = DataSpec((4,), domain="binary", num_levels=2)
X = tf.cast(binary_states(4), tf.float32)
SEEDS = tf.range(16, dtype=tf.int64)


def _model(procedure="wake_sleep", *, scale=1.0, **fields):
    """A small one with random weights."""
    settings = {"hidden_sizes": (3, 2), "num_inference_steps": 20, "num_importance_samples": 3, **fields}
    model = registry.build("sbn", SPEC, procedure=procedure, **settings)
    rng = np.random.default_rng(0)
    for variable in (*model.network.generative_variables(), *model.network.recognition_variables()):
        variable.assign(scale * rng.normal(size=variable.shape))
    return model


def _log_p(model):
    """log p(x) of every x, by enumeration."""
    return log_marginal_tables(model.network.generative())[-1].numpy()


# ---- what it draws ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("autoregressive_prior", [False, True])
def test_samples_are_from_p(autoregressive_prior):
    model = _model(autoregressive_prior=autoregressive_prior)
    x = model.sample(tf.range(20_000, dtype=tf.int64)).numpy()
    counts = np.bincount(x.astype(int) @ [8, 4, 2, 1], minlength=16)
    p = np.exp(_log_p(model)).astype(np.float64)
    assert scipy.stats.chisquare(counts, p / p.sum() * len(x)).pvalue > 1e-3


def test_a_generative_pass_returns_every_layer_and_ends_in_the_sample():
    model = _model()
    h_2, h_1, x = model.generative_pass(SEEDS)
    assert [layer.shape[1] for layer in (h_2, h_1, x)] == [2, 3, 4]
    np.testing.assert_array_equal(x, model.sample(SEEDS))
    kernel, bias = model.network.generative_kernels[0].numpy(), model.network.generative_biases[0].numpy()
    np.testing.assert_allclose(model.sample_mean(SEEDS), scipy.special.expit(h_1 @ kernel + bias), rtol=1e-5)


def test_an_inference_pass_returns_every_layer_of_q():
    model, num = _model(), 4000
    x = tf.repeat(X[5:6], num, axis=0)
    same, h_1, h_2 = model.inference_pass(x, tf.range(num, dtype=tf.int64))
    np.testing.assert_array_equal(same, x)
    p = model.posterior_mean(X[5:6]).numpy()[0]
    assert np.abs(h_1.numpy().mean(0) - p).max() < 4.0 * 0.5 / np.sqrt(num)
    expected = tf.reduce_mean(tf.sigmoid(model.network.recognition().logits(2, h_1)), axis=0)
    assert np.abs(h_2.numpy().mean(0) - expected).max() < 4.0 * 0.5 / np.sqrt(num)
    encoded = model.encode(x, tf.range(num, dtype=tf.int64))
    np.testing.assert_array_equal(encoded["h_1"], h_1)
    np.testing.assert_array_equal(encoded["h_2"], h_2)


@pytest.mark.parametrize("name", ["encode", "reconstruct"])
def test_a_row_depends_on_its_own_example_and_seed(name):
    model = _model()

    def call(rows):
        found = getattr(model, name)(tf.gather(X, rows), tf.gather(SEEDS + 100, rows))
        return found["h_2"] if name == "encode" else found

    together = call(list(range(16)))
    np.testing.assert_allclose(call([7, 3]), tf.gather(together, [7, 3]), rtol=1e-6)


def test_layer_means_pass_means_down():
    model, h_2 = _model(), tf.constant([[1.0, 0.0], [1.0, 1.0]])
    net = model.network.generative()
    expected = tf.sigmoid(net.logits(2, tf.sigmoid(net.logits(1, h_2))))
    np.testing.assert_allclose(model.layer_mean(2, h_2), expected, rtol=1e-6)


# ---- what it bounds --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("procedure", ["wake_sleep", "gibbs_em"])
def test_bounds_lie_below_and_come_to_log_p(procedure):
    """By the recognition net, and by mean field where there is none."""
    model = _model(procedure, scale=0.5)
    log_p = _log_p(model)
    elbo = model.elbo(X, SEEDS, 2000).numpy()
    many = model.iwae_bound(X, SEEDS, 5000).numpy()
    assert (elbo < log_p).all()
    assert elbo.mean() < many.mean()
    np.testing.assert_allclose(many, log_p, atol=0.1)
    np.testing.assert_allclose(model.mean_field_iwae_bound(X, SEEDS, 5000), log_p, atol=0.1)


def test_the_yardstick_of_mean_field_is_there_where_asked_for():
    assert not hasattr(_model(num_inference_steps=0), "mean_field_iwae_bound")
    plain, fitted = _model("gibbs_em"), _model()
    fitted.network.set_weights([*plain.network.get_weights()[:5], *fitted.network.get_weights()[5:]])
    bounds = [model.mean_field_iwae_bound(X, SEEDS, 50) for model in (plain, fitted)]
    np.testing.assert_allclose(*bounds, rtol=1e-5)  # q is made of p alone
    np.testing.assert_allclose(plain.iwae_bound(X, SEEDS, 50), bounds[0], rtol=1e-5)


def test_posterior_means_of_mean_field_come_from_the_fit():
    model = _model("gibbs_em")
    found = model.posterior_mean(X).numpy()
    assert found.shape == (16, 3)
    draws = tf.reduce_mean(model.inference_pass(tf.repeat(X, 1000, 0), tf.range(16_000, dtype=tf.int64))[1][:1000], 0)
    assert np.abs(draws - found[0]).max() < 4.0 * 0.5 / np.sqrt(1000)


# ---- what it learns --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("procedure", PROCEDURES)
def test_training_raises_the_exact_likelihood(procedure):
    """From that of independent units, where `initialize` leaves it."""
    words = np.array([[1, 1, 0, 0], [0, 1, 0, 1], [0, 0, 1, 1]], np.float32)
    rng = np.random.default_rng(0)
    x = words[rng.integers(0, 3, 3000)].reshape(100, 30, 4)
    model = registry.build("sbn", SPEC, procedure=procedure, hidden_sizes=(4,), num_inference_steps=5)
    model.compile({group: keras.optimizers.Adam(0.03) for group in model.groups()})
    dataset = tf.data.Dataset.from_tensor_slices({"x": x})
    model.ensure_initialized(dataset)
    index = words.astype(int) @ [8, 4, 2, 1]
    before = _log_p(model)[index].mean()
    assert before < -2.4  # four units at their means
    model.fit(dataset, epochs=3, shuffle=False, verbose=0)
    assert _log_p(model)[index].mean() > before + 0.5


def test_groups_are_those_that_the_procedure_trains():
    groups = {name: set(_model(name).groups()) for name in PROCEDURES}
    assert groups["gibbs_em"] == groups["mean_field"] == {"generative"}
    assert groups["nvil"] == {"generative", "recognition", "baseline"}
    assert all(
        groups[name] == {"generative", "recognition"}
        for name in PROCEDURES
        if name not in ("nvil", *list(PROCEDURES)[:2])
    )


def test_registered_names_are_instances_by_preset():
    assert get_config("helmholtz:digits").model.procedure == "wake_sleep"
    assert get_config("nvil:mnist:three_layers").model.hidden_sizes == (200, 200, 200)
    for name, procedure in (("helmholtz", "wake_sleep"), ("nvil", "nvil")):
        own, general = get_config(f"{name}:mnist"), get_config(f"sbn:mnist:{procedure}")
        assert dataclasses.replace(own.model, model_name="sbn") == general.model
        assert own.optimizers == general.optimizers
    assert GOLDENS["nvil"].registered_name == "nvil"


# ---- what it refuses -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"procedure": "wakesleep"}, "procedure is 'wakesleep'; it must be one of gibbs_em, mean_field, wake_sleep"),
        ({"hidden_sizes": ()}, "num_hidden_layers is 0; it must be at least 1"),
        ({"hidden_sizes": (3, 0)}, "hidden_sizes is 0; it must be at least 1"),
        ({"procedure": "vimco", "num_importance_samples": 1}, "num_importance_samples is 1; it must be at least 2"),
        ({"num_gibbs_sweeps": 0}, "num_gibbs_sweeps is 0; it must be at least 1"),
        ({"num_mean_field_steps": 0}, "num_mean_field_steps is 0; it must be at least 1"),
        ({"moment_decay": 1.5}, "moment_decay is 1.5; it must lie between 0 and 1"),
        ({"procedure": "gibbs_em", "num_inference_steps": 0}, "num_inference_steps is 0; it must be at least 1"),
        (
            {"procedure": "reweighted_wake_sleep", "recognition_phases": "dream"},
            "recognition_phases is 'dream'; it must be one of wake, sleep, both",
        ),
    ],
)
def test_fields_out_of_range_are_refused_by_name(fields, message):
    with pytest.raises(ValueError, match=message):
        registry.build("sbn", SPEC, **fields)


def test_grey_levels_are_refused():
    with pytest.raises(ValueError, match="data.domain"):
        registry.build("sbn", DataSpec((4,), domain="unit"))
    model = _model()
    model.compile({group: keras.optimizers.SGD(0.1) for group in model.groups()})
    with pytest.raises(ValueError, match="x has the value 0.25 where BernoulliVisibles need 0 or 1"):
        model.fit(tf.data.Dataset.from_tensors({"x": np.full((2, 4), 0.25, np.float32)}), verbose=0)
