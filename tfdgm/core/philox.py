"""Counter-based randomness: every row of a batch draws from its own seed, whatever batch it stands in.

Philox4x32-10 turns a 64-bit key and a 128-bit counter into four 32-bit words. The key is the row's seed and
the counter is `(block of four elements, stream, step, role)`, so a draw depends on nothing else: not on the
batch size, the replica, eager or graph mode, XLA, or the process.

References:
  Salmon, Moraes, Dror & Shaw (2011), Parallel random numbers: as easy as 1, 2, 3. SC11.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_LOW = 0xFFFFFFFF


def philox4x32(
    counter: Sequence[tf.Tensor], key: Sequence[tf.Tensor]
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """The Philox4x32-10 block function on broadcastable int64 tensors that hold 32-bit words.

    Args:
      counter: four words, each int64 with values in [0, 2**32).
      key: two words of the same kind.

    Returns:
      Four words, int64 with values in [0, 2**32), of the broadcast shape.
    """
    # int64 products wrap exactly as unsigned ones do, and whatever stands above 32 bits after the arithmetic shift
    # or in a growing key is masked at the end of a round: this keeps to operations that every TensorFlow device
    # has, which uint64 does not. Constants are made once, for a step traces these lines many times.
    c0, c1, c2, c3 = counter
    k0, k1 = key
    low, half = tf.constant(_LOW, tf.int64), tf.constant(32, tf.int64)
    m0, m1, w0, w1 = (tf.constant(word, tf.int64) for word in (*_MULTIPLIERS, *_WEYL))
    xor, mask, shift = tf.bitwise.bitwise_xor, tf.bitwise.bitwise_and, tf.bitwise.right_shift
    for _ in range(_ROUNDS):
        product0, product1 = c0 * m0, c2 * m1
        c0 = mask(xor(xor(shift(product1, half), c1), k0), low)
        c2 = mask(xor(xor(shift(product0, half), c3), k1), low)
        c1, c3 = mask(product1, low), mask(product0, low)
        k0, k1 = k0 + w0, k1 + w1
    return c0, c1, c2, c3


def random_bits(
    seeds: tf.Tensor, num_words: int, *, stream: int = 0, step: tf.Tensor | int = 0, role: int = 0
) -> tf.Tensor:
    """Independent 32-bit words for each row.

    Args:
      seeds: int64 [N], one key a row.
      num_words: number of words a row, static.
      stream: which of a program's draws this is; equal streams give equal bits.
      step: a counter below 2**32 for draws that recur; a scalar, or [N] with one a row.
      role: separates families of draws that share streams and steps (training from evaluation).

    Returns:
      int64 [N, num_words] with values in [0, 2**32).
    """
    num_blocks = -(-num_words // 4)
    seeds = tf.convert_to_tensor(seeds, tf.int64)[:, tf.newaxis]
    blocks = tf.range(num_blocks, dtype=tf.int64)[tf.newaxis, :]
    step = tf.reshape(_word(step), [-1, 1])
    counter = (blocks, _word(stream), step, _word(role))
    key = (_low(seeds), _high(seeds))
    words = tf.stack(philox4x32(counter, key), axis=-1)
    return tf.reshape(words, [tf.shape(seeds)[0], 4 * num_blocks])[:, :num_words]


def row_uniform(
    seeds: tf.Tensor,
    shape: Sequence[int] = (),
    *,
    stream: int = 0,
    step: tf.Tensor | int = 0,
    dtype: tf.DType | str = tf.float32,
) -> tf.Tensor:
    """Uniforms in the open interval (0, 1), [N, *shape]; row i depends on `seeds[i]` alone.

    Only 23 bits are used, centred in their cells: `(bits + 0.5) / 2**23` is exact in float32 and is never 0
    or 1, so no quantile function of it is ever infinite.

    Raises:
      ValueError: for a dtype other than float32 and float64; 16 bits would round uniforms to 0 and 1.
    """
    if tf.as_dtype(dtype) not in (tf.float32, tf.float64):
        raise ValueError(f"dtype is {tf.as_dtype(dtype).name}; uniforms need float32 or float64")
    num = int(np.prod(shape, dtype=np.int64))
    bits = tf.bitwise.right_shift(random_bits(seeds, num, stream=stream, step=step), tf.constant(9, tf.int64))
    uniform = (tf.cast(bits, dtype) + 0.5) * 2.0**-23
    return tf.reshape(uniform, [tf.shape(seeds)[0], *shape])


def row_integer(seeds: tf.Tensor, num: int, *, stream: int = 0) -> tf.Tensor:
    """Whole numbers 0 to num - 1, equally likely, int32 [N]; row i depends on `seeds[i]` alone."""
    uniform = row_uniform(seeds, (), stream=stream)
    return tf.minimum(tf.cast(uniform * num, tf.int32), num - 1)


def row_normal(
    seeds: tf.Tensor,
    shape: Sequence[int] = (),
    *,
    stream: int = 0,
    step: tf.Tensor | int = 0,
    dtype: tf.DType | str = tf.float32,
    truncation: tf.Tensor | None = None,
) -> tf.Tensor:
    """Standard normals [N, *shape]; row i depends on `seeds[i]` (and `truncation[i]`) alone.

    Args:
      seeds: int64 [N].
      shape: shape of one row, static.
      stream: which draw of the program this is.
      step: a counter for draws that recur.
      dtype: float dtype of the result; 16-bit results are rounded from float32 draws.
      truncation: [N], positive; row i is a normal conditioned on |z| < truncation[i], drawn by the inverse of
        its distribution function, not by rejection. None, or infinity, is the plain normal.

    Returns:
      [N, *shape].
    """
    draw_dtype = tf.float64 if tf.as_dtype(dtype) == tf.float64 else tf.float32
    centred = 2.0 * row_uniform(seeds, shape, stream=stream, step=step, dtype=draw_dtype) - 1.0
    if truncation is not None:
        bound = tf.math.erf(tf.cast(truncation, draw_dtype) / np.sqrt(2.0))
        centred *= tf.reshape(bound, [-1] + [1] * len(shape))
    return tf.cast(np.sqrt(2.0).astype(draw_dtype.as_numpy_dtype) * tf.math.erfinv(centred), dtype)


def batch_uniform(seed: tf.Tensor, shape: Sequence[int | tf.Tensor], *, dtype: tf.DType | str) -> tf.Tensor:
    """Uniforms in [0, 1) of a whole batch from one seed (int64 scalar), by the stock op: much cheaper than by rows.

    Unlike draws by rows, those of a step that XLA compiles differ from those of a plain graph.
    """
    # The algorithm is named because devices differ in their default.
    return tf.random.stateless_uniform(tf.stack(shape), seed=tf.stack([seed, seed]), dtype=dtype, alg="philox")


def fold_in(seeds: tf.Tensor, stream: int = 0, *, step: tf.Tensor | int = 0, role: int = 0) -> tf.Tensor:
    """New seeds from old ones: int64 [N], non-negative, independent across streams, steps and roles."""
    # stream + 2**31 keeps these words apart from the blocks that draws with small streams use.
    words = random_bits(seeds, 2, stream=stream + 2**31, step=step, role=role)
    high = tf.bitwise.right_shift(words[:, 0], tf.constant(1, tf.int64))
    return tf.bitwise.bitwise_or(tf.bitwise.left_shift(high, tf.constant(32, tf.int64)), words[:, 1])


def fresh_where_negative(seeds: tf.Tensor) -> tf.Tensor:
    """Seeds as given, each negative one replaced by a fresh 53-bit seed that JSON carries exactly.

    The draw ignores `tf.random.set_seed`, so a served model gives new samples after each restart.
    """
    fresh = tf.raw_ops.RandomUniformInt(
        shape=tf.shape(seeds), minval=tf.constant(0, tf.int64), maxval=tf.constant(2**53, tf.int64), seed=0, seed2=0
    )
    return tf.where(seeds < 0, fresh, seeds)


def _low(value: tf.Tensor) -> tf.Tensor:
    return tf.bitwise.bitwise_and(value, tf.constant(_LOW, tf.int64))


def _high(value: tf.Tensor) -> tf.Tensor:
    return _low(tf.bitwise.right_shift(value, tf.constant(32, tf.int64)))


def _word(value: tf.Tensor | int) -> tf.Tensor:
    return _low(tf.cast(value, tf.int64))
