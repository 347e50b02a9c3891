"""Sizes in memory."""

import math
from collections.abc import Iterable
from typing import Any

import tensorflow as tf


def num_bytes(values: Iterable[Any]) -> int:
    """Of tensors, variables or specifications, all of known shapes."""
    return sum(math.prod(each.shape) * tf.as_dtype(each.dtype).size for each in values)
