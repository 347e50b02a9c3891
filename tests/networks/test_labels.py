"""A label behind the last axis."""

import numpy as np
import tensorflow as tf

from tfdgm.networks.labels import with_label


def test_a_vector_gets_the_one_hot_label_behind_it():
    found = with_label(tf.constant([[5.0, 6.0], [7.0, 8.0]]), tf.constant([2, 0]), 3)
    np.testing.assert_array_equal(found, [[5.0, 6.0, 0.0, 0.0, 1.0], [7.0, 8.0, 1.0, 0.0, 0.0]])


def test_an_image_gets_it_at_every_pixel_as_channels():
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 1)).astype(np.float32)
    found = with_label(tf.constant(x), tf.constant([1, 0]), 2).numpy()
    np.testing.assert_array_equal(found[..., :1], x)
    np.testing.assert_array_equal(found[..., 1:], np.broadcast_to([[[[0.0, 1.0]]], [[[1.0, 0.0]]]], (2, 3, 4, 2)))
