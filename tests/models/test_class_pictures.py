"""Pictures by class, cell by cell: which class and which seed stand where."""

import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.table import GOLDENS
from tfdgm.math import images
from tfdgm.models import class_pictures, pictures

SEEDS = np.array([5, 3, 8, 2])
SCALE = 6  # a golden's 8 pixels enlarged to 48
STRIDE = 8 * SCALE + 2


@pytest.fixture(scope="module")
def model():
    model = GOLDENS["biggan"].build_compiled()
    model.fit(GOLDENS["biggan"].dataset(2), verbose=0)
    model.settle()
    return model


def _cells(picture):
    """By row and column, as grey levels."""
    padded = np.pad(picture, [(0, 2), (0, 2), (0, 0)])
    rows, columns = (side // STRIDE for side in padded.shape[:2])
    cells = padded.reshape(rows, STRIDE, columns, STRIDE, -1).transpose(0, 2, 1, 3, 4)
    return cells[:, :, : 8 * SCALE : SCALE, : 8 * SCALE : SCALE].astype(int)


def _shown(model, x):
    return images.to_uint8(x, model.spec).numpy().astype(int)


def test_a_row_is_a_class_and_a_column_a_seed(model):
    cells = _cells(class_pictures.class_grid(model, SEEDS, num_columns=3))
    assert cells.shape[:2] == (3, 3)
    for label in range(3):
        expected = _shown(model, model.sample(tf.constant(SEEDS[:3]), tf.fill([3], label)))
        np.testing.assert_allclose(cells[label], expected, atol=1)
    assert np.abs(cells[0] - cells[1]).max() > 1
    assert np.abs(cells[:, 0] - cells[:, 1]).max() > 1


def test_a_row_goes_from_a_class_to_the_next_by_one_seed(model):
    cells = _cells(class_pictures.class_path_grid(model, SEEDS, num_points=5))
    assert cells.shape[:2] == (3, 5)
    for row, (label, after) in enumerate([(0, 1), (1, 2), (2, 0)]):
        seed = tf.constant(SEEDS[row : row + 1])
        for column, end in ((0, label), (4, after)):
            np.testing.assert_allclose(
                cells[row, column], _shown(model, model.sample(seed, tf.constant([end])))[0], atol=1
            )
        between = model.sample_between(seed, tf.constant([label]), tf.constant([after]), tf.constant([0.25]))
        np.testing.assert_allclose(cells[row, 1], _shown(model, between)[0], atol=1)


def test_few_seeds_go_round(model):
    cells = _cells(class_pictures.class_path_grid(model, SEEDS[:2], num_points=2))
    expected = _shown(model, model.sample(tf.constant(SEEDS[:1]), tf.constant([2])))[0]
    np.testing.assert_allclose(cells[2, 0], expected, atol=1)


def test_of_many_classes_the_first_are_shown(model, monkeypatch):
    monkeypatch.setattr(class_pictures, "_MAX_ROWS", 2)
    grid, path = class_pictures.class_grid(model, SEEDS), class_pictures.class_path_grid(model, SEEDS, num_points=2)
    assert _cells(grid).shape[:2] == (2, 4)
    expected = _shown(model, model.sample(tf.constant(SEEDS[1:2]), tf.constant([2])))[0]
    np.testing.assert_allclose(_cells(path)[1, 1], expected, atol=1)


def test_training_keeps_both_kinds(model):
    x = np.zeros([4, 8, 8, 1], np.float32)
    assert list(pictures.all_grids(model, SEEDS, x)) == ["samples", "classes", "class_interpolations"]
    without = pictures.all_grids(GOLDENS["dcgan"].ready(), SEEDS, GOLDENS["dcgan"].batches(1)[0])
    assert list(without) == ["samples"]


def test_a_model_of_samples_alone_says_so():
    with pytest.raises(ValueError, match="kind of picture is 'classes', but gan gives samples alone"):
        pictures.seeded_grid(GOLDENS["gan"].build(), "classes", SEEDS)
