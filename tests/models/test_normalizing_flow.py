"""What all flows give: one distribution for density and samples, codes and back, temperature, paths."""

import collections

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from tests.goldens.precision import dtype_policy
from tests.goldens.table import GOLDENS
from tfdgm.bijectors.conditioned import Conditioned

FLOWS = ("flow", "real_nvp", "maf", "nsf", "glow", "glow_recompute")
SEEDS = tf.range(5, dtype=tf.int64)


@pytest.fixture(scope="module", params=FLOWS)
def flow(request):
    """Trained for a few steps, so that no weight stands where it began."""
    golden = GOLDENS[request.param]
    with dtype_policy("float64"):
        model = golden.build_compiled()
    model.fit(golden.dataset(10, 32), shuffle=False, verbose=0)
    return model


def _x(flow):
    rng = np.random.default_rng(3)
    scale, shift = (20.0, 100.0) if flow.spec.num_levels else (1.0, 0.0)
    return tf.constant(shift + scale * rng.normal(size=(5, *flow.event_shape)))


def test_density_is_that_of_tfps_transformed_distribution(flow):
    x = _x(flow)
    distribution = flow.distribution()
    assert isinstance(distribution.distribution, tfp.distributions.MultivariateNormalDiag)
    assert isinstance(distribution.bijector, tfp.bijectors.Bijector)
    expected = distribution.log_prob(tf.reshape(x, [5, *flow.bijector.event_shape]))
    np.testing.assert_allclose(_log_prob(flow, x), expected, rtol=1e-12)


def _log_prob(flow, x):
    return flow.log_prob(tf.cast(x, flow.variable_dtype))


def test_density_is_the_base_density_and_the_jacobian_of_autodiff(flow):
    x = _x(flow)[:2]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        z = flow.encode(x)["z"]
    jacobian = tape.batch_jacobian(z, x, experimental_use_pfor=False)
    jacobian = np.reshape(jacobian, [2, flow.latent_dim, flow.latent_dim])
    base = -0.5 * np.sum(np.square(z), -1) - 0.5 * flow.latent_dim * np.log(2.0 * np.pi)
    np.testing.assert_allclose(_log_prob(flow, x), base + np.linalg.slogdet(jacobian)[1], rtol=1e-9)


def test_codes_and_examples_undo_each_other(flow):
    x = _x(flow)
    np.testing.assert_allclose(flow.decode(flow.encode(x)["z"]), x, rtol=1e-9, atol=1e-9)


def test_temperature_is_a_factor_of_the_noise_for_all_or_each(flow):
    z = flow.sample_latents(SEEDS)
    np.testing.assert_allclose(flow.sample_latents(SEEDS, 0.7), 0.7 * z)
    by_row = tf.constant([0.0, 0.5, 1.0, 0.7, 0.2])
    np.testing.assert_allclose(flow.sample_latents(SEEDS, by_row), by_row.numpy()[:, None] * z.numpy(), rtol=1e-6)
    cold = flow.sample(SEEDS, 0.0).numpy()
    assert (cold == cold[:1]).all()  # without noise there is one example


def test_paths_end_at_the_examples(flow):
    codes = flow.encode(_x(flow))["z"]
    path = flow.interpolate(codes[:2], codes[2:4], 4)
    assert path.shape == (2, 4, *flow.event_shape)
    ends = tf.stack([flow.decode(codes[:2]), flow.decode(codes[2:4])], axis=1)
    ends = flow.levels(ends) if flow.spec.num_levels else ends
    np.testing.assert_allclose(path.numpy()[:, ::3].astype(float), ends.numpy().astype(float), rtol=1e-8, atol=1e-8)


def test_endpoints_lead_from_example_to_example(flow):
    endpoints = flow.endpoints()
    assert next(iter(endpoints)) == "sample"
    x_a, x_b = (tf.cast(_x(flow)[rows], flow.spec.dtype) for rows in (slice(0, 2), slice(2, 4)))
    at = {0.0: x_a, 1.0: x_b}
    for fraction, expected in at.items():
        found = endpoints["interpolate"].fn(x_a=x_a, x_b=x_b, fraction=tf.fill([2], fraction))["x"]
        np.testing.assert_allclose(found.numpy().astype(float), _kept(flow, expected), rtol=1e-5, atol=1e-5)
    z = endpoints["encode"].fn(x=x_a)["z"]
    np.testing.assert_allclose(
        endpoints["decode"].fn(z=z)["x"].numpy().astype(float), _kept(flow, x_a), rtol=1e-5, atol=1e-5
    )
    hot = endpoints["sample"].fn(seed=SEEDS, temperature=tf.ones(5))
    np.testing.assert_allclose(hot["samples"].numpy().astype(float), flow.sample(SEEDS).numpy(), rtol=1e-6)
    np.testing.assert_array_equal(hot["seed"], SEEDS)


def _kept(flow, x):
    """x, or what is left of it in fewer bits."""
    x = x.numpy().astype(float)
    return x // flow.cell * flow.cell + flow.cell // 2 if flow.spec.num_levels else x


@pytest.mark.parametrize("name", FLOWS)
def test_sampling_before_any_data_is_refused(name):
    with pytest.raises(ValueError, match="has seen no data yet"):
        GOLDENS[name].build().sample(SEEDS)


@pytest.mark.parametrize("name", FLOWS)
def test_each_network_is_evaluated_once_for_a_density(name, monkeypatch):
    """Value and log-determinant come from one evaluation, also through TFP's interface, which asks for them apart."""
    model, calls = GOLDENS[name].build_compiled(), collections.Counter()
    params = Conditioned.params

    def counted(layer, *args):
        calls[id(layer)] += 1
        return params(layer, *args)

    monkeypatch.setattr(Conditioned, "params", counted)
    spec = tf.TensorSpec([None, *model.event_shape], model.variable_dtype)
    tf.function(model.log_prob, autograph=False).get_concrete_function(spec)
    # Two steps, or two scales whose steps share a trace.
    assert list(calls.values()) == [1, 1]


@pytest.mark.slow
@pytest.mark.parametrize("name", FLOWS)
def test_a_thousand_steps_of_training_leave_a_flow_invertible(name):
    """In float32, as models are trained, and to a thousandth of the spread of the data."""
    golden = GOLDENS[name]
    model = golden.build_compiled()
    model.ensure_initialized(golden.dataset(1, 512))
    x = golden.batches(1, 512)[0]
    x = tf.cast(x // model.cell + 0.5 if golden.spec.num_levels else x, tf.float32)  # the middles of levels' cells
    before = model.log_prob(x).numpy().mean()
    model.fit(golden.dataset(1000, 32), shuffle=False, verbose=0)
    if name != "flow":  # additive couplings can do little more for this ring than the initialization did
        assert model.log_prob(x).numpy().mean() > before + 0.1
    undone = model.decode(model.encode(x)["z"])
    np.testing.assert_allclose(undone, x, rtol=0, atol=1e-3 * float(tf.math.reduce_std(x)))
    y = model.decode(model.sample_latents(tf.range(10_000, dtype=tf.int64)))
    assert np.isfinite(y).all()
    assert np.isfinite(model.log_prob(y)).all()
