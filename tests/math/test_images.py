"""Pixels of every domain, files and grids."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.core.types import DataSpec
from tfdgm.math import images


@pytest.mark.parametrize(
    ("domain", "num_levels", "values", "expected"),
    [
        ("binary", 2, [0.0, 1.0], [0, 255]),
        ("unit", 256, [0.0, 0.5, 1.0, 100 / 255], [0, 128, 255, 100]),
        ("unit", 0, [-0.2, 1.7], [0, 255]),
        ("symmetric", 256, [-1.0, 0.0, 1.0, -3.0], [0, 128, 255, 0]),
        ("uint8", 256, [0, 7, 255], [0, 7, 255]),
        ("uint8", 17, [0, 8, 16], [0, 128, 255]),
        ("real", 0, [-4.0, 0.25, 4.0], [0, 64, 255]),
    ],
)
def test_to_uint8(domain, num_levels, values, expected):
    pixels = images.to_uint8(tf.constant(values), DataSpec((1,), domain=domain, num_levels=num_levels))
    assert pixels.dtype == tf.uint8
    np.testing.assert_array_equal(pixels, expected)


def test_to_uint8_undoes_the_scaling_of_every_grey_level():
    levels = np.arange(256)
    for domain, scaled in (("unit", levels / 255.0), ("symmetric", levels / 127.5 - 1.0)):
        spec = DataSpec((1,), domain=domain, num_levels=256)
        np.testing.assert_array_equal(images.to_uint8(tf.constant(scaled, tf.float32), spec), levels)


@pytest.mark.parametrize("alpha", [0.0, 1e-6, 0.05])
def test_to_uint8_finds_the_level_of_spread_ones(alpha):
    levels = np.arange(256)
    spec = DataSpec((1,), domain="logit", num_levels=0, logit_alpha=alpha)
    for u in (2.0**-17, 0.5, 1.0 - 2.0**-17):
        p = alpha + (1.0 - 2.0 * alpha) * (levels + u) / 256.0
        x = tf.constant(np.log(p / (1.0 - p)), tf.float32)
        np.testing.assert_array_equal(images.to_uint8(x, spec), levels)
    np.testing.assert_array_equal(images.to_uint8(tf.constant([-np.inf, np.inf]), spec), [0, 255])


def test_to_uint8_refuses_tokens():
    words = "domain is 'tokens'; a picture needs binary, unit, symmetric, uint8, real or logit"
    with pytest.raises(ValueError, match=words):
        images.to_uint8(tf.constant([1]), DataSpec((5,), domain="tokens"))


@pytest.mark.parametrize("channels", [1, 3])
def test_png_files_hold_the_pixels(channels):
    pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 7, channels), dtype=np.uint8)
    for file, picture in zip(images.encode_png(tf.constant(pixels)), pixels, strict=True):
        np.testing.assert_array_equal(tf.io.decode_png(file), picture)


@pytest.mark.parametrize("gap", [0, 2])
@pytest.mark.parametrize(
    ("num", "num_columns", "rows", "columns"), [(5, 0, 2, 3), (4, 0, 2, 2), (5, 2, 3, 2), (1, 0, 1, 1)]
)
def test_tile_places_images_row_by_row(num, num_columns, rows, columns, gap):
    pixels = np.random.default_rng(0).integers(10, 256, (num, 2, 3, 1), dtype=np.uint8)
    picture = images.tile(pixels, num_columns, gap=gap, level=7)
    assert picture.shape == (rows * (2 + gap) - gap, columns * (3 + gap) - gap, 1)
    for index in range(rows * columns):
        row, column = index // columns * (2 + gap), index % columns * (3 + gap)
        place = picture[row : row + 2, column : column + 3]
        np.testing.assert_array_equal(place, pixels[index] if index < num else np.full((2, 3, 1), 7))
    assert (picture == 7).sum() == picture.size - pixels.size


@pytest.mark.parametrize(("min_side", "factor"), [(1, 1), (3, 1), (4, 2), (9, 3)])
def test_enlarge_repeats_pixels(min_side, factor):
    pixels = np.random.default_rng(0).integers(0, 256, (2, 2, 3, 3), dtype=np.uint8)
    large = images.enlarge(pixels, min_side)
    assert large.shape == (2, 2 * factor, 3 * factor, 3)
    for row, column in np.ndindex(large.shape[1:3]):
        np.testing.assert_array_equal(large[:, row, column], pixels[:, row // factor, column // factor])


def test_contact_sheet_shows_images_only():
    sheet = images.contact_sheet(tf.ones([3, 8, 8, 1]), DataSpec((8, 8, 1), domain="binary", num_levels=2))
    assert sheet.dtype == np.uint8
    assert (sheet == 255).sum() == 3 * 48 * 48
    with pytest.raises(ValueError, match=r"data.shape is \(4,\); a picture needs images \[H, W, C\] with C 1 or 3"):
        images.contact_sheet(tf.ones([3, 4]), DataSpec((4,)))
