"""Constraints of images: statistics by hand, the distance from their range, and real digits that satisfy one."""

import numpy as np
import pytest
import tensorflow as tf
from sklearn.datasets import load_digits

from tfdgm.core.types import DataSpec
from tfdgm.math import image_constraints
from tfdgm.math.image_constraints import CONSTRAINTS, ink_of

RNG = np.random.default_rng(0)


def test_centre_of_mass_is_the_mean_place_of_ink():
    ink = RNG.uniform(size=[4, 6, 5]).astype(np.float32)
    rows, columns = np.meshgrid(np.arange(6) - 3, np.arange(5) - 2, indexing="ij")
    expected = [[np.average(places, weights=image) for places in (rows, columns)] for image in ink]
    np.testing.assert_allclose(image_constraints.centre_of_mass(tf.constant(ink)), expected, rtol=1e-4, atol=1e-5)


def test_empty_image_has_a_centre():
    np.testing.assert_array_equal(image_constraints.centre_of_mass(tf.zeros([1, 6, 5])), [[0.0, 0.0]])


def test_edge_ink_is_the_darkest_of_either_row():
    ink = RNG.uniform(size=[4, 6, 5])
    np.testing.assert_array_equal(
        image_constraints.edge_ink(tf.constant(ink)), np.stack([ink[:, 0].max(1), ink[:, -1].max(1)], axis=1)
    )


def test_values_are_minus_the_distance_from_the_range():
    """One pixel of ink, 1.25 rows below the middle by the weights of two, in the middle column."""
    ink = np.zeros([2, 6, 5], np.float32)
    ink[0, 4, 2], ink[0, 5, 2], ink[1, 3, 2] = 0.75, 0.25, 1.0
    centred = CONSTRAINTS["centred"]
    np.testing.assert_allclose(centred.values(ink), [-0.75, 0.0], atol=1e-5)
    np.testing.assert_allclose(centred.standardized(ink), [[2.5, 0.0], [0.0, 0.0]], atol=1e-5)
    np.testing.assert_array_equal(centred.is_satisfied(ink), [False, True])
    full = CONSTRAINTS["full_height"]
    np.testing.assert_allclose(full.values(ink), [-0.75, -1.0], atol=1e-6)
    np.testing.assert_allclose(full.standardized(ink), [[-3.0, -2.0], [-3.0, -3.0]], atol=1e-6)


def test_ink_is_the_mean_of_the_channels_from_0_to_1():
    x = RNG.uniform(size=[3, 6, 5, 3])
    unit, symmetric = (DataSpec((6, 5, 3), domain=domain) for domain in ("unit", "symmetric"))
    np.testing.assert_allclose(ink_of(tf.constant(x), unit), x.mean(-1), rtol=1e-12)
    np.testing.assert_allclose(ink_of(tf.constant(2.0 * x - 1.0), symmetric), x.mean(-1), rtol=1e-12)


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_gradient_leads_to_where_the_constraint_holds(name):
    ink = tf.Variable(RNG.uniform(size=[4, 6, 5]) * np.linspace(0.4, 0.0, 6)[:, np.newaxis])
    assert not np.any(CONSTRAINTS[name].is_satisfied(ink))

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            values = CONSTRAINTS[name].values(ink)
        ink.assign(tf.clip_by_value(ink + 0.02 * tape.gradient(values, ink), 0.0, 1.0))

    for _ in range(300):
        step()
    assert np.all(CONSTRAINTS[name].values(ink) > -0.02)


def test_real_digits_are_as_high_as_their_box():
    ink = load_digits().images / 16.0
    shares = {name: np.mean(each.is_satisfied(tf.constant(ink))) for name, each in CONSTRAINTS.items()}
    assert shares["full_height"] > 0.99
    assert shares["centred"] < 0.8
