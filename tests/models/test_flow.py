"""RealNVP, MAF and NSF: densities of the plane, initialization, stages, what is refused."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.precision import dtype_policy
from tests.goldens.table import GOLDENS
from tfdgm.bijectors.actnorm import ActNorm
from tfdgm.core.types import DataSpec
from tfdgm.models.flow import MIXINGS, Flow

PLANE = DataSpec((2,), domain="real", num_levels=0)


@pytest.fixture(scope="module", params=["flow", "real_nvp", "maf", "nsf"])
def flow(request):
    golden = GOLDENS[request.param]
    with dtype_policy("float64"):
        model = golden.build_compiled()
    model.fit(golden.dataset(30, 64), shuffle=False, verbose=0)
    return model


def _grid(num=401):
    axis = np.linspace(-12.0, 12.0, num)
    return np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2), (axis[1] - axis[0]) ** 2


def test_density_integrates_to_one(flow):
    grid, cell = _grid()
    assert np.exp(flow.log_prob(grid)).sum() * cell == pytest.approx(1.0, abs=1e-3)


def test_samples_have_the_moments_of_the_density(flow):
    grid, cell = _grid(241)
    weights = np.exp(flow.log_prob(grid)) * cell
    samples = flow.sample(tf.range(20_000, dtype=tf.int64)).numpy()
    np.testing.assert_allclose(samples.mean(0), weights @ grid, atol=0.06)
    np.testing.assert_allclose((samples**2).mean(0), weights @ grid**2, rtol=0.05)


def test_initialization_standardises_the_first_batch_after_every_normalisation():
    golden = GOLDENS["nsf"]
    with dtype_policy("float64"):
        model = golden.build_compiled()
    model.ensure_initialized(golden.dataset(1, 64))
    x, num_seen = tf.constant(golden.batches(1, 64)[0], tf.float64), 0
    parts = [deeper for part in model.bijector.parts for deeper in getattr(part, "parts", [part])]
    for part in parts:
        x, _ = part.inverse_and_log_det(x)
        if isinstance(part, ActNorm):
            num_seen += 1
            np.testing.assert_allclose(tf.reduce_mean(x, 0), 0.0, atol=1e-6)
            np.testing.assert_allclose(tf.math.reduce_std(x, 0), 1.0, atol=1e-6)
    assert num_seen == 3


def test_training_is_maximum_likelihood():
    golden = GOLDENS["real_nvp"]
    model = golden.build_compiled()
    x = golden.batches(1, 256)[0]
    model.ensure_initialized(golden.dataset(1, 256))
    before = model.log_prob(x).numpy().mean()
    model.fit(golden.dataset(200, 64), shuffle=False, verbose=0)
    assert model.log_prob(x).numpy().mean() > before + 0.1


def test_stages_lead_from_noise_to_samples(flow):
    z = flow.sample_latents(tf.range(5, dtype=tf.int64))
    stages = flow.stages(z)
    assert len(stages) == len(flow.bijector.parts) + 1
    np.testing.assert_array_equal(stages[0], z)
    np.testing.assert_allclose(stages[-1], flow.decode(z), rtol=1e-12)
    for stage, part in zip(stages[1:], reversed(flow.bijector.parts), strict=True):
        z, _ = part.forward_and_log_det(z)
        np.testing.assert_array_equal(stage, z)


def test_events_of_any_shape_are_vectors_inside():
    keras.utils.set_random_seed(0)
    spec = DataSpec((2, 3, 1), domain="real", num_levels=0)
    model = Flow(spec, num_steps=2, hidden_size=4)
    model.compile(keras.optimizers.Adam())
    x = np.random.default_rng(0).normal(size=(8, 2, 3, 1)).astype("float32")
    model.fit(tf.data.Dataset.from_tensors({"x": x}), verbose=0)
    assert model.sample(tf.range(3, dtype=tf.int64)).shape == (3, 2, 3, 1)
    np.testing.assert_allclose(model.decode(model.encode(x)["z"]), x, atol=1e-5)


@pytest.mark.parametrize("mixing", MIXINGS)
def test_every_mixing_has_its_start_and_its_inverse(mixing):
    keras.utils.set_random_seed(0)
    spec = DataSpec((6,), domain="real", num_levels=0)
    with dtype_policy("float64"):
        model = Flow(spec, mixing=mixing, num_steps=2, hidden_size=4)
    first = model.bijector.parts[0].parts[1]
    x = tf.eye(6, dtype=tf.float64)
    z, log_det = first.inverse_and_log_det(x)
    np.testing.assert_allclose(z @ tf.transpose(z), x, atol=1e-6)  # rotations and orders keep lengths and angles
    np.testing.assert_allclose(log_det, 0.0, atol=1e-6)
    is_order = np.all(np.isclose(z, 0.0) | np.isclose(z, 1.0))
    assert is_order == (mixing in ("lu_shuffle", "reversal", "shuffle"))
    assert bool(first.trainable_variables) == (mixing in ("lu", "lu_shuffle", "plain"))
    np.testing.assert_allclose(first.forward_and_log_det(z)[0], x, atol=1e-12)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"layer": "copling"}, "layer is 'copling'; it must be one of coupling, autoregressive"),
        ({"transform": "cubic"}, "transform is 'cubic'; it must be one of additive, affine"),
        ({"mixing": "qr"}, "mixing is 'qr'; it must be one of lu, lu_shuffle, plain, reversal, shuffle"),
        ({"num_steps": 0}, "num_steps is 0; it must be at least 1"),
        ({"hidden_size": 0}, "hidden_size is 0; it must be at least 1"),
        ({"scale_limit": 0.0}, "limit is 0.0; it must lie between 0.01 and 20.0"),
        ({"transform": "rational_quadratic", "num_bins": 1}, "num_bins is 1; it must lie between 2 and 256"),
    ],
)
def test_settings_that_cannot_be_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Flow(PLANE, **fields)


@pytest.mark.parametrize("spec", [DataSpec((4, 4, 1)), DataSpec((1,), domain="real", num_levels=0)])
def test_data_that_a_flow_is_not_for_are_refused(spec):
    with pytest.raises(ValueError, match="a flow needs continuous data"):
        Flow(spec)
