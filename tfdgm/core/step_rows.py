"""The rows of one step's global batch that a replica holds, and the noise that belongs to them."""

import contextlib
import contextvars
import dataclasses
from collections.abc import Iterator

import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.assertions import checked

TRAIN, TEST = 0, 1  # roles: training and evaluation draw different noise at the same step
_NOISE_STREAM = 1 << 20


@dataclasses.dataclass(frozen=True)
class StepRows:
    """Where a replica's rows stand in the global batch of a step.

    Attributes:
      seed: the run's seed.
      role: TRAIN or TEST.
      step: int64 scalar, the role's counter of steps.
      num_rows: int32 scalar, rows of this replica; the last batch of an epoch may leave it fewer than others, or none.
      first_row: int32 scalar, rows on the replicas before it.
      num_global_rows: int32 scalar, rows on all replicas.
      gradients: this replica's in the step's last update of each group, and the factor of their loss scaling.
    """

    seed: int
    role: int
    step: tf.Tensor
    num_rows: tf.Tensor
    first_row: tf.Tensor
    num_global_rows: tf.Tensor
    gradients: dict[str, tuple[list[tf.Tensor], tf.Tensor]] = dataclasses.field(default_factory=dict)

    def seeds(self, stream: int) -> tf.Tensor:
        """Seeds int64 [B], by the run's seed, the step, the stream and the global row."""
        rows = tf.cast(self.first_row + tf.range(self.num_rows), tf.int64)
        # Two folds, the step's and then the row's: a counter has one word for either.
        return philox.fold_in(tf.repeat(self._step_seed(stream), self.num_rows), step=rows)

    def noise(self, shape: tuple[int, ...], stream: int, dtype: str) -> tf.Tensor:
        """Uniforms [B, *shape] in [0, 1): this replica's rows of one draw for the global batch."""
        seed = self._step_seed(stream + _NOISE_STREAM)[0]
        noise = philox.batch_uniform(seed, [self.num_global_rows, *shape], dtype=dtype)
        return noise[self.first_row : self.first_row + self.num_rows]

    def of(self, num_global_rows: int, field: str) -> "StepRows":
        """The same step's share of `num_global_rows` rows of another kind, such as persistent chains.

        Replicas own them in proportion to their rows of the batch, in order.

        Raises:
          ValueError: from `fit`, naming `field`, unless the rows come out whole.
        """
        ends = tf.stack([self.first_row, self.first_row + self.num_rows]) * num_global_rows
        ends = checked(
            ends // self.num_global_rows,
            tf.reduce_all(ends % self.num_global_rows == 0),
            f"{field} is {num_global_rows}; it must be a multiple of the number of replicas,"
            " and each batch must give all replicas equally many rows",
        )
        first, last = tf.unstack(ends)
        num_global = tf.constant(num_global_rows, tf.int32)
        return dataclasses.replace(self, num_rows=last - first, first_row=first, num_global_rows=num_global)

    def gather_mine(self, values: tf.Tensor, axis: int = 0) -> tf.Tensor:
        """This replica's rows of a tensor that has all of them along `axis`."""
        begin = [self.first_row if i == axis else 0 for i in range(values.shape.rank)]
        size = [self.num_rows if i == axis else -1 for i in range(values.shape.rank)]
        return tf.slice(values, begin, size)

    def pad_others(self, values: tf.Tensor, axis: int = 0) -> tf.Tensor:
        """This replica's rows with zeros for all others: summed over replicas, the whole."""
        here = tf.stack([self.first_row, self.num_global_rows - self.first_row - self.num_rows])
        nowhere = tf.zeros([2], tf.int32)
        return tf.pad(values, tf.stack([here if i == axis else nowhere for i in range(values.shape.rank)]))

    def share(self, local_mean: tf.Tensor) -> tf.Tensor:
        """What a mean over this replica's rows adds to the mean over all: the sum over replicas is exact."""
        fraction = tf.cast(self.num_rows / self.num_global_rows, local_mean.dtype)
        return tf.math.multiply_no_nan(local_mean, fraction)  # the mean of no rows is NaN and counts for nothing

    def _step_seed(self, stream: int) -> tf.Tensor:
        return philox.fold_in(tf.constant([self.seed], tf.int64), stream, step=self.step, role=self.role)


# Not an attribute of the model: replicas run as threads that take turns, each within its own step.
_RUNNING: contextvars.ContextVar[StepRows | None] = contextvars.ContextVar("running_step", default=None)


@contextlib.contextmanager
def running(rows: StepRows) -> Iterator[StepRows]:
    """Makes a step's rows the running ones."""
    token = _RUNNING.set(rows)
    try:
        yield rows
    finally:
        _RUNNING.reset(token)


def running_rows() -> StepRows:
    """The running step's rows.

    Raises:
      RuntimeError: outside a training or test step.
    """
    rows = _RUNNING.get()
    if rows is None:
        raise RuntimeError(
            "minimize, row_seeds and row_noise belong to a training or test step; pass seeds where there is none"
        )
    return rows
