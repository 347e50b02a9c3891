"""Pictures of codes, cell by cell: which code and which seed stand where."""

import numpy as np
import pytest
import tensorflow as tf

import tfdgm
from tfdgm.math import images
from tfdgm.models import code_pictures, pictures

# 48 pixels a side, so that nothing is enlarged and cells are found by their place.
SPEC = tfdgm.DataSpec((48, 48, 1), domain="unit")
STRIDE = 50  # a side and the gap
SEEDS = np.array([5, 3, 8])


def _model(**fields):
    return tfdgm.build(
        "infogan", SPEC, latent_dim=2, num_filters=(2, 2), discriminator_normalization="none", recognition_size=4,
        **{"num_categories": (3, 2), **fields},
    )  # fmt: skip


@pytest.fixture(scope="module")
def model():
    return _model()


def _cell(picture, row, column):
    return picture[row * STRIDE : row * STRIDE + 48, column * STRIDE : column * STRIDE + 48].astype(int)


def _shown(x):
    return images.to_uint8(x, SPEC).numpy()[0].astype(int)


def test_a_row_is_a_category_and_a_column_a_seed(model):
    grid = pictures.seeded_grid(model, "codes", SEEDS)
    assert grid.shape == (3 * STRIDE - 2, 3 * STRIDE - 2, 1)
    for row in range(3):
        for column, seed in enumerate(SEEDS):
            expected = model.sample_category(tf.constant([seed], tf.int64), tf.constant([row]))
            np.testing.assert_allclose(_cell(grid, row, column), _shown(expected), atol=1)


def test_a_row_sweeps_one_continuous_code_of_one_seed(model):
    grid = code_pictures.sweep_grid(model, SEEDS, num_seeds=2, num_values=5)
    assert grid.shape == (4 * STRIDE - 2, 5 * STRIDE - 2, 1)
    for row, (index, seed) in enumerate([(0, 5), (0, 3), (1, 5), (1, 3)]):
        for column, value in enumerate([-2.0, -1.0, 0.0, 1.0, 2.0]):
            expected = model.sample_continuous(tf.constant([seed], tf.int64), index, tf.constant([value]))
            np.testing.assert_allclose(_cell(grid, row, column), _shown(expected), atol=1)


def test_a_picture_is_possible_where_its_codes_are():
    x = np.zeros([2, 48, 48, 1], np.float32)
    assert list(pictures.all_grids(_model(), SEEDS, x)) == ["samples", "codes", "code_sweeps"]
    assert list(pictures.all_grids(_model(num_continuous=0), SEEDS, x)) == ["samples", "codes"]
    assert list(pictures.all_grids(_model(num_categories=()), SEEDS, x)) == ["samples", "code_sweeps"]
