"""Pixel norm and minibatch standard deviation against NumPy; fades of both networks against the networks below."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdgm.math.resolution import averaged, repeated
from tfdgm.networks.progressive import GrowingCritic, GrowingGenerator, minibatch_stddev, pixel_norm

LEVELS = (1, 2)
PAPER = (512, 512, 512, 512, 256, 128, 64, 32, 16)  # filters at 4x4 to 1024x1024
Z = tf.random.stateless_normal([8, 3], [1, 2])


@pytest.fixture(scope="module")
def networks():
    keras.utils.set_random_seed(0)
    generator = GrowingGenerator(3, (4, 8), (6, 5, 4), 2, name="generator")
    critic = GrowingCritic((4, 8), (6, 5, 4), 2, 4, name="critic")
    for network in (generator, critic):
        for variable in network.trainable_variables:
            if variable.name == "bias":  # zero at the start, where a lost one would not be seen
                variable.assign(tf.random.stateless_normal(variable.shape, [3, 4]))
    return generator, critic


def _images(level):
    return tf.random.stateless_normal([8, 4 * 2**level, 8 * 2**level, 2], [5, level])


def test_pixel_norm_gives_mean_square_one():
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 7)) * [[[[5.0]]], [[[0.1]]]]
    found = pixel_norm(tf.constant(x)).numpy()
    np.testing.assert_allclose(np.mean(found**2, axis=-1), 1.0, rtol=1e-4)
    np.testing.assert_allclose(found, x / np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + 1e-8), rtol=1e-12)


@pytest.mark.parametrize("function", [pixel_norm, lambda x: minibatch_stddev(x, 2)], ids=["pixel", "minibatch"])
def test_sixteen_bits_neither_overflow_nor_divide_by_zero(function):
    x = tf.Variable(tf.concat([tf.fill([2, 1, 1, 3], 300.0), tf.zeros([2, 1, 1, 3])], 0))
    with tf.GradientTape() as tape:
        y = function(tf.cast(x, tf.float16))
        assert y.dtype == tf.float16
        loss = tf.reduce_sum(tf.cast(y, tf.float32))
    assert np.isfinite(y).all()
    assert np.isfinite(tape.gradient(loss, x)).all()


@pytest.mark.parametrize("num_rows", [8, 4, 6, 3])
def test_minibatch_stddev_is_numpy_s_by_contiguous_group(num_rows):
    x = np.random.default_rng(0).normal(size=(num_rows, 2, 3, 5))
    found = minibatch_stddev(tf.constant(x), 4).numpy()
    np.testing.assert_array_equal(found[..., :5], x)
    for start in range(0, num_rows, 4):
        group = slice(start, start + 4)
        expected = np.sqrt(x[group].var(axis=0) + 1e-8).mean()
        np.testing.assert_allclose(found[group, :, :, 5], expected, rtol=1e-12)


def test_a_group_sees_its_own_rows_alone():
    x = np.random.default_rng(0).normal(size=(8, 2, 2, 3))
    changed = x.copy()
    changed[5] += 1.0
    one, other = (minibatch_stddev(tf.constant(each), 4).numpy()[..., 3] for each in (x, changed))
    np.testing.assert_array_equal(one[:4], other[:4])
    assert (one[4:] != other[4:]).all()


@pytest.mark.parametrize("level", [0, *LEVELS])
def test_shapes_double_from_level_to_level(networks, level):
    generator, critic = networks
    images = generator(Z, level=level)
    assert images.shape == (8, 4 * 2**level, 8 * 2**level, 2)
    assert critic(images, level=level).shape == (8,)


@pytest.mark.parametrize("level", LEVELS)
def test_at_alpha_0_both_are_the_networks_of_the_level_below(networks, level):
    generator, critic = networks
    found = generator(Z, level=level, alpha=tf.constant(0.0))
    np.testing.assert_allclose(found, repeated(generator(Z, level=level - 1)), atol=1e-6)
    x = _images(level)
    found = critic(x, level=level, alpha=tf.constant(0.0))
    np.testing.assert_allclose(found, critic(averaged(x), level=level - 1), atol=1e-6)


@pytest.mark.parametrize("level", LEVELS)
def test_at_alpha_1_the_new_path_is_alone(networks, level):
    generator, critic = networks
    x = _images(level)
    np.testing.assert_array_equal(generator(Z, level=level, alpha=tf.constant(1.0)), generator(Z, level=level))
    np.testing.assert_array_equal(critic(x, level=level, alpha=tf.constant(1.0)), critic(x, level=level))


def test_between_the_generator_s_images_are_blended(networks):
    generator, _ = networks
    below, above = repeated(generator(Z, level=0)), generator(Z, level=1)
    found = generator(Z, level=1, alpha=tf.constant(0.3))
    np.testing.assert_allclose(found, 0.7 * below + 0.3 * above, atol=1e-6)


@pytest.mark.parametrize(("level", "is_fading"), [(0, False), (1, True), (1, False), (2, True), (2, False)])
def test_active_variables_are_those_that_outputs_depend_on(networks, level, is_fading):
    alpha = tf.constant(0.5) if is_fading else None
    for network, x in zip(networks, (Z, _images(level)), strict=True):
        values = [variable.value for variable in network.trainable_variables]
        with tf.GradientTape() as tape:
            tape.watch(values)
            outputs = network(x, level=level, alpha=alpha)
        gradients = tape.gradient(outputs, values)
        expected = {
            v.path for v, slope in zip(network.trainable_variables, gradients, strict=True) if slope is not None
        }
        found = [variable.path for variable in network.active_variables(level, is_fading)]
        assert set(found) == expected
        assert len(found) == len(expected)


def test_all_paths_differ(networks):
    paths = [variable.path for network in networks for variable in network.variables]
    assert len(paths) == len(set(paths))


def test_parameter_counts_are_the_published_ones():
    """Karras et al. (2018), table 2: 23.1 million each at 1024x1024."""
    generator = GrowingGenerator(512, (4, 4), PAPER, 3, name="generator")
    critic = GrowingCritic((4, 4), PAPER, 3, 4, name="critic")
    for network in (generator, critic):
        count = sum(np.prod(variable.shape) for variable in network.active_variables(8, is_fading=False))
        assert count == pytest.approx(23.1e6, abs=0.05e6)
