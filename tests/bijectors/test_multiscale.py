"""Multiscale: the flat noise is each level's, the density the product of the levels' own, temperature a factor."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from tests.bijectors.cases import build, glow, initialized_flags, points
from tests.goldens.precision import dtype_policy
from tfdgm.bijectors.composition import Composition
from tfdgm.bijectors.gaussian_prior import SplitPrior, bounded_log_scale
from tfdgm.bijectors.multiscale import Multiscale
from tfdgm.bijectors.squeeze import Squeeze

tfd = tfp.distributions


def test_noise_of_the_levels_is_packed_in_order():
    flow = build("glow")
    assert flow.latent_shapes == ((4, 4, 2), (2, 2, 4), (2, 2, 4))
    assert flow.latent_shape == (64,)
    z = points((64,))
    noises = flow.unpacked(z)
    assert [noise.shape[1:] for noise in noises] == list(flow.latent_shapes)
    np.testing.assert_array_equal(noises[1][2, 0, 1], z[2, 36:40])
    np.testing.assert_array_equal(flow.packed(noises), z)


def test_density_is_the_product_of_the_levels_densities():
    """By hand, with each split's Gaussian as a distribution in place of a bijector."""
    flow, x = build("glow"), points((8, 8, 1))
    base = tfd.MultivariateNormalDiag(tf.zeros([64], tf.float64))
    flow_log_prob = tfd.TransformedDistribution(base, flow.bijector()).log_prob(x)
    total, h = 0.0, x
    for level, split in zip(flow.levels[:-1], flow.splits, strict=True):
        h, log_det = level.inverse_and_log_det(h)
        h, off = np.split(h.numpy(), 2, axis=-1)
        mean, raw_scale = np.split(split.convolution(h).numpy(), 2, axis=-1)
        total += log_det + np.sum(tfd.Normal(mean, tf.exp(bounded_log_scale(raw_scale))).log_prob(off), axis=(1, 2, 3))
    h, log_det = flow.levels[-1].inverse_and_log_det(tf.constant(h))
    total += log_det + np.sum(tfd.Normal(tf.zeros([], tf.float64), 1.0).log_prob(h), axis=(1, 2, 3))
    np.testing.assert_allclose(flow_log_prob, total, rtol=1e-12)


def test_noise_times_a_temperature_draws_from_the_priors_at_it():
    """The part split off is mean + temperature * scale * eps, given what stays."""
    with dtype_policy("float64"):
        squeezes = [Squeeze((4, 4, 1), name="a"), Squeeze((2, 2, 2), name="b")]
        split = SplitPrior((2, 2, 4))
        flow = Multiscale(squeezes, [split])
    rng = np.random.default_rng(0)
    for variable in flow.trainable_variables:
        variable.assign(0.3 * rng.normal(size=variable.shape))
    z = points((16,))
    h, _ = squeezes[0].inverse_and_log_det(flow.bijector().forward(0.7 * z))
    stay, off = np.split(h.numpy(), 2, axis=-1)
    mean, raw_scale = np.split(split.convolution(stay).numpy(), 2, axis=-1)
    eps = flow.unpacked(z)[0]
    np.testing.assert_allclose(off, mean + 0.7 * np.exp(bounded_log_scale(raw_scale)) * eps, rtol=1e-9, atol=1e-12)


def test_all_weights_and_flags_belong_to_the_flow():
    flow = build("glow")
    paths = [variable.path for variable in flow.variables]
    assert len(set(paths)) == len(paths)
    assert len(initialized_flags(flow)) == 3
    assert {"a_moments/kernel", "b_moments/bias", "prior/bias", "step_2_convolution/sign"} <= set(paths)


def test_one_level_is_its_bijector():
    with dtype_policy("float64"):
        flow = Multiscale([Squeeze((2, 2, 1))], [])
    x = points((2, 2, 1))
    np.testing.assert_array_equal(flow.inverse_and_log_det(x)[0], np.reshape(x, [5, 4]))


def test_parts_that_do_not_fit_are_refused():
    first, second = Squeeze((4, 4, 1), name="first"), Squeeze((2, 2, 2), name="second")
    with pytest.raises(ValueError, match="there are 0 splits for 2 levels; there must be one less"):
        Multiscale([first, second], [])
    with pytest.raises(ValueError, match=r"first has latents \(2, 2, 4\); split splits \(2, 2, 6\) and keeps"):
        Multiscale([first, second], [SplitPrior((2, 2, 6))])
    third = Composition([Squeeze((2, 2, 2))])
    splits = [SplitPrior((2, 2, 4), name="same"), SplitPrior((1, 1, 8), name="same")]
    last = Squeeze((1, 1, 4), factor=1, name="last")
    with pytest.raises(ValueError, match="two variables of multiscale have the path 'same_moments/kernel'"):
        Multiscale([first, third, last], splits)


def test_started_flow_is_refused_no_more(tmp_path):
    with dtype_policy("float32"):
        flow, other = glow(), glow()
    x = points((8, 8, 1), 16, dtype="float32")
    with pytest.raises(ValueError, match="step_0_actnorm has seen no data yet"):
        flow.bijector().inverse(x)
    flow.start_at(x, lambda value: value)
    path = tf.train.Checkpoint(**{variable.path: variable for variable in flow.variables}).save(str(tmp_path / "flow"))
    tf.train.Checkpoint(**{variable.path: variable for variable in other.variables}).restore(path).assert_consumed()
    np.testing.assert_array_equal(other.bijector().inverse(x), flow.bijector().inverse(x))
