"""What every bijector keeps: inverse, log-determinant, gradients, finite values, dtypes, graphs, TFP's interface."""

import importlib
import pkgutil

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

import tfdgm.bijectors
from tests.bijectors.cases import CASES, VECTORS, build, context_of, points
from tfdgm.bijectors.layer import BijectorLayer

tfd = tfp.distributions
each_case = pytest.mark.parametrize("name", CASES)


def _relative_error(values, expected):
    return np.max(np.abs(values - expected) / (1.0 + np.abs(expected)))


def test_every_bijector_is_in_the_table():
    for module in pkgutil.iter_modules(tfdgm.bijectors.__path__):
        importlib.import_module(f"tfdgm.bijectors.{module.name}")

    def concrete(kind):
        found = {child for child in kind.__subclasses__() if child.__module__.startswith("tfdgm.")}
        return {kind for kind in found if not kind.__subclasses__()} | {
            deeper for child in found for deeper in concrete(child)
        }

    tested = {type(part) for name in CASES for part in build(name)._flatten_layers()}
    assert concrete(BijectorLayer) - tested == set()


@each_case
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_inverse_and_forward_undo_each_other(name, dtype):
    layer = build(name, dtype)
    tolerance = CASES[name].tolerance if dtype == "float64" else CASES[name].tolerance_32
    context, z = context_of(name, 5, dtype), points(layer.latent_shape, dtype=dtype)
    x, forward_log_det = layer.forward_and_log_det(z, context)
    again, inverse_log_det = layer.inverse_and_log_det(x, context)
    assert x.shape == (5, *layer.event_shape)
    assert again.shape == z.shape
    assert x.dtype == again.dtype == forward_log_det.dtype == inverse_log_det.dtype == dtype
    assert _relative_error(again, z) <= tolerance
    assert _relative_error(inverse_log_det, -forward_log_det) <= 10.0 * tolerance + 100.0 * np.finfo(dtype).eps

    y = points(layer.event_shape, dtype=dtype, seed=6)
    z, _ = layer.inverse_and_log_det(y, context)
    assert _relative_error(layer.forward_and_log_det(z, context)[0], y) <= tolerance


@each_case
@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_log_determinant_is_that_of_the_jacobian(name, direction):
    layer = build(name)
    function = getattr(layer, f"{direction}_and_log_det")
    point = points(layer.latent_shape if direction == "forward" else layer.event_shape, num_rows=3)
    context = context_of(name, 3)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(point)
        image, log_det = function(point, context)
        flat = tf.reshape(image, [3, -1])
    jacobian = tape.batch_jacobian(flat, point, experimental_use_pfor=False)
    size = flat.shape[1]
    expected = np.linalg.slogdet(np.reshape(jacobian, [3, size, size]))[1]
    np.testing.assert_allclose(np.broadcast_to(log_det, [3]), expected, rtol=1e-9, atol=1e-9)


@each_case
@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_every_weight_has_a_gradient(name, direction):
    layer = build(name)
    point = points(layer.latent_shape if direction == "forward" else layer.event_shape)
    with tf.GradientTape() as tape:
        image, log_det = getattr(layer, f"{direction}_and_log_det")(point, context_of(name, 5))
        loss = tf.reduce_mean(tf.square(image)) - tf.reduce_mean(log_det)
    weights = [variable.value for variable in layer.trainable_variables]
    for variable, gradient in zip(layer.trainable_variables, tape.gradient(loss, weights), strict=True):
        assert gradient is not None, variable.path
        assert np.isfinite(gradient).all(), variable.path
        assert np.abs(gradient).max() > 0.0, variable.path


@each_case
@pytest.mark.parametrize("direction", ["forward", "inverse"])
@pytest.mark.parametrize("scale", [0.0, 30.0, 1e4, 1e7])
def test_values_and_gradients_are_finite_at_the_origin_and_far_out(name, direction, scale):
    layer = build(name, "float32")
    point = points(layer.latent_shape if direction == "forward" else layer.event_shape, scale=scale, dtype="float32")
    weights = [variable.value for variable in layer.trainable_variables]
    with tf.GradientTape() as tape:
        tape.watch(point)
        image, log_det = getattr(layer, f"{direction}_and_log_det")(point, context_of(name, 5, "float32"))
        loss = tf.reduce_mean(tf.abs(image)) - tf.reduce_mean(log_det)
    assert np.isfinite(image).all()
    assert np.isfinite(log_det).all()
    for gradient in tape.gradient(loss, [point, *weights]):
        assert np.isfinite(gradient).all()


@each_case
def test_graphs_take_any_batch_and_agree_with_eager_calls(name):
    layer = build(name)
    specs = [tf.TensorSpec([None, *layer.event_shape], tf.float64)]
    context = context_of(name, 5)
    specs += [] if context is None else [tf.TensorSpec([None, context.shape[1]], tf.float64)]

    @tf.function(input_signature=specs)
    def log_det_and_back(x, context=None):
        bijector = layer.bijector(context)
        z = bijector.inverse(x)
        log_det = bijector.inverse_log_det_jacobian(x, len(layer.event_shape))
        return log_det, z, layer.bijector(context).forward(tf.identity(z))

    x = points(layer.event_shape)
    log_det, z, again = log_det_and_back(x, *([] if context is None else [context]))
    expected = layer.bijector(context)
    np.testing.assert_allclose(z, expected.inverse(x), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        log_det, expected.inverse_log_det_jacobian(x, len(layer.event_shape)), rtol=1e-9, atol=1e-9
    )
    np.testing.assert_allclose(again, x, rtol=1e-7, atol=1e-7)
    two = [] if context is None else [context[:2]]
    np.testing.assert_allclose(log_det_and_back(x[:2], *two)[1], z[:2], rtol=1e-9, atol=1e-9)


@each_case
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_latents_and_log_determinants_keep_32_bits_whatever_networks_compute_in(name, policy):
    layer = build(name, policy)
    x = points(layer.event_shape, dtype="float32")
    context = context_of(name, 5, "float32")
    z, log_det = layer.inverse_and_log_det(x, context)
    assert z.dtype == log_det.dtype == tf.float32
    again, _ = layer.forward_and_log_det(z, context)
    assert again.dtype == tf.float32
    # Half precision of a conditioner is part of the function, the same both ways. In autoregressions and splits
    # rounding of what it is given can tip its last bit.
    assert _relative_error(again, x) < 0.05


@each_case
def test_transformed_distribution_has_the_density(name):
    layer = build(name)
    x, context = points(layer.event_shape), context_of(name, 5)
    base = tfd.Sample(tfd.Normal(tf.zeros([], tf.float64), 1.0), layer.latent_shape)
    flow = tfd.TransformedDistribution(base, layer.bijector(context))
    z, log_det = layer.inverse_and_log_det(x, context)
    expected = np.sum(-0.5 * np.square(z) - 0.5 * np.log(2.0 * np.pi), axis=tuple(range(1, z.shape.rank))) + log_det
    assert flow.event_shape == layer.event_shape
    assert flow.log_prob(x).shape == (5,)
    np.testing.assert_allclose(flow.log_prob(x), expected, rtol=1e-12)
    draws = flow.sample(5, seed=1)
    assert draws.shape == (5, *layer.event_shape)
    assert layer.bijector(context).forward_event_shape(layer.latent_shape) == layer.event_shape
    assert layer.bijector(context).inverse_event_shape(layer.event_shape) == layer.latent_shape


@pytest.mark.parametrize("name", VECTORS)
def test_density_integrates_to_one_and_samples_follow_it(name):
    layer, num_draws, num = build(name, num_dims=2), 20000, 801
    row = context_of(name, 1)

    def moved(direction, point):
        context = None if row is None else tf.repeat(row, len(point), axis=0)
        image, log_det = getattr(layer, f"{direction}_and_log_det")(point, context)
        return image.numpy(), np.broadcast_to(log_det, len(point))

    draws, _ = moved("forward", points((2,), num_draws, scale=1.0, seed=11))
    low, high = draws.min(0) - 1.0, draws.max(0) + 1.0
    axes = np.linspace(low, high, num)
    grid = np.stack(np.meshgrid(axes[:, 0], axes[:, 1]), -1).reshape(-1, 2)
    z, log_det = moved("inverse", tf.constant(grid))
    cell = np.prod(axes[1] - axes[0])
    weights = np.exp(-0.5 * np.sum(np.square(z), -1) - np.log(2.0 * np.pi) + log_det) * cell
    assert np.sum(weights) == pytest.approx(1.0, abs=2e-3)
    for statistic in (lambda x: x[:, 0], lambda x: x[:, 1], lambda x: np.cos(x[:, 0] - 2.0 * x[:, 1])):
        values = statistic(draws)
        standard_error = np.std(values) / np.sqrt(num_draws)
        assert np.mean(values) == pytest.approx(np.sum(weights * statistic(grid)), abs=5.0 * standard_error)


class _Counted(BijectorLayer):
    """x = 2 z, counting evaluations."""

    def __init__(self):
        super().__init__((2,), (2,), name="counted")
        self.calls = 0

    def forward_and_log_det(self, z, context=None):
        self.calls += 1
        return 2.0 * z, 2.0 * tf.math.log(tf.constant(2.0))

    def inverse_and_log_det(self, x, context=None):
        self.calls += 1
        return 0.5 * x, -2.0 * tf.math.log(tf.constant(2.0))


def test_value_and_log_determinants_both_ways_take_one_evaluation():
    for first in ("forward", "forward_log_det_jacobian"):
        layer, z = _Counted(), tf.ones([3, 2])
        bijector = layer.bijector()
        getattr(bijector, first)(z)
        x = bijector.forward(z)
        log_det = bijector.forward_log_det_jacobian(z, 1)
        assert bijector.inverse(x) is z
        np.testing.assert_allclose(bijector.inverse_log_det_jacobian(x, 1), -log_det)
        np.testing.assert_allclose(log_det, np.full(3, 2.0 * np.log(2.0)), rtol=1e-6)
        assert layer.calls == 1
    layer = _Counted()
    flow = tfd.TransformedDistribution(tfd.MultivariateNormalDiag(tf.zeros([2])), layer.bijector())
    flow.log_prob(tf.ones([3, 2]))
    assert layer.calls == 1
    flow.log_prob(2.0 * tf.ones([3, 2]))  # another point is another evaluation
    assert layer.calls == 2


def test_another_dtype_is_refused():
    with pytest.raises((TypeError, ValueError), match="float64"):
        build("actnorm", "float32").bijector().forward(points((4,)))


@each_case
def test_xla_compiles_both_directions(name):
    layer = build(name)
    x, context = points(layer.event_shape), context_of(name, 5)

    @tf.function(jit_compile=True)
    def there_and_back(x):
        z, log_det = layer.inverse_and_log_det(x, context)
        return z, log_det, layer.forward_and_log_det(z, context)[0]

    z, log_det, again = there_and_back(x)
    expected, expected_log_det = layer.inverse_and_log_det(x, context)
    np.testing.assert_allclose(z, expected, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(log_det, expected_log_det, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(again, x, rtol=1e-8, atol=1e-8)
