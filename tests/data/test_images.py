"""Sizes and channels of raw images."""

import numpy as np
import tensorflow as tf

from tfdgm.data import images
from tfdgm.data.images import resize_images


def test_shrinking_averages() -> None:
    checkers = np.indices((8, 8)).sum(axis=0) % 2 * 16
    resized = resize_images(tf.constant(checkers.reshape(1, 8, 8, 1), tf.uint8), (2, 2, 1), 17).numpy()
    np.testing.assert_allclose(resized, 8, atol=1)


def test_one_level_stays_that_level_and_in_range() -> None:
    white = tf.fill([3, 5, 4, 1], tf.constant(16, tf.uint8))
    for shape in ((5, 4, 1), (9, 7, 1), (2, 3, 1), (3, 8, 3)):
        resized = resize_images(white, shape, 17)
        assert resized.dtype == tf.uint8
        np.testing.assert_array_equal(resized, np.full((3, *shape), 16))


def test_colour_becomes_grey_by_luma() -> None:
    red, green, blue = 200, 100, 50
    colour = tf.constant(np.tile(np.uint8([red, green, blue]), (1, 2, 2, 1)))
    grey = resize_images(colour, (2, 2, 1), 256)
    np.testing.assert_array_equal(grey, np.full((1, 2, 2, 1), round(0.299 * red + 0.587 * green + 0.114 * blue)))


def test_working_in_pieces_changes_nothing(monkeypatch) -> None:
    many = tf.constant(np.random.RandomState(0).randint(0, 256, (7, 6, 6, 1)), tf.uint8)
    whole = resize_images(many, (3, 3, 1), 256)
    monkeypatch.setattr(images, "_CHUNK", 3)
    np.testing.assert_array_equal(resize_images(many, (3, 3, 1), 256), whole)


def test_a_crop_is_the_middle_and_an_average_of_areas() -> None:
    image = np.zeros((4, 10, 3), np.uint8)
    image[:, 3:7] = np.uint8([[10, 20, 30, 40]]).T  # the square in the middle
    image[2:, 3:7] += 100
    cut = images.cropped(image, (2, 2, 3))
    np.testing.assert_array_equal(cut[..., 0], [[15, 35], [115, 135]])
    np.testing.assert_array_equal(images.cropped(image.transpose(1, 0, 2), (2, 2, 3))[..., 1], cut[..., 0].T)
    np.testing.assert_array_equal(images.cropped(image, (4, 4, 3)), image[:, 3:7])
    wide = images.cropped(image, (2, 5, 3))  # of proportions as they are
    np.testing.assert_array_equal(wide[0, :, 0], [0, 5, 25, 20, 0])


def test_a_crop_changes_channels_and_leaves_the_right_shape_alone() -> None:
    grey = np.full((6, 4, 1), 50, np.uint8)
    np.testing.assert_array_equal(images.cropped(grey, (2, 2, 3)), np.full((2, 2, 3), 50))
    colour = np.tile(np.uint8([200, 100, 50]), (6, 4, 1))
    luma = round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)
    np.testing.assert_array_equal(images.cropped(colour, (2, 2, 1)), np.full((2, 2, 1), luma))
    assert images.cropped(grey, (6, 4, 1)) is grey
