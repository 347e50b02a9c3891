"""Changes the size and the channels of raw images, staying on their grey levels."""

import numpy as np
import PIL.Image
import tensorflow as tf

_CHUNK = 1024  # images at a time, so that the float copies stay small


def resize_images(images: tf.Tensor, shape: tuple[int, int, int], num_levels: int) -> tf.Tensor:
    """Resizes images and converts their channels, rounded back to whole levels.

    Sizes change by bilinear interpolation, with antialiasing where they shrink. Colour becomes grey by the ITU-R
    601 luma weights; grey becomes colour by repetition.

    Args:
      images: uint8 [N, H, W, C], values 0 to num_levels - 1, C 1 or 3.
      shape: wanted [H, W, C], C 1 or 3.
      num_levels: number of raw levels.

    Returns:
      uint8 [N, *shape].
    """
    if tuple(images.shape[1:]) == tuple(shape):
        return images
    starts = range(0, max(images.shape[0], 1), _CHUNK)
    return tf.concat([_resize(images[start : start + _CHUNK], shape, num_levels) for start in starts], axis=0)


def cropped(image: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """The middle of one image, cut to the proportions that are wanted and resized by area.

    Args:
      image: uint8 [H, W, C], C 1 or 3.
      shape: wanted [H, W, C].

    Returns:
      uint8 [*shape].

    References:
      Brock, Donahue & Simonyan (2019), Large scale GAN training, appendix C: cropping along the long edge, area
      resampling.
    """
    if image.shape == tuple(shape):
        return image
    (height, width), (wanted_height, wanted_width, num_channels) = image.shape[:2], shape
    scale = min(height / wanted_height, width / wanted_width)
    top, left = (height - scale * wanted_height) / 2, (width - scale * wanted_width) / 2
    box = (left, top, width - left, height - top)
    pixels = PIL.Image.fromarray(image.squeeze()).convert("RGB" if num_channels == 3 else "L")
    resized = pixels.resize((wanted_width, wanted_height), PIL.Image.Resampling.BOX, box=box)
    return np.asarray(resized).reshape(shape)


def _resize(images: tf.Tensor, shape: tuple[int, int, int], num_levels: int) -> tf.Tensor:
    images = tf.cast(images, tf.float32)
    if shape[-1] < images.shape[-1]:
        images = tf.image.rgb_to_grayscale(images)
    images = tf.image.resize(images, shape[:2], method="bilinear", antialias=True)
    if shape[-1] > images.shape[-1]:
        images = tf.image.grayscale_to_rgb(images)
    return tf.cast(tf.clip_by_value(tf.round(images), 0, num_levels - 1), tf.uint8)
