"""Pairs of sets: closed forms of the lines, the images' makings, and what is measured of them."""

import math

import numpy as np
import pytest

from tfdgm.evaluation import disjoint_supports
from tfdgm.evaluation.opponents import Verdict

_IMAGES = np.round(np.random.default_rng(0).random([12, 4, 4, 1]) * 16).astype(np.float32) / 16


class _Silent:
    """An opponent that is sure of nothing."""

    def verdicts(self, pair, stages):
        return [Verdict(float(stage), 0.0, 1.0) for stage in stages]


def _measured(pair):
    return disjoint_supports.measure(pair, {"discriminator": _Silent(), "critic": _Silent()}, (50, 100))


@pytest.mark.parametrize("t", [0.001, 0.5, -2.0])
def test_lines_have_the_distances_of_the_paper(t):
    found = _measured(disjoint_supports.line_pair(t, 40))
    assert found.jensen_shannon == pytest.approx(math.log(2.0))
    assert found.kullback_leibler == math.inf
    assert found.total_variation == pytest.approx(1.0)
    assert found.wasserstein == pytest.approx(abs(t))
    assert [verdict.distance for verdict in found.critic] == [50.0, 100.0]


def test_lines_that_coincide_are_at_no_distance():
    found = _measured(disjoint_supports.line_pair(0.0, 40))
    distances = found.jensen_shannon, found.kullback_leibler, found.total_variation, found.wasserstein
    assert distances == (0.0, 0.0, 0.0, 0.0)


def test_lines_are_trained_on_other_points_and_move_along_the_first_coordinate():
    pair = disjoint_supports.line_pair(0.5, 40, seed=1)
    assert set(pair.train_fake[:, 0]) == {0.5}
    assert not np.isin(pair.train_real[:, 1], pair.real[:, 1]).any()
    assert not np.array_equal(pair.train_real[:, 1], pair.train_fake[:, 1])
    np.testing.assert_allclose(disjoint_supports.line_pair(0.75, 40).fake - pair.fake, 0.25 * pair.velocity)
    assert not np.array_equal(pair.train_real, disjoint_supports.line_pair(0.5, 40, seed=2).train_real)


def test_noise_goes_from_the_image_to_noise_in_a_straight_line():
    pairs = [disjoint_supports.noise_pair(t, _IMAGES, _IMAGES[:5]) for t in (0.0, 0.25, 1.0)]
    np.testing.assert_array_equal(pairs[0].fake, _IMAGES[:5].reshape(5, 16))
    np.testing.assert_allclose(pairs[1].fake, 0.75 * pairs[0].fake + 0.25 * pairs[2].fake, rtol=1e-6)
    np.testing.assert_allclose(pairs[2].fake - pairs[0].fake, pairs[1].velocity, rtol=1e-5, atol=1e-6)
    assert pairs[2].fake.min() >= 0.0
    assert pairs[2].fake.max() <= 1.0
    assert not np.array_equal(pairs[2].train_fake[:5], pairs[2].fake)  # noise of its own


def test_a_little_noise_is_as_far_as_it_moves_each_image():
    none, little, more = (_measured(disjoint_supports.noise_pair(t, _IMAGES, _IMAGES)) for t in (0.0, 0.01, 0.02))
    assert (none.jensen_shannon, none.wasserstein) == (0.0, 0.0)
    assert little.jensen_shannon == pytest.approx(math.log(2.0))
    assert little.wasserstein == pytest.approx(little.identity)
    assert more.wasserstein == pytest.approx(2.0 * little.wasserstein, rel=1e-5)


def test_moved_images_lose_what_leaves_them():
    pair = disjoint_supports.shift_pair(1, _IMAGES, _IMAGES[:5])
    moved = pair.fake.reshape(5, 4, 4)
    np.testing.assert_array_equal(moved[:, :, 1:], _IMAGES[:5, :, :3, 0])
    assert moved[:, :, 0].max() == 0.0
    assert pair.velocity is None
    np.testing.assert_array_equal(disjoint_supports.shift_pair(0, _IMAGES, _IMAGES).fake, pair.train_real)
    assert disjoint_supports.shift_pair(4, _IMAGES, _IMAGES).fake.max() == 0.0


def test_one_measurement_for_each_t():
    opponents = {"discriminator": _Silent(), "critic": _Silent()}
    rows = disjoint_supports.measurements(disjoint_supports.line_pair, (0.0, 0.5), opponents, (50,))
    assert [row.t for row in rows] == [0.0, 0.5]
