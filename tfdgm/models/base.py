"""The contract every model keeps: `train_step` is the algorithm, this class is the rest.

A model's constructor takes a `DataSpec` and plain keywords and builds every variable. `train_step(batch)` then reads
like the paper: it draws with `row_seeds`, updates with `minimize`, returns logs. What Keras, the strategy and
the loop need besides stands here once: optimizers by group, sums over replicas, seeds by global row, means of logs,
the step that went non-finite.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfdgm.core import step_rows
from tfdgm.core.assertions import plain_refusals
from tfdgm.core.types import DataSpec, Endpoint, Phase
from tfdgm.models.endpoints import default_endpoints
from tfdgm.models.faults import Fault, fault_code, fault_of
from tfdgm.models.log_means import LogMeans

Batch = Mapping[str, tf.Tensor]
Logs = dict[str, tf.Tensor]


class GenerativeModel(keras.Model):
    """Base of all models.

    Attributes:
      spec: the data specification the model was built for.
      event_shape: shape of one example.
      seed: the run's seed; all training noise is a function of it, the step, the stream and the global row.
      step: int64 scalar variable, training steps done in the whole run.
      phase: the phase the run is in; the loop sets it.
      phase_step: int64 scalar variable, training steps done in the current phase; schedules read it.
      optimizers: the optimizers by variable group, after `compile`.
    """

    def __init__(self, spec: DataSpec, *, seed: int = 0, **kwargs: Any) -> None:
        """Args: spec: what one example is. seed: the run's seed. kwargs: Keras's own (`name`, `dtype`)."""
        super().__init__(**kwargs)
        self.spec = spec
        self.event_shape = spec.shape
        self.seed = seed
        self.phase = Phase()
        self.optimizers: dict[str, keras.optimizers.Optimizer] = {}
        self.step = self._counter("step")
        self.phase_step = self._counter("phase_step")
        self._test_steps = self._counter("test_steps")
        self._initialized = self._counter("initialized")
        self._fault = self._counter("fault")
        self.log_means = LogMeans(self.variable_dtype)
        self.built = True  # variables are built by constructors, never by a first call

    # ---- what a model gives -------------------------------------------------------------------------------------

    def groups(self) -> dict[str, list[keras.Variable]]:
        """The variable groups, each with its own optimizer; none where nothing has a gradient. Default: one, of all."""
        return {"model": self.trainable_variables}

    def initialize(self, batch: Batch) -> None:
        """Sets data-dependent values from the first global batch; runs once in a run, on all replicas."""

    def settle(self) -> None:
        """Works `statistics` out again, after weights have changed otherwise than by a step. Default: nothing."""

    def statistics(self) -> list[keras.Variable]:
        """Variables that follow from the weights and that samples need; `settle` sets them. Default: none."""
        return []

    def interval_logs(self) -> Mapping[str, float]:
        """What a run's log has besides the step's logs, worked out once an interval; nothing unless a model says so."""
        return {}

    def phases(self) -> list[Phase]:
        """The phases of a run, in order. Default: one, as long as the configuration says."""
        return [Phase()]

    def endpoints(self) -> dict[str, Endpoint]:
        """What an export publishes. Default: an endpoint for each capability the model has."""
        return default_endpoints(self)

    # ---- what an algorithm uses ---------------------------------------------------------------------------------

    def minimize(self, group: str, loss_fn: Callable[..., Any], *args: Any) -> Any:
        """One optimizer step of a variable group on the mean of a per-example loss over the global batch.

        Args:
          group: name of the variable group; no other variable moves.
          loss_fn: called with `args` under the tape; gives a loss [B], or `(loss [B], anything)`.
          *args: for `loss_fn`.

        Returns:
          The loss [B], or `(loss, anything)`, as `loss_fn` gave it.

        Raises:
          ValueError: when a variable of the group gets no gradient.
        """
        return self.accumulate(group, loss_fn, [args])[0]

    def accumulate(self, group: str, loss_fn: Callable[..., Any], shares: Sequence[tuple[Any, ...]]) -> list[Any]:
        """`minimize` on the mean over several shares of the batch, one after the other: the memory is that of one.

        Args:
          group: name of the variable group.
          loss_fn: called with each share.
          shares: arguments of `loss_fn`, all of equally many rows.

        Returns:
          What `loss_fn` gave for each.

        Raises:
          ValueError: when a variable of the group gets no gradient.
        """
        variables, optimizer = self.groups()[group], self.optimizers[group]
        loss, gradients, outputs = None, None, []
        for share in shares:
            with tf.control_dependencies(gradients or []):  # not all shares at once
                part, slopes, output = self._slopes(group, variables, loss_fn, share, len(shares))
            loss = part if loss is None else loss + part
            gradients = slopes if gradients is None else [a + b for a, b in zip(gradients, slopes, strict=True)]
            outputs.append(output)
        step_rows.running_rows().gradients[group] = gradients, optimizer.scale_loss(tf.ones((), self.variable_dtype))
        noted = self._note_fault(group, loss, gradients)
        # Grappler can drop the edge from the read of a variable to its update (BUILD_NOTES 39), but not these two.
        with tf.control_dependencies([noted, *(value for value in tf.nest.flatten(outputs) if tf.is_tensor(value))]):
            optimizer.apply(gradients, variables)
        return outputs

    def gradient_norm(self, group: str) -> tf.Tensor:
        """The norm of the gradient over the global batch in the group's last `minimize` of this step, a scalar.

        It is 0 where loss scaling found an overflow and skipped the step.
        """
        gradients, scale = step_rows.running_rows().gradients[group]
        context = _replica_context()
        if context.num_replicas_in_sync > 1:  # it costs a second sum over the replicas
            gradients = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
        norm = tf.linalg.global_norm(gradients) / scale
        skips = isinstance(self.optimizers[group], keras.optimizers.LossScaleOptimizer) & ~tf.math.is_finite(norm)
        return tf.where(skips, tf.zeros_like(norm), norm)

    def row_seeds(self, stream: int = 0) -> tf.Tensor:
        """Seeds int64 [B] of this step's rows, by the run's seed, the step, the stream and the GLOBAL row.

        One device and any number of replicas so draw the same noise for the same row.
        """
        return step_rows.running_rows().seeds(stream)

    def row_noise(self, shape: tuple[int, ...], stream: int = 0) -> tf.Tensor:
        """Uniforms [B, *shape] in [0, 1): one stock draw for the global batch, of which each replica keeps its rows.

        The same promise as `row_seeds` at less cost, for draws too many for row seeds (Gibbs sweeps).
        """
        return step_rows.running_rows().noise(shape, stream, self.variable_dtype)

    def global_mean(self, value: tf.Tensor) -> tf.Tensor:
        """Mean over the replicas of per-replica values of equal shape."""
        return _replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, value)

    def note_statistic(self, value: tf.Tensor) -> None:
        """Notes the fault of a model without groups, where a statistic that it learns is not finite."""
        self._note(0, [value])

    # ---- Keras --------------------------------------------------------------------------------------------------

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
        if type(self).initialize is GenerativeModel.initialize or self._initialized.numpy():
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

    def fault(self) -> Fault | None:
        """The first non-finite loss or gradient since the run began, or None."""
        return fault_of(int(self._fault.numpy()), self.groups())

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
        num_replicas = _replica_context().num_replicas_in_sync
        return {name: tf.reshape(rows.share(value) * num_replicas, shape) for name, value in means.items()}

    def _cast(self, batch: Batch) -> Batch:
        def cast(value: tf.Tensor) -> tf.Tensor:
            return tf.cast(value, self.variable_dtype) if value.dtype.is_floating else value

        return {name: cast(value) for name, value in batch.items()}

    def _slopes(
        self, group: str, variables: list[keras.Variable], loss_fn: Callable[..., Any], args: Any, num_shares: int
    ) -> tuple[tf.Tensor, list[tf.Tensor], Any]:
        """What a share adds to the loss and to its gradients, scaled where the optimizer scales; `loss_fn`'s answer."""
        values = [variable.value for variable in variables]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            outputs = loss_fn(*args)
            losses = outputs[0] if isinstance(outputs, tuple) else outputs
            # Keras sums gradients over replicas.
            loss = step_rows.running_rows().share(tf.reduce_mean(losses)) / num_shares
            scaled = self.optimizers[group].scale_loss(loss)
        gradients = tape.gradient(scaled, values)
        _require_gradients(group, variables, gradients)
        return loss, gradients, outputs

    def _note_fault(self, group: str, loss: tf.Tensor, gradients: list[tf.Tensor]) -> tf.Tensor:
        tensors = [loss]
        if not isinstance(self.optimizers[group], keras.optimizers.LossScaleOptimizer):
            tensors += gradients  # loss scaling looks for overflow itself and skips such steps
        return self._note(list(self.groups()).index(group), tensors)

    def _note(self, group_index: int, tensors: list[tf.Tensor]) -> tf.Tensor:
        step, known = tf.convert_to_tensor(self.step), tf.convert_to_tensor(self._fault)
        code = fault_code(tensors, step, group_index, _sum_over_replicas, self.variable_dtype)
        return self._fault.assign(tf.where(known == 0, code, known))


def _replica_context() -> tf.distribute.ReplicaContext:
    return tf.distribute.get_replica_context()


def _sum_over_replicas(value: tf.Tensor) -> tf.Tensor:
    return _replica_context().all_reduce(tf.distribute.ReduceOp.SUM, value)


def _require_gradients(group: str, variables: list[keras.Variable], gradients: list[tf.Tensor | None]) -> None:
    missing = [variable.path for variable, gradient in zip(variables, gradients, strict=True) if gradient is None]
    if missing:
        raise ValueError(f"the loss of group {group!r} does not depend on {', '.join(missing)}")
