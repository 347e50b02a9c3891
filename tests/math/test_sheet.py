"""Measures of a contact sheet, against one."""

import numpy as np
import pytest

from tfdgm.core.types import DataSpec
from tfdgm.math import images, sheet


@pytest.mark.parametrize(
    ("side", "factor"), [((8, 8), 6), ((4, 8), 6), ((28, 28), 2), ((48, 20), 1), ((20, 48), 1), ((64, 64), 1)]
)
@pytest.mark.parametrize("num_rows", [1, 3])
def test_rows_are_as_high_as_in_a_sheet(side, factor, num_rows):
    shape = (*side, 1)
    assert sheet.enlargement(shape) == factor
    pixels = images.contact_sheet(np.zeros([2 * num_rows, *shape], np.float32), DataSpec(shape), num_columns=2)
    assert sheet.rows_height(shape, num_rows) == pixels.shape[0]
