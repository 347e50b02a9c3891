"""Between events and states of visible units, and which data each kind of unit takes."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import logsumexp

from tests.goldens.precision import dtype_policy
from tfdgm.core.types import DataSpec
from tfdgm.math.units import BERNOULLI, Gaussian, Softmax
from tfdgm.networks.visibles import VISIBLES, visibles

BITS = DataSpec((2, 3, 1), domain="binary", num_levels=2)
GREYS = DataSpec((2, 3, 1), domain="unit", num_levels=5)
SIGNED = DataSpec((2, 3, 1), domain="symmetric", num_levels=5)
BYTES = DataSpec((2, 3, 1), domain="uint8", num_levels=256)
REAL = DataSpec((6,), domain="real", num_levels=0)
RNG = np.random.default_rng(0)


def _events(spec, num=4):
    if spec.domain == "real":
        return RNG.normal(size=(num, *spec.shape))
    low, high = {"binary": (0, 1), "unit": (0, 1), "symmetric": (-1, 1), "uint8": (0, 255)}[spec.domain]
    levels = RNG.integers(0, spec.num_levels, (num, *spec.shape))
    return low + levels * (high - low) / (spec.num_levels - 1)


def _made(kind, spec):
    with dtype_policy("float64"):
        return visibles(kind, spec)


CASES = [
    ("bernoulli", BITS, BERNOULLI, 6),
    ("gaussian", REAL, Gaussian(), 6),
    ("gaussian", GREYS, Gaussian(), 6),
    ("softmax", GREYS, Softmax(5), 30),
    ("softmax", SIGNED, Softmax(5), 30),
    ("softmax", BYTES, Softmax(256), 1536),
]


@pytest.mark.parametrize(("kind", "spec", "units", "num_units"), CASES)
def test_events_undo_states(kind, spec, units, num_units):
    layer, x = _made(kind, spec), _events(spec)
    layer.start_at(tf.constant(x), lambda value: value)
    v = layer.states(x)
    assert (layer.units, layer.num_units) == (units, num_units)
    assert v.shape == (4, num_units)
    assert v.dtype == tf.float64
    np.testing.assert_allclose(layer.events(v), x, rtol=0, atol=1e-12)
    assert layer.supported(tf.constant(x)) is not None
    assert not layer.faults(tf.constant(x)).numpy().any()


def test_softmax_states_are_one_hot_and_their_means_are_mean_levels():
    layer, x = _made("softmax", SIGNED), _events(SIGNED)
    groups = layer.states(x).numpy().reshape(4, 6, 5)
    np.testing.assert_array_equal(groups.sum(-1), 1.0)
    np.testing.assert_array_equal(groups.argmax(-1), np.round((x.reshape(4, 6) + 1.0) * 2.0))
    p = RNG.dirichlet(np.ones(5), size=(1, 6))
    expected = p @ np.linspace(-1.0, 1.0, 5)
    np.testing.assert_allclose(layer.events(p.reshape(1, 30)), expected.reshape(1, 2, 3, 1), rtol=0, atol=1e-12)


def test_a_value_that_is_no_level_is_nan_and_only_its_own_group():
    x = _events(GREYS)
    x[1, 0, 2, 0], x[2, 1, 1, 0] = np.nan, 0.3
    groups = np.isnan(_made("softmax", GREYS).states(x).numpy().reshape(4, 2, 3, 5))
    assert groups[1, 0, 2].all()
    assert groups[2, 1, 1].all()
    assert groups.sum() == 10


def test_gaussian_densities_are_of_the_events():
    """x = sigma v: log p(x) = log p(v) - log_scale, which integrates to one over x."""
    layer = _made("gaussian", DataSpec((1,), domain="real", num_levels=0))
    layer.log_sigma.assign([np.log(0.3)])
    x = np.linspace(-3.0, 3.0, 2001)[:, None]
    log_density = layer.units.log_base(layer.states(x)).numpy() - float(layer.log_scale())
    assert logsumexp(log_density) + np.log(x[1, 0] - x[0, 0]) == pytest.approx(0.0, abs=1e-12)
    assert _made("softmax", GREYS).log_scale() == _made("bernoulli", BITS).log_scale() == 0.0


def test_a_dimension_without_variance_has_a_limited_density_where_data_has_levels():
    layer = _made("gaussian", DataSpec((2,), domain="unit", num_levels=5))
    layer.start_at(tf.constant([[0.5, 0.0], [0.5, 1.0]]), lambda value: value)
    least = 0.25 / np.sqrt(12.0)
    np.testing.assert_allclose(layer.sigma(), [np.hypot(least, 0.0025 + 1e-6), 0.5], rtol=1e-5)
    layer.log_sigma.assign([-50.0, -50.0])
    np.testing.assert_allclose(layer.sigma(), least, rtol=1e-6)
    np.testing.assert_allclose(layer.states(tf.constant([[0.5, 1.0]])), [[0.5 / least, 1.0 / least]], rtol=1e-6)


def test_gaussian_units_start_at_unit_variance():
    layer = _made("gaussian", REAL)
    x = np.array([2.0, 1.0, 0.5, 3.0, 1.0, 0.0]) * RNG.normal(size=(500, 6)) + 7.0
    layer.start_at(tf.constant(x), lambda value: value)
    v = layer.states(x).numpy()
    np.testing.assert_allclose(v[:, :5].std(0), 1.0, rtol=1e-9)
    assert np.isfinite(v).all()  # also where nothing varies
    sigma = np.exp(layer.log_sigma.numpy())
    assert sigma[5] == pytest.approx(0.01 * x.std(0).mean(), rel=1e-3)


@pytest.mark.parametrize(("kind", "spec"), [("bernoulli", BITS), ("softmax", GREYS)])
def test_masks_cover_the_units_of_their_values(kind, spec):
    layer = _made(kind, spec)
    mask = RNG.random((3, 2, 3, 1)) < 0.5
    repeats = layer.num_units // 6
    np.testing.assert_array_equal(layer.unit_mask(mask), np.repeat(mask.reshape(3, 6), repeats, axis=1))


@pytest.mark.parametrize(
    ("kind", "spec", "value", "message"),
    [
        ("bernoulli", BITS, 0.5, "x has the value 0.5 where BernoulliVisibles need 0 or 1, as data of domain 'binary'"),
        ("bernoulli", BITS, np.nan, "x has the value nan where BernoulliVisibles need 0 or 1"),
        ("gaussian", REAL, np.inf, "x has the value inf where GaussianVisibles need a finite value"),
        ("softmax", GREYS, 0.3, "0.3 where SoftmaxVisibles need one of 5 levels from 0 to 1, as data of domain 'unit'"),
        ("softmax", GREYS, 1.25, "x has the value 1.25 where"),
        ("softmax", SIGNED, np.nan, "nan where SoftmaxVisibles need one of 5 levels from -1 to 1"),
        ("softmax", BYTES, -1.0, "-1.0 where SoftmaxVisibles need one of 256 levels from 0 to 255"),
    ],
)
def test_values_outside_the_support_are_refused(kind, spec, value, message):
    x = _events(spec)
    x.flat[9] = value
    layer = _made(kind, spec)
    assert np.flatnonzero(layer.faults(tf.constant(x))).tolist() == [9]
    with pytest.raises(ValueError, match=f"{message}.*; feed such values, or choose data.domain and visible_units"):
        layer.supported(tf.constant(x))


@pytest.mark.parametrize(
    ("kind", "spec", "message"),
    [
        ("bernouli", BITS, "visible_units is 'bernouli'; it must be one of bernoulli, gaussian, softmax"),
        (
            "bernoulli",
            GREYS,
            "visible_units is 'bernoulli', but the data's domain is 'unit'; set data.domain to binary, or visible_units"
            " one of gaussian, softmax",
        ),
        ("gaussian", BITS, "set data.domain to unit or symmetric or real, or visible_units one of bernoulli"),
        ("softmax", DataSpec((3,), domain="unit", num_levels=0), "the data is continuous: num_levels is 0"),
        ("softmax", DataSpec((3,), domain="tokens"), "'tokens'; set data.domain to unit or symmetric or uint8$"),
    ],
)
def test_units_that_do_not_fit_the_data_are_refused(kind, spec, message):
    with pytest.raises(ValueError, match=message):
        visibles(kind, spec)


def test_every_kind_is_tested():
    assert {kind for kind, *_ in CASES} == set(VISIBLES)
