"""Deep Boltzmann machine (Salakhutdinov & Hinton 2009), centred (Montavon & Mueller 2012; Melchior et al. 2016).

Generative story:  p(v, h_1 ... h_L) = exp(b_0'v + sum_k b_k'h_k + v'W_0 h_1 + sum_k h_k'W_k h_{k+1}) / Z,  all binary
Inference model:   q(h | v) factorial, its means by the fixed-point equations of mean field               (eq. 8)
Bound:             log p(v) >= E_q[-E(v, h)] + H(q) - log Z                                               (eq. 6)
Gradient:          E_q[dE(v, h)] - E_p[dF(h_odd)], with v and h_even summed out of the second term        (eq. 4)
Negative phase:    persistent chains of the harmonium between odd and even layers
Its phases:
rbm_1 ... rbm_L    where wanted: greedy pretraining, each layer an RBM with doubled inputs                (section 3.1)
joint              all layers together, as above                                                          (algorithm 1)
discriminative     where wanted: a classifier that starts as one more pass of mean field                  (section 3.4)
"""

from typing import Any

import tensorflow as tf

from tfdgm.core.types import DataSpec, Endpoint, Phase
from tfdgm.core.validation import require_at_least, require_choice
from tfdgm.math.harmonium import Harmonium, Normalizer
from tfdgm.models.base import Batch, Logs
from tfdgm.models.dbm_phases import Discriminative, Joint, Pretraining
from tfdgm.models.gibbs_sampled import GibbsSampled
from tfdgm.networks.deep_boltzmann import DeepBoltzmannLayers
from tfdgm.networks.visibles import BernoulliVisibles
from tfdgm.objectives import mean_field
from tfdgm.procedures.negative_phase import negative_phase as make_negative_phase


class DBM(GibbsSampled):
    """A DBM and the chains it learns with; the fields are those of `tfdgm.configs.dbm.DBMConfig`.

    Attributes:
      dbm: the machine's layers.
      joint: the phase that trains all of them, with the persistent chains.
      procedures: all phases of a run, in order.
    """

    def __init__(
        self,
        spec: DataSpec,
        *,
        hidden_sizes: tuple[int, ...] = (500, 500),
        num_mean_field_steps: int = 5,
        num_inference_steps: int = 50,
        negative_phase: str = "pcd",
        num_gibbs_steps: int = 1,
        num_chains: int = 100,
        num_temperatures: int = 10,
        centered: bool = True,
        mean_rate: float = 0.01,
        num_pretraining_steps: int = 0,
        num_discriminative_steps: int = 0,
        num_sampling_steps: int = 1000,
        **kwargs: Any,
    ) -> None:
        """Builds all layers and chains for `spec`; see `DBMConfig` for the fields.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        super().__init__(spec, **kwargs)
        _check(spec, hidden_sizes, negative_phase, num_discriminative_steps)
        require_at_least(1, num_mean_field_steps=num_mean_field_steps, num_inference_steps=num_inference_steps)
        require_at_least(1, num_sampling_steps=num_sampling_steps)
        require_at_least(0, mean_rate=mean_rate, num_pretraining_steps=num_pretraining_steps)
        self.num_mean_field_steps, self.num_inference_steps = num_mean_field_steps, num_inference_steps
        self.num_sampling_steps, self.mean_rate = num_sampling_steps, mean_rate
        self.visibles = BernoulliVisibles(spec)
        sizes = (self.visibles.num_units, *hidden_sizes)
        self.dbm = DeepBoltzmannLayers(sizes, centered=centered, name="dbm")
        self.joint = Joint(
            make_negative_phase(
                negative_phase,
                sum(sizes[1::2]),
                sum(sizes[0::2]),
                num_gibbs_steps=num_gibbs_steps,
                num_chains=num_chains,
                num_temperatures=num_temperatures,
            )
        )
        self.procedures: list[Pretraining | Joint | Discriminative] = [self.joint]
        if num_pretraining_steps:
            layers = range(1, len(sizes))
            self.procedures[:0] = [Pretraining(self.dbm, layer, num_pretraining_steps) for layer in layers]
        if num_discriminative_steps:
            self.procedures.append(Discriminative(sizes, spec.num_classes, num_discriminative_steps))
            self.predict_probabilities = self._predict_probabilities
        self.phase = self.phases()[0]

    def groups(self) -> dict[str, list[Any]]:
        """One for each phase; the machine's variables are in those of pretraining and of `joint`."""
        return {procedure.group: procedure.group_variables(self) for procedure in self.procedures}

    def phases(self) -> list[Phase]:
        """Pretraining of each layer, where wanted, then `joint`, then `discriminative`, where wanted."""
        return [Phase(each.name, each.num_steps, groups=(each.group,)) for each in self.procedures]

    def initialize(self, batch: Batch) -> None:
        """Starts at the data's mean; refuses values that are not binary, and labels that are none."""
        x = self.visibles.supported(batch["x"])
        for procedure in self.procedures:
            x = procedure.supported(x, batch)
        self.dbm.start_at(self.global_mean(tf.reduce_mean(self.visibles.states(x), axis=0)))

    def train_step(self, batch: Batch) -> Logs:
        """A step of the phase that the run is in."""
        return self._procedure().train_step(self, batch)

    def test_step(self, batch: Batch) -> Logs:
        """What the phase that the run is in does on held-out data."""
        return self._procedure().test_step(self, batch)

    def chain_harmonium(self) -> Harmonium:
        """Even layers, v the first of them, as its visibles; odd ones hidden."""
        return self.dbm.parameters().bipartite("even")

    def filters(self) -> tf.Tensor:
        """How each unit of the first hidden layer moves the visibles, [hidden_sizes[0], *event_shape]."""
        return self.visibles.filters(self.dbm.kernels[0].value)

    def hidden_probabilities(self, x: tf.Tensor) -> mean_field.Means:
        """q's means after `num_inference_steps` sweeps, one [B, hidden_sizes[k]] a layer."""
        return mean_field.infer(self.dbm.parameters(), self.visibles.states(x), self.num_inference_steps)

    def reconstruct(self, x: tf.Tensor) -> tf.Tensor:
        """E[x | h_1] with h_1 at its mean under q, [B, *event_shape]."""
        return self.visibles.events(mean_field.visible_mean(self.dbm.parameters(), self.hidden_probabilities(x)))

    def unnormalized_elbo(self, x: tf.Tensor, seeds: tf.Tensor | None = None, num_samples: int = 1) -> tf.Tensor:
        """The bound on log p(x) plus log Z of `normalizer`, nats: [B, *event_shape] to [B].

        q is factorial, so that its expectations are in closed form: `seeds` and `num_samples` change nothing.
        """
        del seeds, num_samples
        return mean_field.unnormalized_elbo(
            self.dbm.parameters(), self.visibles.states(x), self.hidden_probabilities(x)
        )

    def normalizer(self) -> Normalizer:
        """The harmonium of odd layers, as its visibles, and even ones; its persistent chains."""
        return Normalizer(self.dbm.parameters().bipartite("odd"), self.joint.negative_phase.states())

    def endpoints(self) -> dict[str, Endpoint]:
        """The default ones, q's means, the bound without log Z in its pieces, and inpainting."""
        x = {"x": tf.TensorSpec([None, *self.event_shape], self.spec.dtype, name="x")}
        mask = {"mask": tf.TensorSpec([None, *self.event_shape], tf.float32, name="mask")}
        seed = {"seed": tf.TensorSpec([None], tf.int64, name="seed")}
        return {
            **super().endpoints(),
            "hidden_probabilities": Endpoint(self._hidden_endpoint, x),
            "unnormalized_elbo": Endpoint(self._bound_endpoint, x),
            "inpaint": Endpoint(self._inpaint_endpoint, {**x, **mask, **seed}),
        }

    def _procedure(self) -> Pretraining | Joint | Discriminative:
        known = {procedure.name: procedure for procedure in self.procedures}
        require_choice("phase.name", self.phase.name, known)
        return known[self.phase.name]

    def _predict_probabilities(self, x: tf.Tensor) -> tf.Tensor:
        """p(y | x) of the classifier, [B, num_classes]."""
        return tf.nn.softmax(self.procedures[-1].logits(self, x))

    def _hidden_endpoint(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {f"layer_{index}": mu for index, mu in enumerate(self.hidden_probabilities(x), 1)}

    def _bound_endpoint(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        v, means = self.visibles.states(x), self.hidden_probabilities(x)
        expected_energy, entropy = self.dbm.parameters().energy([v, *means]), mean_field.entropy(means)
        return {
            "unnormalized_elbo": entropy - expected_energy,
            "expected_energy": expected_energy,
            "entropy": entropy,
        }


def _check(spec: DataSpec, hidden_sizes: tuple[int, ...], negative_phase: str, num_discriminative_steps: int) -> None:
    if spec.domain != "binary":
        raise ValueError(f"data.domain is {spec.domain!r}; a DBM's visible units are binary: set it to binary")
    if len(hidden_sizes) < 2:
        raise ValueError(f"hidden_sizes is {hidden_sizes}; a DBM has at least 2 hidden layers (one makes an rbm)")
    require_at_least(1, hidden_sizes=min(hidden_sizes))
    # Contrastive divergence and fast weights start from the data as states, of which a DBM's has hidden ones.
    require_choice("negative_phase", negative_phase, ("pcd", "tempering"))
    require_at_least(0, num_discriminative_steps=num_discriminative_steps)
    if num_discriminative_steps and spec.num_classes < 2:
        raise ValueError(
            f"num_discriminative_steps is {num_discriminative_steps}, but the data has {spec.num_classes} classes; "
            "set it to 0 or choose data with labels"
        )
