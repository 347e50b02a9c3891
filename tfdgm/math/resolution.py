"""Images at lower resolutions: averaged down, repeated up, and faded from one resolution to the next."""

import tensorflow as tf


def averaged(x: tf.Tensor, factor: int = 2) -> tf.Tensor:
    """Means of blocks of factor x factor pixels, which tile images: [B, H, W, C] to [B, H / factor, W / factor, C]."""
    if factor == 1:
        return x
    return tf.nn.avg_pool2d(x, factor, factor, "VALID")


def repeated(x: tf.Tensor, factor: int = 2) -> tf.Tensor:
    """Every pixel factor x factor times, the nearest neighbour: [B, H, W, C] to [B, factor H, factor W, C]."""
    if factor == 1:
        return x
    height, width, channels = (int(size or 0) for size in x.shape[1:])
    # Copies side by side: with its gradient, broadcasting takes three times as long.
    rows = tf.reshape(tf.concat([x] * factor, axis=-1), [-1, height, width * factor * channels])
    return tf.reshape(tf.concat([rows] * factor, axis=-1), [-1, height * factor, width * factor, channels])


def blended(below: tf.Tensor, above: tf.Tensor, alpha: tf.Tensor) -> tf.Tensor:
    """(1 - alpha) below + alpha above, of one shape and type; alpha is a scalar, at 0 and 1 one of them exactly."""
    alpha = tf.cast(alpha, above.dtype)
    return (1.0 - alpha) * below + alpha * above


def faded(x: tf.Tensor, alpha: tf.Tensor) -> tf.Tensor:
    """Images between what half their resolution shows of them (alpha = 0) and themselves (1): [B, H, W, C].

    References:
      Karras, Aila, Laine & Lehtinen (2018), Progressive growing of GANs, figure 2 and section 2.
    """
    return blended(repeated(averaged(x)), x, alpha)
