"""Blocks of pixels and channels."""

import hypothesis
import numpy as np
from hypothesis import strategies as st

from tfdgm.math.squeeze import squeeze, unsqueeze


@hypothesis.settings(max_examples=15, deadline=None, derandomize=True)
@hypothesis.given(
    height=st.integers(1, 4), width=st.integers(1, 4), channels=st.integers(1, 3), factor=st.integers(2, 3)
)
def test_channels_are_the_pixels_of_a_block_in_order(height, width, channels, factor):
    shape = (2, factor * height, factor * width, channels)
    x = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    blocks = x.reshape(2, height, factor, width, factor, channels).transpose(0, 1, 3, 2, 4, 5)
    expected = blocks.reshape(2, height, width, factor**2 * channels)
    np.testing.assert_array_equal(squeeze(x, factor), expected)
    np.testing.assert_array_equal(unsqueeze(squeeze(x, factor), factor), x)
