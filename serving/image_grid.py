"""Many small pictures as one that a person can look at."""

import io
import math
from collections.abc import Sequence

from PIL import Image, UnidentifiedImageError

_MIN_TILE_SIZE = 64
_GAP = 2
_BACKGROUND = "white"


def tile(pictures: Sequence[bytes]) -> Image.Image:
    """A near-square grid, row by row; small pictures are scaled up by a whole factor, pixel for pixel.

    Args:
      pictures: encoded images, all of one size.

    Raises:
      ValueError: for no pictures, one that is no image, or several sizes.
    """
    images = [_decode(picture) for picture in pictures]
    sizes = {image.size for image in images}
    if len(sizes) != 1:
        raise ValueError(f"pictures have {len(sizes)} different sizes; a grid takes exactly one")
    width, height = sizes.pop()
    factor = max(1, _MIN_TILE_SIZE // max(width, height))
    width, height = width * factor, height * factor
    columns = math.ceil(math.sqrt(len(images)))
    rows = math.ceil(len(images) / columns)
    grid = Image.new("RGB", (columns * (width + _GAP) - _GAP, rows * (height + _GAP) - _GAP), _BACKGROUND)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        scaled = image.resize((width, height), Image.Resampling.NEAREST)
        grid.paste(scaled, (column * (width + _GAP), row * (height + _GAP)))
    return grid


def _decode(picture: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(picture)).convert("RGB")
    except UnidentifiedImageError:
        raise ValueError(f"{len(picture)} bytes are not a picture") from None
