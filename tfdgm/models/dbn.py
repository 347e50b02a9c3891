"""Deep belief net (Hinton, Osindero & Teh 2006).

Generative story:  h_{L-1}, h_L ~ the top harmonium,  then h_{l-1} ~ p(h_{l-1} | h_l) downwards, h_0 = x; all binary.
Inference model:   q(h_1, ..., h_{L-1} | x) = prod_l q(h_l | h_{l-1}), each factorial.
Bound:             log p(x) >= E_q[sum_l log p(h_{l-1} | h_l) + H(q(h_l | h_{l-1})) - F(h_{L-1})] - log Z     (eq. 5)
with l = 1 ... L-1 and F, Z of the top harmonium. Its phases:
rbm_1 ... rbm_L    greedy: each layer is an RBM of states that q draws from the layers below      (sections 4 and 5)
up_down            contrastive wake-sleep: q and p untied; the top harmonium goes on as an RBM    (appendix B)
With labels the top harmonium's visibles are h_{L-1} and a one-hot y: p(x, y).
"""

from typing import Any

import tensorflow as tf

from tfdgm.core.step_rows import running_rows
from tfdgm.core.types import DataSpec, Phase
from tfdgm.core.validation import require_at_least, require_choice
from tfdgm.math.harmonium import Normalizer
from tfdgm.models.base import Batch, Logs
from tfdgm.models.deep_belief_net import DeepBeliefNet
from tfdgm.networks.belief_layer import BeliefLayer, start_above
from tfdgm.networks.directed_layers import States
from tfdgm.objectives import belief_net, energy
from tfdgm.procedures.negative_phase import negative_phase as make_negative_phase

_WAKE_STREAM, _SLEEP_STREAM = 0, 1
_UP_DOWN = "up_down"


class DBN(DeepBeliefNet):
    """Learns a deep belief net layer by layer, then as a whole; fields as in `tfdgm.configs.dbn.DBNConfig`.

    Attributes:
      rbms: the directed layers and the top.
      negative_phases: one a layer, with chains of its own.
    """

    def __init__(
        self,
        spec: DataSpec,
        *,
        hidden_sizes: tuple[int, ...] = (500, 2000),
        label_units: bool = False,
        tied_start: bool = True,
        mean_field_data: bool = False,
        centered: bool = True,
        mean_rate: float = 0.01,
        num_greedy_steps: tuple[int, ...] = (),
        num_up_down_steps: int = 10_000,
        num_sampling_steps: int = 1000,
        negative_phase: str = "pcd",
        num_gibbs_steps: int = 1,
        num_chains: int = 100,
        fast_rate: float = 0.01,
        num_temperatures: int = 10,
        **kwargs: Any,
    ) -> None:
        """Builds all layers and chains for `spec`; see `DBNConfig` for the fields.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        layers = {"hidden_sizes": hidden_sizes, "label_units": label_units, "centered": centered}
        super().__init__(spec, **layers, num_sampling_steps=num_sampling_steps, **kwargs)
        require_at_least(0, mean_rate=mean_rate, num_up_down_steps=num_up_down_steps)
        if num_greedy_steps:
            require_at_least(1, num_greedy_steps=min(num_greedy_steps))
            _require_one_a_layer(num_greedy_steps, hidden_sizes)
        self.tied_start, self.mean_field_data, self.mean_rate = tied_start, mean_field_data, mean_rate
        self.num_greedy_steps, self.num_up_down_steps = num_greedy_steps, num_up_down_steps
        self.rbms = [*self.directed.layers, self.top]
        self.negative_phases = [
            make_negative_phase(
                negative_phase,
                *rbm.kernel.shape,
                num_gibbs_steps=num_gibbs_steps,
                num_chains=num_chains,
                fast_rate=fast_rate,
                num_temperatures=num_temperatures,
                stream=index,
                name=f"negative_phase_{index + 1}",
            )
            for index, rbm in enumerate(self.rbms)
        ]
        self.phase = self.phases()[0]

    def groups(self) -> dict[str, list[Any]]:
        """One a greedy phase, and three of `up_down`: the same variables, but for the recognition kernels."""
        greedy = {rbm.name: [rbm.kernel, rbm.visible_bias, rbm.hidden_bias] for rbm in self.rbms}
        generative, recognition = self.directed.generative_variables(), self.directed.recognition_variables()
        return {**greedy, "generative": generative, "recognition": recognition, "top": greedy[self.top.name]}

    def phases(self) -> list[Phase]:
        """A greedy phase for each layer, then `up_down`."""
        num_steps = self.num_greedy_steps or (None,) * len(self.rbms)
        greedy = [Phase(rbm.name, num, groups=(rbm.name,)) for rbm, num in zip(self.rbms, num_steps, strict=True)]
        last = Phase(_UP_DOWN, self.num_up_down_steps, groups=("generative", "top", "recognition"))
        return [*greedy, last] if self.num_up_down_steps else greedy

    def initialize(self, batch: Batch) -> None:
        """Starts the first layer at the data's mean; refuses values that are not binary, and unknown labels."""
        x = self.visibles.supported(batch["x"])
        if self.top.num_labels:
            x = self.top.require_labels(x, self._label_of(batch))
        self.directed.layers[0].start_at(self.global_mean(tf.reduce_mean(self.visibles.states(x), axis=0)))

    def train_step(self, batch: Batch) -> Logs:
        """A step of the phase that the run is in."""
        return self._up_down_step(batch) if self._is_up_down else self._greedy_step(batch)

    def test_step(self, batch: Batch) -> Logs:
        """Of the layer that learns: free energy, and what one sweep changes. In `up_down`: the bound but for log Z."""
        if not self._is_up_down:
            return self._layer_logs(self._learning(), self._layer_data(batch, self._learning()))
        states = self._wake_states(batch)
        logs = self._layer_logs(-1, self.top.join(states[-1], self._label_of(batch)))
        return {"unnormalized_elbo": self._bound(states), **logs}

    def normalizer(self) -> Normalizer:
        """The top harmonium, and its persistent chains where it has such."""
        return Normalizer(self.top.harmonium(), self.negative_phases[-1].states())

    @property
    def _is_up_down(self) -> bool:
        return self.phase.name == _UP_DOWN

    def _learning(self) -> int:
        """Which layer the greedy phase trains."""
        names = [rbm.name for rbm in self.rbms]
        require_choice("phase.name", self.phase.name, [*names, _UP_DOWN])
        return names.index(self.phase.name)

    def _greedy_step(self, batch: Batch) -> Logs:
        """One RBM step of a layer, on states drawn from those below."""
        index = self._learning()
        rbm, negative_phase = self.rbms[index], self.negative_phases[index]
        v_data, is_first = self._layer_data(batch, index), tf.equal(self.phase_step.value, 0)
        if index:
            below = self.rbms[index - 1]
            can_tie = rbm.kernel.shape[1] >= below.kernel.shape[0]
            start_above(rbm, below, is_first, tied=self.tied_start and can_tie)
        negative_phase.start_at(v_data, is_first)
        logs = self._learn_harmonium(rbm.name, index, v_data, negative_phase.draw(rbm.harmonium(), v_data))
        if isinstance(rbm, BeliefLayer):
            rbm.tie()
        return logs

    def _up_down_step(self, batch: Batch) -> Logs:
        """Wake, top, sleep: all three by the parameters that the step began with."""
        wake = self._wake_states(batch)
        v_data = self.top.join(wake[-1], self._label_of(batch))
        v_model = self.negative_phases[-1].draw(self.top.harmonium(), v_data)
        sleep = self._sleep_states(v_model)
        generative_loss = self.minimize("generative", self._generative_loss, wake)
        logs = self._learn_harmonium("top", -1, v_data, v_model)
        recognition_loss = self.minimize("recognition", self._recognition_loss, sleep)
        return {"loss/generative": generative_loss, "loss/recognition": recognition_loss, **logs}

    def _learn_harmonium(self, group: str, index: int, v_data: tf.Tensor, v_model: tf.Tensor) -> Logs:
        rbm, harmonium = self.rbms[index], self.rbms[index].harmonium()

        def contrast() -> tuple[tf.Tensor, tf.Tensor]:
            moved = rbm.harmonium()
            loss = energy.contrastive_divergence(moved, v_data, tf.stop_gradient(v_model))
            return loss, moved.free_energy(v_data)

        loss, free_energy = self.minimize(group, contrast)
        self.negative_phases[index].learn(harmonium, v_data, v_model)
        rbm.follow_means(v_data, tf.sigmoid(harmonium.hidden_field(v_data)), self.mean_rate)
        return {f"loss/{group}": loss, "free_energy": free_energy}

    def _layer_data(self, batch: Batch, index: int) -> tf.Tensor:
        """What layer `index` learns from."""
        v, label = self.visibles.states(batch["x"]), self._label_of(batch)
        if not self.mean_field_data:
            v = self._wake_states(batch, index)[-1]
        elif index:
            v = self.directed.infer_mean(v, index)
        return self.top.join(v, label) if self.rbms[index] is self.top else v

    def _wake_states(self, batch: Batch, depth: int | None = None) -> States:
        noise = self.row_noise((sum(self.directed.sizes[1:][:depth]),), _WAKE_STREAM)
        return self.directed.infer(self.visibles.states(batch["x"]), noise, depth)

    def _sleep_states(self, v_model: tf.Tensor) -> States:
        chains, rows = self.negative_phases[-1].states(), running_rows()
        rows = rows if chains is None else rows.of(chains.shape[0], "num_chains")
        noise = rows.noise((sum(self.directed.sizes[:-1]),), _SLEEP_STREAM, v_model.dtype.name)
        return self.directed.generate(self.top.features(v_model), noise)[0]

    def _generative_loss(self, states: States) -> tf.Tensor:
        return belief_net.prediction_loss(zip(states[:-1], self.directed.generative_fields(states), strict=True))

    def _recognition_loss(self, states: States) -> tf.Tensor:
        return belief_net.prediction_loss(zip(states[1:], self.directed.recognition_fields(states), strict=True))

    def _layer_logs(self, index: int, v: tf.Tensor) -> Logs:
        harmonium = self.rbms[index].harmonium()
        h = tf.sigmoid(harmonium.hidden_field(v))
        changed = tf.abs(v - harmonium.visible.mean(harmonium.visible_field(h)))
        return {"free_energy": harmonium.free_energy(v), "reconstruction_error": tf.reduce_mean(changed, axis=-1)}

    def _label_of(self, batch: Batch) -> tf.Tensor | None:
        if not self.top.num_labels:
            return None
        if "label" not in batch:
            raise ValueError(
                f"label_units is True, but a batch has only {', '.join(sorted(batch))}; it needs 'label', int32 [B]"
            )
        return batch["label"]


def _require_one_a_layer(num_greedy_steps: tuple[int, ...], hidden_sizes: tuple[int, ...]) -> None:
    if len(num_greedy_steps) != len(hidden_sizes):
        raise ValueError(
            f"num_greedy_steps is {num_greedy_steps}; it needs one number for each of the {len(hidden_sizes)} layers, "
            "or none"
        )
