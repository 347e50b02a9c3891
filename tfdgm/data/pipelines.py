"""Batches as pure functions of the step.

A training row's place in the run is `position = step * batch_size + row`; its epoch is `position // N`, and its
example is where a keyed permutation of that epoch sends `position % N`. Where few labels are shown, every other
position is that of such an example, with epochs of their own. Nothing depends on what was read before,
so a run continues at any step with exactly the batches that it would have seen, and input pipelines that each
read some rows of a global batch together read exactly that batch.
"""

import dataclasses
import math
from collections.abc import Callable

import tensorflow as tf

from tfdgm.core import philox
from tfdgm.data.ordering import shuffled_indices
from tfdgm.data.scaling import to_domain
from tfdgm.data.source import Data

_ORDER, _TRAIN_NOISE, _LABELED_ORDER = 0, 1, 2


@dataclasses.dataclass(frozen=True)
class Shard:
    """Which rows of the global batch one input pipeline reads, and for how many replicas.

    A pipeline yields one batch a replica: its element e is global step `e // R`, replica `e % R`, with
    R = replicas_per_pipeline. Replica r of pipeline p has the rows `(p * R + r) * b` to `(p * R + r + 1) * b - 1`,
    with b = batch_size / (num_pipelines * R).

    Attributes:
      num_pipelines: input pipelines in the job.
      pipeline: which of them this is.
      replicas_per_pipeline: replicas that each pipeline feeds.
    """

    num_pipelines: int = 1
    pipeline: int = 0
    replicas_per_pipeline: int = 1

    def __post_init__(self) -> None:
        """Refuses numbers that name no shard."""
        if self.num_pipelines < 1 or self.replicas_per_pipeline < 1 or not 0 <= self.pipeline < self.num_pipelines:
            raise ValueError(f"{self} names no shard: counts start at 1 and pipeline at 0, below num_pipelines")

    @property
    def num_replicas(self) -> int:
        """Replicas in the job."""
        return self.num_pipelines * self.replicas_per_pipeline

    def check(self, batch_size: int) -> None:
        """Raises ValueError where a global batch can't be dealt out evenly."""
        if batch_size < 1 or batch_size % self.num_replicas:
            raise ValueError(
                f"batch_size is {batch_size}; it must be a positive multiple of the {self.num_replicas} replicas "
                f"({self.num_pipelines} pipelines of {self.replicas_per_pipeline})"
            )


def train_batches(
    data: Data, *, batch_size: int, seed: int, first_step: int = 0, num_steps: int, shard: Shard = Shard()
) -> tf.data.Dataset:
    """Training batches of the steps `first_step` to `first_step + num_steps - 1`.

    Args:
      data: the data set.
      batch_size: global batch size.
      seed: the run's seed; it decides order and noise.
      first_step: step to start at; the batches are those of a run from step 0.
      num_steps: number of steps.
      shard: which rows to read.

    Returns:
      `x` [b, *shape], `label` int32 [b] where there is one, `index` int64 [b] (in the split), with
      b = batch_size / replicas: see `Shard`.

    Raises:
      ValueError: the batch size can't be dealt out, or there is nothing to train on.
    """
    shard.check(batch_size)
    if not data.splits["train"].num_examples:
        raise ValueError("the train split has no examples")
    num_rows = batch_size // shard.num_pipelines
    first_row = num_rows * shard.pipeline
    order, noise_seed = _order(data, batch_size, seed), _seed(seed, _TRAIN_NOISE)

    def read(step: tf.Tensor) -> dict[str, tf.Tensor]:
        position = step * batch_size + first_row + tf.range(num_rows, dtype=tf.int64)
        return _batch(data, "train", order(position), lambda: draw(step))

    def draw(step: tf.Tensor) -> tf.Tensor:
        uniform = _uniform([batch_size, *data.spec.shape], noise_seed, step)
        return uniform[first_row : first_row + num_rows]

    steps = tf.data.Dataset.range(first_step, first_step + num_steps)
    return _pipeline(steps, read, shard)


def eval_batches(
    data: Data,
    split: str,
    *,
    batch_size: int,
    seed: int,
    shard: Shard = Shard(),
    num_examples: int | None = None,
) -> tf.data.Dataset:
    """Batches of one split in the order of its examples, the last one smaller where need be.

    Noise depends on the seed and the example alone, not on the batch size. With more than one replica the last
    global batch is cut to a multiple of the replicas: fewer examples than replicas are dropped.

    Args:
      data: the data set.
      split: `train`, `validation` or `test`.
      batch_size: global batch size.
      seed: seed of the noise.
      shard: which rows to read.
      num_examples: only the first so many; None is all.

    Returns:
      As `train_batches`, each example once.

    Raises:
      ValueError: there is no such split, it has fewer examples, or the batch size can't be dealt out.
    """
    shard.check(batch_size)
    if split not in data.splits:
        raise ValueError(f"split is {split!r}; it must be one of {', '.join(data.splits)}")
    available = data.splits[split].num_examples
    total = available if num_examples is None else num_examples
    if not 0 <= total <= available:
        raise ValueError(f"num_examples is {num_examples}; split {split!r} has {available}")
    total -= total % batch_size % shard.num_replicas

    def read(step: tf.Tensor) -> dict[str, tf.Tensor]:
        count = tf.minimum(tf.constant(batch_size, tf.int64), total - step * batch_size) // shard.num_pipelines
        index = step * batch_size + count * shard.pipeline + tf.range(count, dtype=tf.int64)
        return _batch(data, split, index, lambda: draw(index))

    def draw(index: tf.Tensor) -> tf.Tensor:
        seeds = philox.fold_in(tf.fill(tf.shape(index), tf.constant(seed, tf.int64)), step=index)
        return philox.row_uniform(seeds, data.spec.shape)

    steps = tf.data.Dataset.range(-(-total // batch_size))
    return _pipeline(steps, read, shard)


def _order(data: Data, batch_size: int, seed: int) -> Callable[[tf.Tensor], tf.Tensor]:
    """Which training example stands at each position, int64 [B] to int64 [B]."""
    num_examples, order_seed = data.splits["train"].num_examples, _seed(seed, _ORDER)
    if data.labeled is None:
        return lambda position: shuffled_indices(position, num_examples, order_seed)
    if batch_size % 2:
        raise ValueError(f"batch_size is {batch_size}; it must be even where few labels are shown, for half its rows")
    with tf.device("CPU"):
        labeled = tf.constant(data.labeled, tf.int64)
    labeled_seed = _seed(seed, _LABELED_ORDER)

    def order(position: tf.Tensor) -> tf.Tensor:
        any_of_all = shuffled_indices(position // 2, num_examples, order_seed)
        place = shuffled_indices(position // 2, len(data.labeled), labeled_seed)
        return tf.where(position % 2 == 0, tf.gather(labeled, place), any_of_all)

    return order


def _batch(data: Data, split: str, index: tf.Tensor, uniform: Callable[[], tf.Tensor]) -> dict[str, tf.Tensor]:
    batch = data.splits[split].gather(index)
    batch["x"] = to_domain(batch["x"], data.spec, data.num_levels, data.binarization, uniform)
    return {**batch, "index": index}


def _pipeline(
    steps: tf.data.Dataset, read: Callable[[tf.Tensor], dict[str, tf.Tensor]], shard: Shard
) -> tf.data.Dataset:
    # These functions are graphs already: AutoGraph would only make tracing slower.
    read = tf.autograph.experimental.do_not_convert(read)
    dataset = steps.map(read, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    if shard.replicas_per_pipeline > 1:
        dataset = dataset.map(lambda batch: _by_replica(batch, shard.replicas_per_pipeline)).unbatch()
    options = tf.data.Options()
    # The rows are sharded here; sharding again would lose most of them.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return dataset.prefetch(tf.data.AUTOTUNE).with_options(options)


def _by_replica(batch: dict[str, tf.Tensor], num_replicas: int) -> dict[str, tf.Tensor]:
    sizes = {name: -1 if value.shape[0] is None else value.shape[0] // num_replicas for name, value in batch.items()}
    return {name: tf.reshape(v, [num_replicas, sizes[name], *v.shape[1:]]) for name, v in batch.items()}


def _seed(seed: int, stream: int) -> int:
    """A seed for one purpose, so that orders and noise share no bits."""
    with tf.device("CPU"):
        return int(philox.fold_in(tf.constant([seed], tf.int64), stream)[0])


def _uniform(shape: list[int], seed: int, step: tf.Tensor) -> tf.Tensor:
    """Uniforms float32 in (0, 1) of 16 bits each: half the random words, and p is met to within 2**-17."""
    num_words = -(-math.prod(shape) // 2)
    seeds = tf.stack([tf.constant(seed, tf.int64), step])
    words = tf.random.stateless_uniform([num_words], seeds, minval=None, maxval=None, dtype=tf.int32, alg="philox")
    bits = tf.reshape(tf.bitcast(words, tf.uint16), [-1])[: math.prod(shape)]
    return (tf.cast(tf.reshape(bits, shape), tf.float32) + 0.5) * 2.0**-16
