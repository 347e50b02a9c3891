"""Restricted Boltzmann machine by persistent contrastive divergence (Smolensky 1986; Tieleman 2008).

Generative story:  p(v, h) = exp(v' W h + b' v + c' h) / Z,  v and h binary.
Free energy:       F(v) = -b' v - sum_j softplus(c_j + (v' W)_j),  p(v) = exp(-F(v)) / Z
Gradient:          d/dw [F(v_data) - F(v_model)],  v_model from chains that go on from step to step (Tieleman, 2.2)
Gibbs sweep:       h_j ~ Bernoulli(sigmoid(c + v' W)),  v_i ~ Bernoulli(sigmoid(b + W h))
"""

from typing import Any

import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.step_rows import running_rows
from tfdgm.core.types import DataSpec, Endpoint
from tfdgm.models.base import Batch, GenerativeModel, Logs

_START_STREAM, _HIDDEN_STREAM, _VISIBLE_STREAM = 0, 1, 2


class RBM(GenerativeModel):
    """One chain a row of the global batch; the chains are a variable and live in the checkpoint."""

    def __init__(
        self,
        spec: DataSpec,
        *,
        num_hidden: int = 4,
        num_chains: int = 8,
        num_gibbs_steps: int = 1,
        num_sampling_steps: int = 20,
        **kwargs: Any,
    ) -> None:
        """Builds weights and chains; `num_chains` must be the global batch size."""
        super().__init__(spec, **kwargs)
        self.num_hidden, self.num_chains = num_hidden, num_chains
        self.num_gibbs_steps, self.num_sampling_steps = num_gibbs_steps, num_sampling_steps
        num_visible = spec.num_dims
        self.kernel = self.add_weight(shape=(num_visible, num_hidden), initializer="glorot_normal", name="kernel")
        self.visible_bias = self.add_weight(shape=(num_visible,), initializer="zeros", name="visible_bias")
        self.hidden_bias = self.add_weight(shape=(num_hidden,), initializer="zeros", name="hidden_bias")
        # Each replica assigns its own rows and zeros elsewhere: the sum over replicas is the whole.
        self.chains = self.add_weight(
            shape=(num_chains, num_visible), initializer="zeros", trainable=False, aggregation="sum", name="chains"
        )

    def groups(self) -> dict[str, list[Any]]:
        """One group: the parameters of the energy."""
        return {"rbm": self.trainable_variables}

    def train_step(self, batch: Batch) -> Logs:
        """Moves the chains by Gibbs sweeps, then the weights by F(v_data) - F(v_model)."""
        v_data = tf.reshape(batch["x"], [-1, self.spec.num_dims])
        v_model = self._advance_chains()
        loss, free_energy = self.minimize("rbm", self._contrast, v_data, tf.stop_gradient(v_model))
        return {"loss/rbm": loss, "free_energy": free_energy}

    def test_step(self, batch: Batch) -> Logs:
        """Free energy, and pixels that one sweep from the data changes."""
        v = tf.reshape(batch["x"], [-1, self.spec.num_dims])
        changed = tf.reduce_mean(tf.abs(v - self._sweep(v, *self._sweep_noise(0))), axis=-1)
        return {"free_energy": self.free_energy(v), "reconstruction_error": changed}

    def sample(self, seeds: tf.Tensor) -> tf.Tensor:
        """Draws v by `num_sampling_steps` sweeps from noise: seeds int64 [N] to [N, *event_shape]."""
        num_visible, dtype = self.spec.num_dims, self.variable_dtype
        start = tf.cast(philox.row_uniform(seeds, (num_visible,), stream=_START_STREAM, dtype=dtype) < 0.5, dtype)

        def sweep(step: tf.Tensor, v: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            hidden = philox.row_uniform(seeds, (self.num_hidden,), stream=_HIDDEN_STREAM, step=step, dtype=dtype)
            visible = philox.row_uniform(seeds, (num_visible,), stream=_VISIBLE_STREAM, step=step, dtype=dtype)
            return step + 1, self._sweep(v, hidden, visible)

        steps = self.num_sampling_steps
        _, v = tf.while_loop(lambda step, v: step < steps, sweep, (tf.constant(0), start), maximum_iterations=steps)
        return tf.reshape(v, [-1, *self.event_shape])

    def free_energy(self, v: tf.Tensor) -> tf.Tensor:
        """F(v), nats up to log Z: [B, num_visible] to [B]."""
        return -tf.linalg.matvec(v, self.visible_bias.value) - tf.reduce_sum(
            tf.nn.softplus(v @ self.kernel.value + self.hidden_bias.value), axis=-1
        )

    def unnormalized_log_prob(self, x: tf.Tensor) -> tf.Tensor:
        """log p(x) + log Z = -F(x): [B, *event_shape] to [B]."""
        return -self.free_energy(tf.cast(tf.reshape(x, [-1, self.spec.num_dims]), self.variable_dtype))

    def endpoints(self) -> dict[str, Endpoint]:
        """Samples, and scores that compare examples though Z is unknown."""
        x = {"x": tf.TensorSpec([None, *self.event_shape], self.spec.dtype, name="x")}
        score = Endpoint(lambda x: {"unnormalized_log_prob": self.unnormalized_log_prob(x)}, x)
        return {**super().endpoints(), "unnormalized_log_prob": score}

    def _contrast(self, v_data: tf.Tensor, v_model: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        free_energy = self.free_energy(v_data)
        return free_energy - self.free_energy(v_model), free_energy

    def _advance_chains(self) -> tf.Tensor:
        rows = running_rows()
        first, last = rows.first_row, rows.first_row + rows.num_rows
        same = tf.debugging.assert_equal(rows.num_global_rows, self.num_chains, "num_chains is not the batch size")
        with tf.control_dependencies([same] if same is not None else []):
            v = tf.convert_to_tensor(self.chains)[first:last]
        for index in range(self.num_gibbs_steps):
            v = self._sweep(v, *self._sweep_noise(index))
        self.chains.assign(tf.pad(v, [[first, self.num_chains - last], [0, 0]]))
        return v

    def _sweep_noise(self, index: int) -> tuple[tf.Tensor, tf.Tensor]:
        noise = self.row_noise((self.num_hidden + self.spec.num_dims,), stream=index)
        return noise[:, : self.num_hidden], noise[:, self.num_hidden :]

    def _sweep(self, v: tf.Tensor, hidden_noise: tf.Tensor, visible_noise: tf.Tensor) -> tf.Tensor:
        h_probabilities = tf.sigmoid(v @ self.kernel.value + self.hidden_bias.value)
        h = tf.cast(hidden_noise < h_probabilities, v.dtype)
        v_probabilities = tf.sigmoid(tf.matmul(h, self.kernel.value, transpose_b=True) + self.visible_bias.value)
        return tf.cast(visible_noise < v_probabilities, v.dtype)
