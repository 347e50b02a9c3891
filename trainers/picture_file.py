"""Pictures that a command is asked to write by `--out`."""

import os

import numpy as np

from trainers import command_line


def require_png(path: str | None) -> None:
    """Refuses a name that is given and is no PNG file's.

    Raises:
      UsageError: when it ends in something else.
    """
    if path and os.path.splitext(path)[1] != ".png":
        raise command_line.UsageError(f"--out is {path!r}; it must end in .png")


def write(path: str, pixels: np.ndarray) -> None:
    """Writes uint8 [height, width, C], makes folders where needed, and prints the name."""
    import tensorflow as tf

    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    tf.io.write_file(path, tf.io.encode_png(pixels))
    print(path)
