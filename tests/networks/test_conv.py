"""Convolutional encoder and decoder for images of any size."""

import hypothesis
import pytest
import tensorflow as tf
from hypothesis import strategies as st

from tfdgm.networks.conv import conv_decoder, conv_encoder


@hypothesis.settings(max_examples=12, deadline=None)
@hypothesis.given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    channels=st.sampled_from([1, 3]),
    num_filters=st.sampled_from([(2,), (3, 2), (1, 3, 2)]),
)
@hypothesis.example(height=1, width=1, channels=3, num_filters=(3, 2))
@hypothesis.example(height=7, width=5, channels=1, num_filters=(1, 3, 2))
def test_any_size_comes_back(height, width, channels, num_filters):
    shape = (height, width, channels)
    encoder = conv_encoder(shape, num_filters, 5, activation="relu", name="encoder")
    decoder = conv_decoder(5, num_filters, shape, activation="relu", name="decoder")
    assert encoder(tf.zeros([2, *shape])).shape == (2, 5)
    assert decoder(tf.zeros([2, 5])).shape == (2, *shape)
    stages = [layer for layer in decoder.layers if "conv" in layer.name]
    assert [stage.activation.__name__ for stage in stages] == ["relu"] * (len(num_filters) - 1) + ["linear"]


def test_every_pixel_depends_on_the_latents():
    decoder = conv_decoder(3, (2, 2), (9, 6, 1), activation="tanh", name="decoder")
    difference = decoder(tf.ones([1, 3])) - decoder(-tf.ones([1, 3]))
    assert (abs(difference.numpy()) > 0.0).all()


@pytest.mark.parametrize("shape", [(8,), (8, 8)])
def test_refuses_what_is_no_image(shape):
    message = r"shape is \(8.*\); a convolutional network needs images \[height, width, channels\]"
    with pytest.raises(ValueError, match=message):
        conv_encoder(shape, (2,), 3, activation="relu", name="encoder")
    with pytest.raises(ValueError, match=message):
        conv_decoder(3, (2,), shape, activation="relu", name="decoder")


def test_refuses_no_filters():
    with pytest.raises(ValueError, match=r"num_filters is \(\); it needs the filters of at least one stage"):
        conv_encoder((8, 8, 1), (), 3, activation="relu", name="encoder")
    with pytest.raises(ValueError, match=r"num_filters is \(\); it needs the filters of at least one stage"):
        conv_decoder(3, (), (8, 8, 1), activation="relu", name="decoder")
