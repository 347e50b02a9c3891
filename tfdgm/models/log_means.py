"""Running means of whatever a step logs."""

import keras
import tensorflow as tf

_CAPACITY = 64


class LogMeans(keras.metrics.Metric):
    """Means of named scalars over the examples of an epoch, on device, over all replicas.

    Names take slots of one vector as steps are traced, so no model has to declare its logs.
    """

    def __init__(self, dtype: str = "float32") -> None:
        """Room for 64 names. Args: dtype: of the sums."""
        super().__init__(dtype=dtype, name="log_means")
        self._names: list[str] = []
        self._totals = self.add_variable((_CAPACITY,), "zeros", dtype=dtype, name="totals")
        self._weights = self.add_variable((_CAPACITY,), "zeros", dtype=dtype, name="weights")

    def update_state(self, logs: dict[str, tf.Tensor], num_examples: tf.Tensor) -> None:
        """Adds the means `logs` (scalars by name) of `num_examples` examples.

        Raises:
          ValueError: when a model logs more than 64 names.
        """
        self._names += [name for name in logs if name not in self._names]
        if len(self._names) > _CAPACITY:
            raise ValueError(f"{len(self._names)} names are logged; there is room for {_CAPACITY}")
        if not logs:
            return
        slots = tf.constant([[self._names.index(name)] for name in logs])
        weight = tf.cast(num_examples, self._totals.dtype)
        values = tf.stack([tf.cast(value, self._totals.dtype) for value in logs.values()])
        # A replica without rows in the last batch has NaN for its mean of nothing.
        weighted = tf.math.multiply_no_nan(values, weight)
        self._totals.assign_add(tf.scatter_nd(slots, weighted, [_CAPACITY]))
        self._weights.assign_add(tf.scatter_nd(slots, tf.fill([len(logs)], weight), [_CAPACITY]))

    def result(self) -> dict[str, tf.Tensor]:
        """The means of the names logged since the last reset."""
        totals, weights = tf.convert_to_tensor(self._totals), tf.convert_to_tensor(self._weights)
        seen = weights.numpy() > 0 if tf.executing_eagerly() else [True] * _CAPACITY
        return {name: totals[slot] / weights[slot] for slot, name in enumerate(self._names) if seen[slot]}
