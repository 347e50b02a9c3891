"""The VAE's estimates against closed forms: on a linear-Gaussian model everything is known, on few latents too."""

import dataclasses
import itertools

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from tests.goldens.precision import dtype_policy
from tests.goldens.table import GOLDENS
from tfdgm.configs import get_config
from tfdgm.core import philox
from tfdgm.core.types import DataSpec
from tfdgm.models.flow_posterior import FLOWS
from tfdgm.models.registry import build_from_config
from tfdgm.models.vae import VAE

tfd = tfp.distributions
pytestmark = pytest.mark.usefixtures("_float64")

VECTOR = DataSpec((5,), domain="real", num_levels=0)
BITS = DataSpec((3, 2, 1), domain="binary", num_levels=2)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(7, 5))
SEEDS = tf.range(7, dtype=tf.int64)


def _set_linear_gaussian(model, loading, mean, variance, *, encoder_kernel, encoder_bias, posterior_variance):
    """p(x|z) = N(mean + loading z, variance I), q(z|x) = N(x encoder_kernel + encoder_bias, posterior_variance)."""
    latent_dim = loading.shape[1]
    model.decoder.get_layer("outputs").set_weights([loading.T, mean])
    kernel = np.concatenate([encoder_kernel, np.zeros_like(encoder_kernel)], axis=1)
    bias = np.concatenate([encoder_bias, np.full(latent_dim, 1.0) * np.log(posterior_variance)])
    model.encoder.get_layer("outputs").set_weights([kernel, bias])
    model.log_scale.assign(0.5 * np.log(variance))


@pytest.fixture
def linear():
    """A linear-Gaussian VAE with arbitrary weights, log p(x) and the posterior p(z|x) of the examples `X`."""
    model = VAE(VECTOR, latent_dim=2, hidden_sizes=(), likelihood="gaussian")
    loading, mean, variance = RNG.normal(size=(5, 2)), RNG.normal(size=5), 0.6
    _set_linear_gaussian(
        model,
        loading,
        mean,
        variance,
        encoder_kernel=0.2 * RNG.normal(size=(5, 2)),
        encoder_bias=RNG.normal(size=2),
        posterior_variance=np.array([0.5, 0.3]),
    )
    log_prob = tfd.MultivariateNormalFullCovariance(mean, loading @ loading.T + variance * np.eye(5)).log_prob(X)
    covariance = np.linalg.inv(np.eye(2) + loading.T @ loading / variance)
    posterior_mean = (X - mean) @ loading @ covariance.T / variance
    posterior = tfd.MultivariateNormalFullCovariance(posterior_mean, np.broadcast_to(covariance, (7, 2, 2)))
    return model, log_prob, posterior


def test_elbo_is_the_evidence_less_the_gap(linear):
    """ELBO = log p(x) - KL(q(z|x) || p(z|x)), with E_q log p(x|z) from the model's own likelihood at 2 D points."""
    model, log_prob, posterior = linear
    q = model.encode(X)
    deviation = np.exp(0.5 * q["z_log_var"])
    # A quadratic of z has its exact mean under N(m, diag s^2) at the points m +- sqrt(D) s e_d.
    offsets = np.sqrt(2.0) * np.concatenate([np.eye(2), -np.eye(2)])
    points = q["z_mean"].numpy()[:, None] + deviation[:, None] * offsets
    outputs = tf.reshape(model.decoder(points.reshape(-1, 2)), [7, 4, 5])
    expected_log_likelihood = tf.reduce_mean(model.likelihood.log_prob(outputs, model.log_scale.value, X[:, None]), 1)
    kl = model._terms(tf.constant(X), SEEDS, 1)[1]
    q_distribution = tfd.MultivariateNormalFullCovariance(q["z_mean"], tf.linalg.diag(deviation**2))
    gap = q_distribution.kl_divergence(posterior)
    np.testing.assert_allclose(expected_log_likelihood - kl, log_prob - gap, rtol=0, atol=1e-9)


def test_every_log_weight_is_the_evidence_plus_a_log_ratio(linear):
    """log p(x, z) / q(z|x) = log p(x) + log p(z|x) / q(z|x) for every z that the model draws."""
    model, log_prob, posterior = linear
    log_weights, _, _, z = model._terms(tf.constant(X), SEEDS, 4)
    q = model.encode(X)
    q = tfd.MultivariateNormalDiag(q["z_mean"], tf.exp(0.5 * q["z_log_var"]))
    z = tf.transpose(z, [1, 0, 2])
    expected = log_prob + posterior.log_prob(z) - q.log_prob(z)
    np.testing.assert_allclose(tf.transpose(log_weights), expected, rtol=0, atol=1e-9)


def test_bounds_rise_to_the_evidence(linear):
    model, log_prob, _ = linear
    many = np.repeat(X, 300, axis=0)
    seeds = tf.range(len(many), dtype=tf.int64)
    bounds = {k: model.iwae_bound(many, seeds, k).numpy() for k in (1, 5, 50)}
    # The same bound, the KL estimated in one of them.
    difference = bounds[1] - model.elbo(many, seeds).numpy()
    assert difference.mean() == pytest.approx(0.0, abs=5.0 * difference.std() / np.sqrt(len(many)))
    assert bounds[1].mean() < bounds[5].mean() < bounds[50].mean() < float(tf.reduce_mean(log_prob))
    np.testing.assert_allclose(model.iwae_bound(X, SEEDS, 20_000), log_prob, atol=0.1)


def test_blocks_of_samples_make_one_bound(linear):
    model, _, _ = linear
    found = model.iwae_bound(X, SEEDS, 101)  # a prime: blocks of one
    assert found.shape == (7,)
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(model.iwae_bound(X[3:5], SEEDS[3:5], 200), model.iwae_bound(X, SEEDS, 200)[3:5])


@pytest.mark.parametrize(("latent_dim", "anchor"), [(2, 0.005707), (10, 17.451947), (20, 27.277300)])
def test_probabilistic_pca_is_the_linear_gaussian_optimum(latent_dim, anchor):
    """Weights at Tipping & Bishop's (1999) maximum, q(z|x) the exact posterior: the bound is log p(x), per example."""
    x = load_digits().data / 16.0
    mean = x.mean(0)
    eigenvalues, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
    eigenvalues, vectors = eigenvalues[::-1], vectors[:, ::-1]
    variance = eigenvalues[latent_dim:].mean()
    loading = vectors[:, :latent_dim] * np.sqrt(eigenvalues[:latent_dim] - variance)
    # M = loading' loading + variance I is diagonal, hence p(z|x) = N(M^-1 loading' (x - mean), variance M^-1) too.
    kernel = loading / eigenvalues[:latent_dim]
    model = VAE(
        DataSpec((64,), domain="unit", num_levels=17), latent_dim=latent_dim, hidden_sizes=(), likelihood="gaussian"
    )
    _set_linear_gaussian(
        model,
        loading,
        mean,
        variance,
        encoder_kernel=kernel,
        encoder_bias=-mean @ kernel,
        posterior_variance=variance / eigenvalues[:latent_dim],
    )
    seeds = tf.range(len(x), dtype=tf.int64)
    bound = model.iwae_bound(x, seeds, 1).numpy()
    assert bound.mean() == pytest.approx(anchor, abs=1e-6)
    assert bound.mean() == pytest.approx(PCA(latent_dim, svd_solver="full").fit(x).score(x), abs=1e-5)
    estimates = model.elbo(x, seeds, 4).numpy() - bound  # the same bound, its expectation over z left to sampling
    assert estimates.mean() == pytest.approx(0.0, abs=5.0 * estimates.std() / np.sqrt(len(x)))


def _vae(*, scale=1.0, latent_dim=2, **fields):
    """With arbitrary weights."""
    model = VAE(BITS, latent_dim=latent_dim, hidden_sizes=(4,), flow_hidden_sizes=(5,), flow_context_size=3, **fields)
    rng = np.random.default_rng(1)
    for variable in model.trainable_variables:
        variable.assign(scale * rng.normal(size=variable.shape))
    return model


def _grid(latent_dim, half_width, num):
    """Points [num^D, D] and the volume of each: sums over them are integrals, for what is smooth and has no tails."""
    axis, step = np.linspace(-half_width, half_width, num, retstep=True)
    return np.array(list(itertools.product(axis, repeat=latent_dim))), step**latent_dim


@pytest.mark.parametrize(("flow", "latent_dim"), list(itertools.product(FLOWS, (1, 2))))
def test_bounds_with_a_flow_are_bounds_of_the_evidence(flow, latent_dim):
    """log p(x) by a sum over a grid of z; the expectation of w, which is p(x), and of log w by one over the noise."""
    model = _vae(scale=0.4, latent_dim=latent_dim, posterior_flow=flow, num_flow_steps=2)
    x = tf.constant(np.random.default_rng(1).integers(0, 2, (3, *BITS.shape)), tf.float64)
    z, volume = _grid(latent_dim, 9.0, 121)
    prior = tfd.MultivariateNormalDiag(tf.zeros([latent_dim], tf.float64))
    outputs = tf.reshape(model.decoder(z), [1, len(z), 6])
    log_joint = model.likelihood.log_prob(outputs, 0.0, tf.reshape(x, [3, 1, 6])) + prior.log_prob(z)
    log_p = tf.reduce_logsumexp(log_joint, axis=1) + np.log(volume)

    noise, volume = _grid(latent_dim, 20.0, {1: 16_001, 2: 161}[latent_dim])
    log_weights, kl, log_likelihood, _ = model._terms_of(x, tf.tile(tf.constant(noise[np.newaxis]), [3, 1, 1]))
    log_volume = prior.log_prob(noise) + np.log(volume)
    error = 1e-3 if flow == "radial" else 1e-6  # sums over grids feel the kink at a radial flow's centre
    np.testing.assert_allclose(tf.reduce_logsumexp(log_weights + log_volume, axis=1), log_p, rtol=0, atol=error)
    np.testing.assert_allclose(tf.reduce_mean(log_weights, 1), tf.reduce_mean(log_likelihood, 1) - kl, rtol=1e-9)
    elbo = tf.linalg.matvec(log_weights, tf.exp(log_volume)).numpy()
    assert (elbo < log_p.numpy() - 1e-3).all()

    many, seeds = tf.repeat(x, 400, axis=0), tf.range(1200, dtype=tf.int64)
    estimates = model.elbo(many, seeds, 2).numpy().reshape(3, 400)
    assert (np.abs(estimates.mean(1) - elbo) < 5.0 * estimates.std(1) / 20.0).all()
    gaps = [float(tf.reduce_mean(log_p) - tf.reduce_mean(model.iwae_bound(many, seeds, k))) for k in (1, 10, 100)]
    assert gaps[0] > 2.0 * gaps[1] > 4.0 * gaps[2] > 0.0


@pytest.mark.parametrize("flow", FLOWS)
def test_with_a_flow_the_elbo_is_the_mean_log_weight(flow):
    """The KL is estimated by the samples that the likelihood is estimated by."""
    model = _vae(posterior_flow=flow)
    x = tf.zeros([4, *BITS.shape], tf.float64)
    log_weights = model._terms(x, SEEDS[:4], 3)[0]
    np.testing.assert_allclose(model.elbo(x, SEEDS[:4], 3), tf.reduce_mean(log_weights, axis=1), rtol=1e-12)


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_densities_of_flows_stay_in_float32(flow, policy):
    """Given what the network computed in 16 bits, the flow and its densities are those of 64 bits."""
    with dtype_policy(policy):
        model = _vae(posterior_flow=flow, num_flow_steps=2)
    with dtype_policy("float64"):
        exact = _vae(posterior_flow=flow, num_flow_steps=2).posterior
    x = tf.zeros([3, *BITS.shape], tf.float32)
    encoded = model._encoded(x)
    noise = RNG.normal(size=(3, 2, 2))
    z, log_q = model.posterior.sample(encoded, tf.constant(noise, tf.float32))
    assert {part.dtype for part in (*encoded, z, log_q, model.elbo(x, SEEDS[:3]))} == {tf.float32}
    if flow != "iaf":  # whose own network computes in 16 bits
        expected = exact.sample(type(encoded)(*(tf.cast(part, tf.float64) for part in encoded)), tf.constant(noise))
        for found, value in zip((z, log_q), expected, strict=True):
            np.testing.assert_allclose(found, value, rtol=0, atol=1e-4)


@pytest.mark.parametrize("flow", FLOWS)
def test_with_a_flow_encode_is_of_its_start_and_the_mean_of_its_end(flow):
    model = _vae(posterior_flow=flow)
    x = tf.constant(np.random.default_rng(1).integers(0, 2, (5, *BITS.shape)), tf.float64)
    encoded = model.encode(x)
    np.testing.assert_array_equal(encoded["z_mean"], model.encoder(x)[:, :2])
    np.testing.assert_array_equal(encoded["z_log_var"], model.encoder(x)[:, 2:4])
    z = model._terms(tf.repeat(x, 400, axis=0), tf.range(2000, dtype=tf.int64), 1)[3].numpy().reshape(5, 400, 2)
    found = model.posterior_mean(x).numpy()
    assert (np.abs(found - z.mean(1)) < 1.0 * z.std(1)).all()
    np.testing.assert_array_equal(model.reconstruct(x), model.decode(tf.constant(found)))
    assert (np.abs(found - encoded["z_mean"]) > 1e-2).any()


def _losses(**fields):
    model = _vae(**fields)
    x = tf.constant(np.random.default_rng(1).integers(0, 2, (5, *BITS.shape)), tf.float64)
    return model, lambda: model.example_loss({"x": x}, SEEDS[:5])


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"objective": "iwae", "num_importance_samples": 3},
        {"kl_weight": 0.3},
        {"posterior_flow": "planar", "kl_weight": 0.3, "scale": 0.5},
        {"posterior_flow": "radial"},
        {"posterior_flow": "iaf", "num_flow_steps": 2},
        {"posterior_flow": "iaf", "num_flow_steps": 2, "objective": "iwae", "num_importance_samples": 3},
    ],
)
def test_pathwise_gradients_are_finite_differences(fields):
    model, loss = _losses(**fields)
    with tf.GradientTape() as tape:
        value = tf.reduce_mean(loss()[0])
    variables = [variable.value for variable in model.trainable_variables]
    gradients = tape.gradient(value, variables)
    rng = np.random.default_rng(2)
    for variable, gradient in zip(variables, gradients, strict=True):
        direction = rng.normal(size=variable.shape)
        at = []
        for step in (1e-5, -2e-5):
            variable.assign_add(step * direction)
            at.append(float(tf.reduce_mean(loss()[0])))
        variable.assign_add(1e-5 * direction)
        slope = float(tf.reduce_sum(gradient * direction))
        assert (at[0] - at[1]) / 2e-5 == pytest.approx(slope, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("flow", ["none", *FLOWS])
def test_kl_weight_changes_the_loss_and_no_reported_bound(flow):
    plain, weighted = _losses(posterior_flow=flow)[1](), _losses(posterior_flow=flow, kl_weight=4.0)[1]()
    for name in ("elbo", "kl"):
        np.testing.assert_array_equal(weighted[1][name], plain[1][name])
    np.testing.assert_allclose(plain[0], -plain[1]["elbo"])
    np.testing.assert_allclose(weighted[0], -plain[1]["elbo"] + 3.0 * plain[1]["kl"])


@pytest.mark.parametrize("flow", ["none", "planar"])
def test_warm_up_rises_with_the_phase_step_and_changes_no_reported_bound(flow):
    model, loss = _losses(posterior_flow=flow, kl_warmup_steps=10, kl_weight=0.5)
    for step, weight in ((0, 0.0), (4, 0.2), (10, 0.5), (200, 0.5)):
        model.phase_step.assign(step)
        found, terms = loss()
        np.testing.assert_allclose(found, -terms["elbo"] + (weight - 1.0) * terms["kl"])
    np.testing.assert_array_equal(terms["elbo"], _losses(posterior_flow=flow)[1]()[1]["elbo"])


def test_initialize_starts_the_decoder_at_the_mean_of_the_data():
    model = VAE(BITS, latent_dim=2, hidden_sizes=(4,))
    x = np.zeros((4, *BITS.shape))
    x[0] = 1.0
    model.compile("sgd")
    model.ensure_initialized(tf.data.Dataset.from_tensors({"x": x}))
    np.testing.assert_allclose(model.decode(tf.zeros([1, 2])), np.full((1, 3, 2, 1), 0.25), rtol=1e-6)
    model.ensure_initialized(tf.data.Dataset.from_tensors({"x": 1.0 - x}))  # never twice
    np.testing.assert_allclose(model.decode(tf.zeros([1, 2])), np.full((1, 3, 2, 1), 0.25), rtol=1e-6)


def test_interpolation_runs_from_end_to_end():
    model = _losses()[0]
    z_a, z_b = tf.constant(RNG.normal(size=(2, 3, 2)))
    path = model.interpolate(z_a, z_b, 5)
    assert path.shape == (3, 5, *BITS.shape)
    np.testing.assert_allclose(path[:, 0], model.decode(z_a), rtol=1e-6)
    np.testing.assert_allclose(path[:, -1], model.decode(z_b), rtol=1e-6)


@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_examples_may_come_in_the_precision_of_the_data(network):
    model = VAE(BITS, latent_dim=2, hidden_sizes=(4,), num_filters=(2,), network=network)
    x = tf.zeros([2, *BITS.shape], tf.float32)
    assert model.elbo(x, SEEDS[:2]).dtype == tf.float64
    assert model.iwae_bound(x, SEEDS[:2], 3).shape == (2,)
    assert model.reconstruct(x).shape == x.shape


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"network": "cnn"}, "network is 'cnn'; it must be one of mlp, conv"),
        ({"objective": "elbow"}, "objective is 'elbow'; it must be one of elbo, iwae"),
        ({"latent_dim": 0}, "latent_dim is 0; it must be at least 1"),
        ({"num_importance_samples": 0}, "num_importance_samples is 0; it must be at least 1"),
        ({"hidden_sizes": (8, 0)}, "hidden_sizes is 0; it must be at least 1"),
        ({"network": "conv", "num_filters": ()}, r"num_filters is \(\); it needs the filters of at least one stage"),
        ({"kl_warmup_steps": -1}, "kl_warmup_steps is -1; it must be at least 0"),
        ({"posterior_flow": "plane"}, "posterior_flow is 'plane'; it must be one of none, planar, radial, iaf"),
        ({"kl_weight": -0.5}, "kl_weight is -0.5; it must be at least 0"),
        ({"activation": "tahn"}, "activation is 'tahn'; it must be one of celu, .*tanh"),
        ({"likelihood": "gaussian"}, "likelihood is 'gaussian' and data.domain 'binary'; it needs one of unit"),
    ],
)
def test_messages_name_field_value_and_what_is_right(fields, message):
    with pytest.raises(ValueError, match=message):
        VAE(BITS, **fields)


@pytest.mark.slow
@pytest.mark.parametrize("flow", FLOWS)
def test_a_thousand_steps_of_training_leave_a_posterior_s_flow_invertible(flow):
    golden = GOLDENS["vae_iaf"]
    config = dataclasses.replace(get_config("vae:digits:smoke").model, posterior_flow=flow, num_flow_steps=3)
    with dtype_policy("float32"):
        model = build_from_config(config, golden.spec, seed=0)
    model.compile(golden.optimizers())
    model.fit(golden.dataset(1000, 32), shuffle=False, verbose=0)
    encoded = model.posterior.encoded(model.encoder(tf.constant(golden.batches(1, 64)[0], tf.float32)))
    noise = philox.row_normal(tf.range(64, dtype=tf.int64), encoded.mean.shape[1:], dtype="float32")
    z_0 = encoded.mean + tf.exp(0.5 * encoded.log_var) * noise
    z, log_det = model.posterior.flow.forward_and_log_det(z_0, encoded.context)
    assert np.abs(z - z_0).max() > 0.01  # far above rounding: the flow moves something
    undone, undone_log_det = model.posterior.flow.inverse_and_log_det(z, encoded.context)
    np.testing.assert_allclose(undone, z_0, rtol=0, atol=1e-4)
    np.testing.assert_allclose(undone_log_det, -log_det, rtol=0, atol=1e-3)
