"""Targets of the mode study: what is integrated integrates to one, and directions spread evenly."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.evaluation.mode_targets import TARGETS, Quadrature, integrals


@pytest.mark.parametrize("which", ["training", "measuring"])
@pytest.mark.parametrize("name", TARGETS)
def test_the_target_s_mass_is_on_the_grid(name, which):
    target = TARGETS[name]
    sides = integrals(target, getattr(target, which))
    assert float(tf.reduce_sum(tf.exp(sides.log_p))) * sides.cell == pytest.approx(1.0, abs=1e-4)
    np.testing.assert_allclose(sides.cdf[:, 0], 0.0, atol=1e-9)
    np.testing.assert_allclose(sides.cdf[:, -1], 1.0, atol=1e-9)
    np.testing.assert_allclose(tf.norm(sides.directions, axis=1), 1.0)


@pytest.mark.parametrize("name", TARGETS)
def test_the_grid_resolves_the_least_sigma(name):
    target = TARGETS[name]
    assert integrals(target, target.measuring).step <= target.sigma_floor
    assert target.sigma_floor == 0.5 * target.mixture.sigma


def test_half_a_quadrature_has_half_of_each():
    assert Quadrature(96, 160, 31).halved() == Quadrature(48, 80, 15)


def test_the_line_has_one_direction_and_the_plane_as_many_as_asked_for():
    line, ring = (integrals(TARGETS[name], Quadrature(4, 40, 5)) for name in ("line", "ring"))
    np.testing.assert_array_equal(line.directions, [[1.0]])
    angles = np.arctan2(*ring.directions.numpy().T[::-1])
    np.testing.assert_allclose(np.diff(angles), np.pi / 5)
    assert line.nodes.shape == (4, 1)
    assert ring.nodes.shape == (16, 2)
