"""Many samples an example without room for all at once."""

from collections.abc import Callable

import tensorflow as tf

from tfdgm.core import philox


def over_blocks(
    block_fn: Callable[[tf.Tensor, int], tf.Tensor], seeds: tf.Tensor, num_samples: int, limit: int, dtype: str
) -> tf.Tensor:
    """Draws `num_samples` samples in equal blocks, one after the other, so that memory stays bounded.

    Args:
      block_fn: takes a block's own row seeds, int64 [B], and its number of samples; gives [B].
      seeds: int64 [B].
      num_samples: in all.
      limit: of a block's samples.
      dtype: of what `block_fn` gives.

    Returns:
      [num_blocks, B]; row i of each block depends on `seeds[i]` alone.
    """
    block = max(size for size in range(1, min(num_samples, limit) + 1) if num_samples % size == 0)
    indices = tf.range(num_samples // block, dtype=tf.int64)
    return tf.map_fn(
        lambda index: block_fn(philox.fold_in(seeds, step=index), block), indices, fn_output_signature=dtype
    )
