"""Grids are near-square, in order, and pixels stay whole."""

import io

import numpy as np
import pytest
from PIL import Image

from serving.image_grid import tile


def _png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_small_pictures_are_scaled_by_a_whole_factor_and_tiled_by_rows():
    pictures = [np.random.RandomState(index).randint(0, 256, [8, 8, 3]).astype(np.uint8) for index in range(5)]
    grid = np.asarray(tile([_png(picture) for picture in pictures]))
    assert grid.shape == (2 * 64 + 2, 3 * 64 + 2 * 2, 3)
    for index, picture in enumerate(pictures):
        top, left = index // 3 * 66, index % 3 * 66
        np.testing.assert_array_equal(grid[top : top + 64 : 8, left : left + 64 : 8], picture)
    assert (grid[66:, 132:] == 255).all()  # the place without a picture


def test_large_pictures_keep_their_size_and_grey_becomes_colour():
    grey = np.arange(100 * 70, dtype=np.uint8).reshape(100, 70)
    grid = np.asarray(tile([_png(grey)]))
    np.testing.assert_array_equal(grid, np.repeat(grey[:, :, None], 3, axis=2))


@pytest.mark.parametrize(
    ("pictures", "message"),
    [
        ([], "pictures have 0 different sizes"),
        ([_png(np.zeros([2, 2], np.uint8)), _png(np.zeros([3, 2], np.uint8))], "pictures have 2 different sizes"),
        ([b"nope"], "4 bytes are not a picture"),
    ],
)
def test_refused(pictures, message):
    with pytest.raises(ValueError, match=message):
        tile(pictures)
