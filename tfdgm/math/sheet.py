"""Measures of a contact sheet, in pixels."""

from collections.abc import Sequence

MIN_SIDE = 48  # smaller images are shown enlarged to at least this
GAP = 2  # between images


def enlargement(image_shape: Sequence[int], min_side: int = MIN_SIDE) -> int:
    """The whole factor that makes the longer side of images [H, W, C] at least `min_side`."""
    return max(1, -(-min_side // max(image_shape[:2])))


def rows_height(image_shape: Sequence[int], num_rows: int) -> int:
    """Of so many rows of images [H, W, C], without the gap below them."""
    return num_rows * (image_shape[0] * enlargement(image_shape) + GAP) - GAP
