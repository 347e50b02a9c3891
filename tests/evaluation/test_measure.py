import math

import numpy as np
import pytest
import tensorflow as tf

import tfdgm
from tfdgm.configs.vae import VAEEvaluation
from tfdgm.evaluation.measure import batch_size, figures, measure
from tfdgm.evaluation.metrics import METRICS
from tfdgm.evaluation.partition import LogPartition

SPEC = tfdgm.DataSpec((4,), domain="real", num_levels=0)
SCALE = 0.5


def batches(x, size):
    x = np.asarray(x, np.float32)
    for start in range(0, len(x), size):
        rows = x[start : start + size]
        yield {"x": tf.constant(rows), "index": tf.range(start, start + len(rows), dtype=tf.int64)}


@pytest.fixture(scope="module")
def linear_gaussian():
    """x = W z + SCALE noise with orthogonal columns of W, so that the exact posterior is a diagonal normal.

    Gives the model with that posterior as its encoder, 400 examples of its own, and their exact log p(x).
    """
    loadings = np.array([[1.0, 0.5], [1.0, -0.5], [1.0, 0.5], [1.0, -0.5]], np.float32)
    precision = 1.0 + np.sum(loadings**2, axis=0) / SCALE**2
    model = tfdgm.build("vae", SPEC, latent_dim=2, hidden_sizes=(), likelihood="gaussian")
    model.decoder.get_layer("outputs").set_weights([loadings.T, np.zeros(4)])
    model.encoder.get_layer("outputs").set_weights(
        [
            np.concatenate([loadings / SCALE**2 / precision, np.zeros([4, 2])], axis=1),
            np.concatenate([np.zeros(2), -np.log(precision)]),
        ]
    )
    model.log_scale.assign(math.log(SCALE))
    random = np.random.default_rng(0)
    x = random.standard_normal([400, 2]) @ loadings.T + SCALE * random.standard_normal([400, 4])
    covariance = loadings @ loadings.T + SCALE**2 * np.eye(4)
    log_prob = -0.5 * (
        np.sum(x @ np.linalg.inv(covariance) * x, axis=1) + np.linalg.slogdet(2 * np.pi * covariance).logabsdet
    )
    return model, x, log_prob


@pytest.fixture
def biased(linear_gaussian):
    """The same model with a posterior that is off, and 400 examples."""
    model, x, log_prob = linear_gaussian
    outputs = model.encoder.get_layer("outputs")
    kernel, bias = outputs.get_weights()
    outputs.set_weights([kernel, bias + 0.7])
    yield model, x, log_prob
    outputs.set_weights([kernel, bias])


def test_bounds_at_the_exact_posterior_are_the_log_likelihood(linear_gaussian):
    model, x, log_prob = linear_gaussian
    settings = VAEEvaluation(num_elbo_samples=64, num_iwae_samples=3)
    found = measure(model, batches(x, 100), ["elbo", "iwae"], settings, seed=0)
    # Every importance weight is p(x) itself, whatever the sample.
    np.testing.assert_allclose(found["iwae"], log_prob, atol=1e-4)
    # The ELBO's likelihood term is sampled: E_q of a quadratic form with known variance.
    assert np.mean(found["elbo"] - log_prob) == pytest.approx(0.0, abs=0.05)


def test_iwae_bound_rises_with_its_samples_towards_the_log_likelihood(biased):
    model, x, log_prob = biased
    means = [
        measure(model, batches(x, 100), ["iwae"], VAEEvaluation(num_iwae_samples=k), seed=0)["iwae"].mean()
        for k in (1, 100)
    ]
    assert means[0] < means[1] < log_prob.mean() + 0.01
    assert log_prob.mean() - means[1] < 0.2 * (log_prob.mean() - means[0])


def test_a_figure_may_be_held_against_another_split():
    metrics = {"neighbour_accuracy": METRICS["neighbour_accuracy"]}
    values = {"representation_and_label": np.array([[0.0, 1.0], [0.9, 2.0], [3.0, 1.0]])}
    references = {("train", "representation_and_label"): np.array([[0.1, 1.0], [1.0, 3.0], [2.8, 1.0]])}
    (figure,) = figures(metrics, values, SPEC, split="test", seed=0, references=references)
    assert figure.value == pytest.approx(2 / 3)
    assert figure.num_examples == 3
    references = {key: value * [np.nan, 1.0] for key, value in references.items()}
    (figure,) = figures(metrics, values, SPEC, split="test", seed=0, references=references)
    assert figure.value is None


def test_values_do_not_depend_on_the_batch_size(biased):
    model, x, _ = biased
    settings = VAEEvaluation(num_elbo_samples=2, num_iwae_samples=4)
    names = ["elbo", "iwae", "posterior_mean"]
    whole = measure(model, batches(x[:50], 50), names, settings, seed=3)
    parts = measure(model, batches(x[:50], 7), names, settings, seed=3)
    for name in names:
        np.testing.assert_allclose(parts[name], whole[name], rtol=1e-5, atol=1e-5)
    assert whole["posterior_mean"].shape == (50, 2)


def test_values_depend_on_the_seed(biased):
    model, x, _ = biased
    settings = VAEEvaluation(num_elbo_samples=1)
    first, again, other = (
        measure(model, batches(x[:20], 20), ["elbo"], settings, seed=seed)["elbo"] for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert np.all(first != other)


def test_figures_carry_unit_kind_and_standard_error():
    values = {"iwae": np.array([-1.0, -3.0])}
    metrics = {"iwae_7": METRICS["iwae"], "nll_upper_bound": METRICS["nll_upper_bound"]}
    bound, nll = figures(metrics, values, SPEC, split="test", seed=5)
    assert (bound.name, bound.value, bound.unit, bound.kind) == ("iwae_7", -2.0, "nats", "stochastic_bound")
    assert (bound.standard_error, bound.num_examples, bound.num_non_finite) == (pytest.approx(1.0), 2, 0)
    assert (bound.split, bound.seed) == ("test", 5)
    assert nll.value == 2.0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_non_finite_values_are_counted_and_give_no_figure(bad):
    metrics = {"elbo": METRICS["elbo"], "active_units": METRICS["active_units"]}
    values = {"elbo": np.array([0.0, bad, 1.0]), "posterior_mean": np.array([[0.0, 1.0], [bad, bad], [1.0, 0.0]])}
    for figure in figures(metrics, values, SPEC, split="test", seed=0):
        assert (figure.value, figure.standard_error) == (None, None)
        assert (figure.num_non_finite, figure.num_examples) == (1, 3)


def test_log_partition_is_taken_off_and_its_error_added():
    values = {"unnormalized_log_prob": np.array([9.0, 11.0])}
    names = ["log_prob_enumeration", "log_prob_ais", "log_partition_ais"]
    ways = {"enumeration": LogPartition(12.0, 0.0, "exact"), "ais": LogPartition(12.5, 0.75, "annealed")}
    exact, estimate, log_z = figures(
        {name: METRICS[name] for name in names}, values, SPEC, split="test", seed=0, log_partitions=ways
    )
    assert (exact.value, exact.kind, exact.note) == (-2.0, "exact", "exact")
    assert exact.standard_error == pytest.approx(1.0)
    assert (estimate.value, estimate.kind, estimate.note) == (-2.5, "estimate", "annealed")
    assert estimate.standard_error == pytest.approx(1.25)
    assert (log_z.value, log_z.standard_error, log_z.unit, log_z.kind) == (12.5, 0.75, "nats", "estimate")
    assert (log_z.num_examples, log_z.num_non_finite, log_z.split, log_z.note) == (0, 0, "", "annealed")


def test_a_metric_says_what_it_is_to_be_held_against_unless_a_value_is_not_finite():
    code = np.random.default_rng(0).random((20, 3))
    metrics = {"max_correlation": METRICS["max_correlation"]}
    (figure,) = figures(metrics, {"code": code}, SPEC, split="test", seed=0)
    assert figure.note.endswith("shuffled over the 20 examples: by chance alone")
    (figure,) = figures(metrics, {"code": np.where(code > 0.9, np.nan, code)}, SPEC, split="test", seed=0)
    assert (figure.value, figure.note) == (None, "")


def test_an_infinite_log_partition_gives_no_figure():
    ways = {"ais": LogPartition(math.nan, math.nan, "annealed")}
    metrics = {name: METRICS[name] for name in ("log_prob_ais", "log_partition_ais")}
    values = {"unnormalized_log_prob": np.zeros(3)}
    found = figures(metrics, values, SPEC, split="test", seed=0, log_partitions=ways)
    assert [(figure.value, figure.standard_error, figure.num_non_finite) for figure in found] == [
        (None, None, 3),
        (None, None, 0),
    ]


def test_accuracy_and_nll_are_of_each_examples_own_label():
    model = tfdgm.build("classifier", tfdgm.DataSpec((4,), num_classes=3), network="mlp")
    x = np.random.default_rng(0).normal(size=(25, 4)).astype(np.float32)
    label = np.arange(25, dtype=np.int32) % 3
    labelled = ({**batch, "label": tf.constant(label[batch["index"].numpy()])} for batch in batches(x, 10))
    found = measure(model, labelled, ["is_correct", "label_nll"], None, seed=0)
    p = model.predict_probabilities(x).numpy()
    np.testing.assert_array_equal(found["is_correct"], p.argmax(axis=1) == label)
    np.testing.assert_allclose(found["label_nll"], -np.log(p[np.arange(25), label]), rtol=1e-5)
    accuracy, nll = figures({name: METRICS[name] for name in ("accuracy", "nll")}, found, SPEC, split="test", seed=0)
    share = np.mean(p.argmax(axis=1) == label)
    assert 0.0 < share < 1.0
    assert (accuracy.value, accuracy.unit, accuracy.kind) == (pytest.approx(share), "fraction", "exact")
    assert accuracy.standard_error == pytest.approx(math.sqrt(share * (1.0 - share) / 24))
    assert (nll.unit, nll.kind, nll.num_examples) == ("nats", "exact", 25)


def test_without_quantities_no_data_is_read():
    assert measure(None, iter(lambda: pytest.fail("data was read"), 0), [], None, seed=0) == {}


@pytest.mark.parametrize(("shape", "size"), [((28, 28, 1), 100), ((64, 64, 3), 6), ((512, 512, 3), 1), ((2,), 100)])
def test_larger_examples_are_measured_fewer_at_once(shape, size):
    assert batch_size(tfdgm.DataSpec(shape)) == size
