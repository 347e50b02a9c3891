"""Points of the plane as pixels: where they fall, what covers what, bounds by the real points alone."""

import numpy as np
import pytest

from tfdgm.math import scatter

_CORNERS = np.array([[-1.0, -1.0], [1.0, 1.0]])  # with the margin, the picture goes from -1.4 to 1.4
_NONE = np.zeros([0, 2])
_WHITE, _REAL, _SAMPLED = [255, 255, 255], [255, 187, 120], [31, 119, 180]


def test_first_coordinate_goes_right_and_second_up():
    picture = scatter.point_picture(_CORNERS, np.array([[1.35, -1.25]]), side=28)  # 10 pixels a unit
    assert (picture.shape, picture.dtype) == ((28, 28, 3), np.uint8)
    dark = np.argwhere((picture != 255).any(axis=-1) & (picture != _REAL).any(axis=-1))
    assert dark.tolist() == [[26, 27]]


def test_real_points_are_squares_and_samples_dots_above_them():
    sample = np.array([[1.0, 1.0]] * 40)
    picture = scatter.point_picture(_CORNERS, sample + 0.005, side=28)
    real = (picture == _REAL).all(axis=-1)
    assert real.sum() == 2 * 25 - 1
    assert real[1:6, 22:27].sum() == 24
    assert picture[3, 24].tolist() == _SAMPLED  # forty on one pixel hide what is beneath
    assert (picture == _WHITE).all(axis=-1).sum() == 28 * 28 - 50


def test_a_pixel_is_darker_the_more_samples_fall_on_it():
    levels = []
    for num in range(4):
        picture = scatter.point_picture(_CORNERS, np.full([num, 2], 0.05), side=28)
        levels.append(picture.min(axis=(0, 1))[0])
    np.testing.assert_allclose(levels, [255, *(31 + 224 * 0.4**num for num in (1, 2, 3))], atol=0.5)


def test_what_is_out_of_bounds_or_not_finite_is_left_out():
    stray = np.array([[5.0, 0.0], [np.nan, 0.0], [0.0, np.inf], [-1.5, 0.0]])
    np.testing.assert_array_equal(scatter.point_picture(_CORNERS, stray), scatter.point_picture(_CORNERS, _NONE))


def test_one_real_point_has_bounds_too():
    picture = scatter.point_picture(np.array([[3.0, 4.0]]), _NONE, side=20)
    assert (picture == _REAL).all(axis=-1).sum() == 25


@pytest.mark.parametrize(
    ("real", "sampled", "words"),
    [
        (_NONE, _NONE, "real has 0 points; it must be at least 1"),
        (np.array([[0.0, np.nan]]), _NONE, "all of them finite"),
        (np.zeros([3]), _NONE, r"real has shape \(3,\); points of the plane are \[N, 2\]"),
        (_CORNERS, np.zeros([2, 3]), r"sampled has shape \(2, 3\)"),
    ],
)
def test_refused(real, sampled, words):
    with pytest.raises(ValueError, match=words):
        scatter.point_picture(real, sampled)


def test_grid_points_are_the_middles_of_the_pixels():
    grid = scatter.grid_points(_CORNERS, side=28)
    assert grid.shape == (28, 28, 2)
    picture = scatter.point_picture(_CORNERS, grid[[3, 20], [5, 27]], side=28)
    dark = np.argwhere((picture != 255).any(axis=-1) & (picture != _REAL).any(axis=-1))
    assert dark.tolist() == [[3, 5], [20, 27]]


def test_density_is_shown_by_its_square_root():
    picture = scatter.density_picture(np.log(np.array([[1.0, 0.25], [0.0, np.inf * 0.0]]) + 1e-300))
    assert picture[0, 0].tolist() == _SAMPLED
    assert picture[0, 1].tolist() == [round(0.5 * 255 + 0.5 * level) for level in _SAMPLED]
    assert picture[1].tolist() == [_WHITE, _WHITE]
    assert (scatter.density_picture(np.full((2, 2), np.nan)) == 255).all()


def test_points_keep_their_colour_from_stage_to_stage():
    first = np.array([[1.0, 0.1], [-1.0, 0.1], [0.1, -1.0]])
    picture = scatter.stages_picture([first, 10.0 * first[::1] + 3.0], side=40)
    assert picture.shape == (40, 82, 3)
    np.testing.assert_array_equal(picture[:, :40], picture[:, 42:])
    assert len(np.unique(picture[:, :40].reshape(-1, 3), axis=0)) == 1 + 3
