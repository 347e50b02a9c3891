"""The contract every model keeps: `train_step` is the algorithm, this class is the rest.

A model's constructor takes a `DataSpec` and plain keywords and builds every variable. `train_step(batch)` then reads
like the paper: it draws with `row_seeds`, updates with `minimize`, returns logs. What algorithms use stands here once:
updates by group, seeds by global row, sums over replicas, the step that went non-finite; what Keras needs, in
`tfdgm.models.stepped_model`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfdgm.core import step_rows
from tfdgm.core.types import DataSpec, Endpoint, Phase
from tfdgm.models.endpoints import default_endpoints
from tfdgm.models.faults import Fault, fault_code, fault_of
from tfdgm.models.stepped_model import Batch, Logs, SteppedModel, mean_over_replicas, num_replicas, sum_over_replicas

__all__ = ["Batch", "GenerativeModel", "Logs"]


class GenerativeModel(SteppedModel):
    """Base of all models.

    Attributes:
      phase: the phase the run is in; the loop sets it.
    """

    def __init__(self, spec: DataSpec, *, seed: int = 0, **kwargs: Any) -> None:
        """Args: spec: what one example is. seed: the run's seed. kwargs: Keras's own (`name`, `dtype`)."""
        super().__init__(spec, seed=seed, **kwargs)
        self.phase = Phase()

    # ---- what a model gives, besides `train_step` and `test_step`, `groups` and `initialize` ----------------------

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

    def tables(self) -> list[Any]:
        """Lookup tables that endpoints read, which an export carries besides the variables. Default: none."""
        return []

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
        if num_replicas() > 1:  # it costs a second sum over the replicas
            gradients = sum_over_replicas(gradients)
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
        return mean_over_replicas(value)

    def note_statistic(self, value: tf.Tensor) -> None:
        """Notes the fault of a model without groups, where a statistic that it learns is not finite."""
        self._note(0, [value])

    def fault(self) -> Fault | None:
        """The first non-finite loss or gradient since the run began, or None."""
        return fault_of(int(self._fault.numpy()), self.groups())

    # ---- private ------------------------------------------------------------------------------------------------

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
        code = fault_code(tensors, step, group_index, sum_over_replicas, self.variable_dtype)
        return self._fault.assign(tf.where(known == 0, code, known))


def _require_gradients(group: str, variables: list[keras.Variable], gradients: list[tf.Tensor | None]) -> None:
    missing = [variable.path for variable, gradient in zip(variables, gradients, strict=True) if gradient is None]
    if missing:
        raise ValueError(f"the loss of group {group!r} does not depend on {', '.join(missing)}")
