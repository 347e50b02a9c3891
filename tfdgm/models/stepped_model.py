"""Keras's side of every model: counted steps of its own under any strategy, optimizers by group, means of logs."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import keras
import tensorflow as tf

from tfdgm.core import step_rows
from tfdgm.core.assertions import plain_refusals
from tfdgm.core.types import DataSpec
from tfdgm.models.log_means import LogMeans

Batch = Mapping[str, tf.Tensor]
Logs = dict[str, tf.Tensor]


class SteppedModel(keras.Model):
    """A Keras model whose `train_step` and `test_step` know their rows of the global batch.

    Attributes:
      spec: the data specification the model was built for.
      event_shape: shape of one example.
      seed: the run's seed; all training noise is a function of it, the step, the stream and the global row.
      step: int64 scalar variable, training steps done in the whole run.
      phase_step: int64 scalar variable, training steps done in the current phase; schedules read it.
      optimizers: the optimizers by variable group, after `compile`.
      takes_unlabeled: whether a batch's `label` may be -1, for not known.
    """

    takes_unlabeled: ClassVar[bool] = False

    def __init__(self, spec: DataSpec, *, seed: int = 0, **kwargs: Any) -> None:
        """Args: spec: what one example is. seed: the run's seed. kwargs: Keras's own (`name`, `dtype`)."""
        super().__init__(**kwargs)
        self.spec = spec
        self.event_shape = spec.shape
        self.seed = seed
        self.optimizers: dict[str, keras.optimizers.Optimizer] = {}
        self.step = self._counter("step")
        self.phase_step = self._counter("phase_step")
        self._test_steps = self._counter("test_steps")
        self._initialized = self._counter("initialized")
        self._fault = self._counter("fault")
        self.log_means = LogMeans(self.variable_dtype)
        self.built = True  # variables are built by constructors, never by a first call

    def groups(self) -> dict[str, list[keras.Variable]]:
        """The variable groups, each with its own optimizer; none where nothing has a gradient. Default: one, of all."""
        return {"model": self.trainable_variables}

    def initialize(self, batch: Batch) -> None:
        """Sets data-dependent values from the first global batch; runs once in a run, on all replicas."""

    def compile(self, optimizer: Any = "adam", **kwargs: Any) -> None:
        """Takes the optimizers and builds them at once, under the strategy's scope.

        Args:
          optimizer: a dict of Keras optimizers by variable group, or one optimizer for a model of one group.
          **kwargs: `run_eagerly`, `steps_per_execution`, `jit_compile` (default False: on CPU a plain graph is
            the faster one) as Keras has them.

        Raises:
          ValueError: when the names are not those of the model's groups.
        """
        groups = self.groups()
        if not isinstance(optimizer, Mapping) and len(groups) > 1:
            raise ValueError(f"optimizer is {optimizer!r}; {self.name} needs a dict with {sorted(groups)}")
        named = dict(optimizer) if isinstance(optimizer, Mapping) else dict.fromkeys(groups, optimizer)
        if set(named) != set(groups):
            raise ValueError(f"optimizers are {sorted(named)}; {self.name} needs a dict with {sorted(groups)}")
        with self.distribute_strategy.scope():
            self.optimizers = {name: self._built_optimizer(named[name], groups[name]) for name in groups}
        for name, built in self.optimizers.items():
            setattr(self, f"{name}_optimizer", built)  # checkpoints track attributes; a dictionary's values they miss
        first = next(iter(self.optimizers.values()), None)
        super().compile(first, auto_scale_loss=False, **{"jit_compile": False, **kwargs})

    def fit(self, x: Any = None, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """Keras's `fit`, after `initialize` has seen the first batch if it has not yet."""
        self.ensure_initialized(x)
        with plain_refusals():
            return super().fit(x, *args, **kwargs)

    def ensure_initialized(self, dataset: Any) -> None:
        """Runs `initialize` on the first global batch unless it ever ran; its mark is part of the checkpoint."""
        if type(self).initialize is SteppedModel.initialize or self._initialized.numpy():
            return
        strategy = self.distribute_strategy
        if isinstance(dataset, tf.data.Dataset):
            dataset = strategy.experimental_distribute_dataset(dataset.take(1))

        def initialize(batch: Batch) -> None:
            with step_rows.running(self._rows(batch, step_rows.TRAIN, self.step)):
                self.initialize(self._cast(batch))

        @tf.function(autograph=False)
        def run(batch: Batch) -> None:
            strategy.run(initialize, args=(batch,))

        with plain_refusals():
            run(next(iter(dataset)))
        self._initialized.assign(1)

    def make_train_function(self, force: bool = False) -> Callable[..., Any]:
        """Keras's, around a step that also counts itself and gathers its logs."""
        if self.train_function is None or force:
            self.train_function = self._make_function(self._counted_train_step)
        return self.train_function

    def make_test_function(self, force: bool = False) -> Callable[..., Any]:
        """Keras's, around a step that also counts itself and gathers its logs."""
        if self.test_function is None or force:
            self.test_function = self._make_function(self._counted_test_step)
        return self.test_function

    def get_metrics_result(self) -> dict[str, tf.Tensor]:
        """Means of the logs since the last reset, each example weighted alike."""
        return self.log_means.result()

    def reset_metrics(self) -> None:
        """Starts new means, and evaluation noise over again, so that equal evaluations give equal numbers."""
        self.log_means.reset_state()
        self._test_steps.assign(0)

    # ---- private ------------------------------------------------------------------------------------------------

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        """Nothing: variables stand. Keras's own consumes a batch and fails on one replica a worker."""

    def _trackable_children(self, save_type: str = "checkpoint", **kwargs: Any) -> dict[str, Any]:
        """Keras's, and all variables by path: it leaves out of checkpoints what layers and models hold in lists."""
        by_path = {variable.path: variable for variable in self.variables} if save_type == "checkpoint" else {}
        return {**by_path, **super()._trackable_children(save_type, **kwargs)}

    def _counter(self, name: str) -> keras.Variable:
        return self.add_weight(
            shape=(), initializer="zeros", dtype="int64", trainable=False, aggregation="only_first_replica", name=name
        )

    def _built_optimizer(self, optimizer: Any, variables: list[keras.Variable]) -> keras.optimizers.Optimizer:
        optimizer = keras.optimizers.get(optimizer)
        scales = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
        if self.dtype_policy.name == "mixed_float16" and not scales:
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        if not optimizer.built:
            optimizer.build(variables)
        return optimizer

    def _counted_train_step(self, batch: Batch) -> Logs:
        batch = self._cast(batch)
        with step_rows.running(self._rows(batch, step_rows.TRAIN, self.step)) as rows:
            logs = self._gathered(self.train_step(batch), rows)
        self.step.assign_add(1)
        self.phase_step.assign_add(1)
        return logs

    def _counted_test_step(self, batch: Batch) -> Logs:
        batch = self._cast(batch)
        with step_rows.running(self._rows(batch, step_rows.TEST, self._test_steps)) as rows:
            logs = self._gathered(self.test_step(batch), rows)
        self._test_steps.assign_add(1)
        return logs

    def _rows(self, batch: Batch, role: int, counter: keras.Variable) -> step_rows.StepRows:
        context = _replica_context()
        num_rows = tf.shape(batch["x"])[0]
        first_row, num_global_rows = tf.zeros_like(num_rows), num_rows
        if context.num_replicas_in_sync > 1:  # the last batch of an epoch need not give all of them as many rows
            sizes = context.all_gather(num_rows[tf.newaxis], axis=0)
            first_row = tf.reduce_sum(sizes[: context.replica_id_in_sync_group])
            num_global_rows = tf.reduce_sum(sizes)
        step = tf.convert_to_tensor(counter)
        return step_rows.StepRows(self.seed, role, step, num_rows, first_row, num_global_rows)

    def _gathered(self, logs: Logs, rows: step_rows.StepRows) -> Logs:
        means = {name: tf.reduce_mean(tf.cast(value, self.variable_dtype)) for name, value in logs.items()}
        self.log_means.update_state(means, rows.num_rows)
        # Keras averages a batch's logs over replicas; on many workers over axis 0, which scalars do not have.
        shape = [1] if isinstance(self.distribute_strategy, tf.distribute.MultiWorkerMirroredStrategy) else []
        return {name: tf.reshape(rows.share(value) * num_replicas(), shape) for name, value in means.items()}

    def _cast(self, batch: Batch) -> Batch:
        def cast(value: tf.Tensor) -> tf.Tensor:
            return tf.cast(value, self.variable_dtype) if value.dtype.is_floating else value

        return {name: cast(value) for name, value in batch.items()}


def num_replicas() -> int:
    """Of the strategy that a step runs under."""
    return _replica_context().num_replicas_in_sync


def sum_over_replicas(values: Any) -> Any:
    """The sum over the replicas of per-replica values of equal shape, a tensor or a list."""
    return _replica_context().all_reduce(tf.distribute.ReduceOp.SUM, values)


def mean_over_replicas(values: Any) -> Any:
    """The mean over the replicas of per-replica values of equal shape, a tensor or a list."""
    return _replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, values)


def _replica_context() -> tf.distribute.ReplicaContext:
    return tf.distribute.get_replica_context()
