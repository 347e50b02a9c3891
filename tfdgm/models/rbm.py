"""Restricted Boltzmann machine (Smolensky 1986; Hinton 2002; Tieleman 2008).

Generative story:  p(v, h) = h(v) exp(b'v + c'h + v'W h) / Z,  h binary; v binary, Gaussian or one-hot.
Free energy:       F(v) = -log h(v) - b'v - sum_j softplus(c_j + (v'W)_j),  p(v) = exp(-F(v)) / Z
Gradient:          d(-log p(v_data)) = dF(v_data) - E_p(v) dF(v)                    (Hinton 2002, eq. 3)
Negative phase:    v_model for E_p(v), by a few Gibbs sweeps from the data or from chains that persist
Gibbs sweep:       h_j ~ Bernoulli(sigmoid(c_j + (v'W)_j)),  v ~ p(v | field = b + W h)
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tfdgm.core.types import DataSpec, Endpoint
from tfdgm.core.validation import require_at_least, require_between
from tfdgm.math.harmonium import Harmonium, Normalizer
from tfdgm.math.units import BERNOULLI
from tfdgm.models.base import Batch, Logs
from tfdgm.models.gibbs_sampled import GibbsSampled
from tfdgm.networks.harmonium import HarmoniumLayer
from tfdgm.networks.visibles import visibles
from tfdgm.objectives import energy
from tfdgm.procedures.negative_phase import negative_phase as make_negative_phase


class RBM(GibbsSampled):
    """An RBM and the chains it learns with; the fields are those of `tfdgm.configs.rbm.RBMConfig`."""

    def __init__(
        self,
        spec: DataSpec,
        *,
        num_hidden: int = 500,
        visible_units: str = "bernoulli",
        negative_phase: str = "pcd",
        num_gibbs_steps: int = 1,
        num_chains: int = 100,
        fast_rate: float = 0.01,
        num_temperatures: int = 10,
        centered: bool = True,
        mean_rate: float = 0.01,
        weight_decay: float = 0.0,
        sparsity_target: float = 0.1,
        sparsity_weight: float = 0.0,
        num_sampling_steps: int = 1000,
        **kwargs: Any,
    ) -> None:
        """Builds weights and chains for `spec`; see `RBMConfig` for the fields.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        super().__init__(spec, **kwargs)
        require_at_least(1, num_hidden=num_hidden, num_sampling_steps=num_sampling_steps)
        require_at_least(0, weight_decay=weight_decay, sparsity_weight=sparsity_weight)
        require_between(0, 1, mean_rate=mean_rate, sparsity_target=sparsity_target)
        self.num_sampling_steps, self.mean_rate = num_sampling_steps, mean_rate
        self.weight_decay, self.sparsity_target, self.sparsity_weight = weight_decay, sparsity_target, sparsity_weight
        self.visibles = visibles(visible_units, spec)
        num_visible = self.visibles.num_units
        self.layer = HarmoniumLayer(
            num_visible, num_hidden, visible=self.visibles.units, centered=centered, name="harmonium"
        )
        self.negative_phase = make_negative_phase(
            negative_phase,
            num_visible,
            num_hidden,
            num_gibbs_steps=num_gibbs_steps,
            num_chains=num_chains,
            fast_rate=fast_rate,
            num_temperatures=num_temperatures,
            name="negative_phase",
        )

    def groups(self) -> dict[str, list[Any]]:
        """One group: the parameters of the energy."""
        return {"rbm": self.trainable_variables}

    def initialize(self, batch: Batch) -> None:
        """Starts at the data's mean, as Hinton (2010), section 8, has it; refuses data outside the units' support."""
        x = self.visibles.supported(batch["x"])
        self.visibles.start_at(x, self.global_mean)
        self.layer.start_at(self.global_mean(tf.reduce_mean(self.visibles.states(x), axis=0)))

    def train_step(self, batch: Batch) -> Logs:
        """Negative phase, gradient step, running means."""
        x, harmonium = batch["x"], self.layer.harmonium()
        v_data = self.visibles.states(x)
        v_model = self.negative_phase.draw(harmonium, v_data)
        # Back to x, for a Gaussian's scale has a gradient in both phases.
        x_model = self.visibles.events(v_model)
        loss, free_energy = self.minimize("rbm", self._contrast, x, tf.stop_gradient(x_model))
        self.negative_phase.learn(harmonium, v_data, v_model)
        self.layer.follow_means(v_data, tf.sigmoid(harmonium.hidden_field(v_data)), self.mean_rate)
        return {"loss/rbm": loss, "free_energy": free_energy}

    def _contrast(self, x_data: tf.Tensor, x_model: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """F(v_data) - mean F(v_model) with its penalties, [B], and F(v_data), [B]."""
        harmonium = self.layer.harmonium()
        v_data = self.visibles.states(x_data)
        loss = energy.contrastive_divergence(harmonium, v_data, self.visibles.states(x_model))
        if self.weight_decay:  # of the kernel alone: biases need none
            loss += 0.5 * self.weight_decay * tf.reduce_sum(tf.square(harmonium.kernel))
        if self.sparsity_weight:
            field = harmonium.hidden_field(v_data)
            penalty = energy.sparsity_penalty(field, self.layer.hidden_mean.value, self.sparsity_target)
            loss += self.sparsity_weight * penalty
        return loss, harmonium.free_energy(v_data) + self.visibles.log_scale()

    def test_step(self, batch: Batch) -> Logs:
        """Free energy, what one sweep from the data changes, and an estimate of the pseudo-log-likelihood."""
        v, harmonium = self.visibles.states(batch["x"]), self.layer.harmonium()
        h = tf.sigmoid(harmonium.hidden_field(v))
        changed = tf.abs(v - harmonium.visible.mean(harmonium.visible_field(h)))
        logs = {"free_energy": self.free_energy(batch["x"]), "reconstruction_error": tf.reduce_mean(changed, axis=-1)}
        if self._is_binary:
            index = tf.cast(self.row_noise(()) * harmonium.num_visible, tf.int32)
            logs["pseudo_log_likelihood"] = harmonium.num_visible * energy.conditional_log_prob(harmonium, v, index)
        return logs

    def chain_harmonium(self) -> Harmonium:
        """The RBM itself."""
        return self.layer.harmonium()

    def filters(self) -> tf.Tensor:
        """How each hidden unit moves the visibles, [num_hidden, *event_shape]."""
        return self.visibles.filters(self.layer.kernel.value)

    def hidden_probabilities(self, x: tf.Tensor) -> tf.Tensor:
        """p(h = 1 | x), [B, num_hidden]."""
        return tf.sigmoid(self.layer.harmonium().hidden_field(self.visibles.states(x)))

    def reconstruct(self, x: tf.Tensor) -> tf.Tensor:
        """E[x | h] with h at its mean given x, [B, *event_shape]."""
        field = self.layer.harmonium().visible_field(self.hidden_probabilities(x))
        return self.visibles.events(self.visibles.units.mean(field))

    def free_energy(self, x: tf.Tensor) -> tf.Tensor:
        """F(x) = -log p(x) - log Z, nats: [B, *event_shape] to [B]."""
        return self.layer.harmonium().free_energy(self.visibles.states(x)) + self.visibles.log_scale()

    def unnormalized_log_prob(self, x: tf.Tensor) -> tf.Tensor:
        """log p(x) + log Z of `normalizer`, nats: [B, *event_shape] to [B]."""
        return -self.free_energy(x)

    @property
    def pseudo_log_likelihood(self) -> Callable[[tf.Tensor], tf.Tensor]:
        """sum_i log p(x_i | all others), exact, nats: a function of x [B, *event_shape] to [B].

        Raises:
          AttributeError: where the visibles are not binary, so that `hasattr` tells who has it.
        """
        if not self._is_binary:
            raise AttributeError("pseudo_log_likelihood is of binary visible units alone")
        return lambda x: energy.pseudo_log_likelihood(self.layer.harmonium(), self.visibles.states(x))

    def normalizer(self) -> Normalizer:
        """The RBM itself, and its persistent chains where it has such."""
        return Normalizer(self.layer.harmonium(), self.negative_phase.states())

    def endpoints(self) -> dict[str, Endpoint]:
        """The default ones, and what only an RBM has."""
        x = {"x": tf.TensorSpec([None, *self.event_shape], self.spec.dtype, name="x")}
        mask = {"mask": tf.TensorSpec([None, *self.event_shape], tf.float32, name="mask")}
        seed = {"seed": tf.TensorSpec([None], tf.int64, name="seed")}
        return {
            **super().endpoints(),
            "hidden_probabilities": Endpoint(lambda x: {"probabilities": self.hidden_probabilities(x)}, x),
            "free_energy": Endpoint(lambda x: {"free_energy": self.free_energy(x)}, x),
            "inpaint": Endpoint(self._inpaint_endpoint, {**x, **mask, **seed}),
        }

    @property
    def _is_binary(self) -> bool:
        return self.visibles.units == BERNOULLI
