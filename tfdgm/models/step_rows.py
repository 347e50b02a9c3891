"""The rows of one step's global batch that this replica holds, and the noise that belongs to them."""

import contextlib
import contextvars
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from tfdgm.core import philox

TRAIN, TEST = 0, 1  # roles: training and evaluation draw different noise at the same step
_NOISE_STREAM = 1 << 20


class StepRows:
    """Where this replica's rows stand in the global batch of a step.

    Attributes:
      num_rows: int32 scalar, rows of this replica; the last batch of an epoch may leave it fewer than others, or none.
      first_row: int32 scalar, rows on the replicas before it.
      num_global_rows: int32 scalar, rows on all replicas.
    """

    def __init__(self, x: tf.Tensor, *, seed: int, role: int, step: tf.Tensor) -> None:
        """Args: x: this replica's examples [B, ...]. seed: the run's. role: TRAIN or TEST. step: its counter."""
        context = tf.distribute.get_replica_context()
        self._seed, self._role, self._step = seed, role, step
        self._num_replicas = context.num_replicas_in_sync
        self.num_rows = tf.shape(x)[0]
        if self._num_replicas == 1:
            self.first_row, self.num_global_rows = tf.zeros_like(self.num_rows), self.num_rows
            return
        sizes = context.all_gather(self.num_rows[tf.newaxis], axis=0)
        self.first_row = tf.reduce_sum(sizes[: context.replica_id_in_sync_group])
        self.num_global_rows = tf.reduce_sum(sizes)

    def seeds(self, stream: int) -> tf.Tensor:
        """Seeds int64 [B], by the run's seed, the step, the stream and the global row."""
        rows = tf.cast(self.first_row + tf.range(self.num_rows), tf.int64)
        # Two folds, the step's and then the row's: a counter has one word for either.
        return philox.fold_in(tf.repeat(self._step_seed(stream), self.num_rows), step=rows)

    def noise(self, shape: tuple[int, ...], stream: int, dtype: str) -> tf.Tensor:
        """Uniforms [B, *shape] in [0, 1): this replica's rows of one draw for the global batch."""
        key = self._step_seed(stream + _NOISE_STREAM)[0]
        noise = tf.random.stateless_uniform(
            [self.num_global_rows, *shape], seed=tf.stack([key, key]), dtype=dtype, alg="philox"
        )
        return noise[self.first_row : self.first_row + self.num_rows]

    def share(self, local_mean: tf.Tensor) -> tf.Tensor:
        """What a mean over this replica's rows adds to the mean over all: the sum over replicas is exact."""
        fraction = tf.cast(self.num_rows / self.num_global_rows, local_mean.dtype)
        return tf.math.multiply_no_nan(local_mean, fraction)  # the mean of no rows is NaN and counts for nothing

    def _step_seed(self, stream: int) -> tf.Tensor:
        return philox.fold_in(tf.constant([self._seed], tf.int64), stream, step=self._step, role=self._role)


# Not an attribute of the model: replicas run as threads that take turns, each within its own step.
_RUNNING: contextvars.ContextVar[StepRows | None] = contextvars.ContextVar("running_step", default=None)


@contextlib.contextmanager
def running(x: tf.Tensor, **kwargs: Any) -> Iterator[StepRows]:
    """Makes a step the running one; arguments are those of `StepRows`."""
    rows = StepRows(x, **kwargs)
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
