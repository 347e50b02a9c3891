"""Blocks of pixels to channels and back: a multiscale flow's way to trade resolution for channels."""

import tensorflow as tf


def squeeze(x: tf.Tensor, factor: int = 2) -> tf.Tensor:
    """[B, H, W, C] to [B, H / factor, W / factor, factor^2 C]; channel (i * factor + j) * C + c is c of pixel (i, j).

    References:
      Dinh, Sohl-Dickstein & Bengio (2017), Density estimation using Real NVP, section 3.6.
    """
    return tf.nn.space_to_depth(x, factor)


def unsqueeze(x: tf.Tensor, factor: int = 2) -> tf.Tensor:
    """[B, H, W, factor^2 C] to [B, factor H, factor W, C]: `squeeze` undone."""
    return tf.nn.depth_to_space(x, factor)
