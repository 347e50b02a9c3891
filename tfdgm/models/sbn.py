"""Sigmoid belief net (Neal 1992), and what its training procedures make of it: Helmholtz machine, NVIL, and others.

Generative story:  h_L ~ p(h_L),  then h_{l-1} ~ p(h_{l-1} | h_l) downwards, h_0 = x; units binary, logits linear.
Inference model:   q(h_1, ..., h_L | x) = prod_l q(h_l | h_{l-1}), each factorial; none for the two kinds of EM.
Bounds:            log p(x) >= E_q log (1/K) sum_k p(x, h_k) / q(h_k | x),  the ELBO at K = 1
`procedure` names how it learns, in `tfdgm/procedures`:
gibbs_em, mean_field               no q: posterior samples or a fit an example   (expectation_maximization.py)
wake_sleep, reweighted_wake_sleep  q learns from dreams, or weighted samples    (wake_sleep.py)
reinforce, nvil, vimco             q follows the bound, by the log-derivative   (score_function.py)
"""

from typing import Any

import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.types import DataSpec, Endpoint
from tfdgm.core.validation import require_at_least
from tfdgm.math import belief_mean_field, bernoulli
from tfdgm.math.sample_blocks import over_blocks
from tfdgm.models.base import Batch, GenerativeModel, Logs
from tfdgm.networks.belief_network import BeliefNetwork
from tfdgm.networks.visibles import visibles
from tfdgm.objectives.elbo import iwae_bound
from tfdgm.procedures.belief_procedures import belief_procedure

States = tuple[tf.Tensor, ...]

_BLOCK = 100  # posterior samples that a bound holds at once for an example


class SigmoidBeliefNet(GenerativeModel):
    """The net and its procedure; the fields are those of `tfdgm.configs.sbn.SBNConfig`.

    Attributes:
      network: parameters of p and, where the procedure trains one, of q.
      procedure: the training procedure.
    """

    def __init__(
        self,
        spec: DataSpec,
        *,
        hidden_sizes: tuple[int, ...] = (200,),
        autoregressive_prior: bool = False,
        procedure: str = "nvil",
        num_importance_samples: int = 5,
        recognition_phases: str = "both",
        baseline_sizes: tuple[int, ...] = (100,),
        moment_decay: float = 0.8,
        num_gibbs_sweeps: int = 10,
        num_persistent_examples: int = 0,
        num_mean_field_steps: int = 20,
        num_inference_steps: int = 0,
        num_validation_samples: int = 20,
        **kwargs: Any,
    ) -> None:
        """Builds nets and procedure for `spec`; see `SBNConfig` for the fields.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        super().__init__(spec, **kwargs)
        require_at_least(1, num_hidden_layers=len(hidden_sizes), hidden_sizes=min(hidden_sizes, default=1))
        require_at_least(1, num_validation_samples=num_validation_samples)
        self.visibles = visibles("bernoulli", spec)
        sizes = (self.visibles.num_units, *hidden_sizes)
        self.procedure = belief_procedure(
            procedure,
            sizes,
            num_importance_samples=num_importance_samples,
            recognition_phases=recognition_phases,
            baseline_sizes=baseline_sizes,
            moment_decay=moment_decay,
            num_gibbs_sweeps=num_gibbs_sweeps,
            num_persistent_examples=num_persistent_examples,
            num_mean_field_steps=num_mean_field_steps,
        )
        self.network = BeliefNetwork(
            sizes, recognition=self.procedure.has_recognition, autoregressive_prior=autoregressive_prior
        )
        least = 0 if self.procedure.has_recognition else 1
        require_at_least(least, num_inference_steps=num_inference_steps)
        self.num_inference_steps, self.num_validation_samples = num_inference_steps, num_validation_samples
        if num_inference_steps:  # a capability only where it is one
            self.mean_field_iwae_bound = self._mean_field_iwae_bound

    def groups(self) -> dict[str, list[Any]]:
        """`generative`, and `recognition` and `baseline` where the procedure trains such."""
        found = {
            "generative": self.network.generative_variables(),
            "recognition": self.network.recognition_variables(),
            "baseline": self.procedure.trainable_variables,
        }
        return {name: variables for name, variables in found.items() if variables}

    def initialize(self, batch: Batch) -> None:
        """Starts x at the data's mean; refuses values that are not binary."""
        v = self.visibles.states(self.visibles.supported(batch["x"]))
        mean = self.global_mean(tf.reduce_mean(v, axis=0))
        self.network.start_at(mean, self.visibles.units.inverse_mean(mean))

    def train_step(self, batch: Batch) -> Logs:
        """A step of the procedure."""
        return self.procedure.step(self, self.visibles.states(batch["x"]), batch.get("index"))

    def test_step(self, batch: Batch) -> Logs:
        """The bounds of one and of `num_validation_samples` samples of q."""
        x = batch["x"]
        log_weights = self._log_weights(x, self.row_seeds(), self.num_validation_samples, self._fit_where_needed(x))
        return {"elbo": tf.reduce_mean(log_weights, axis=1), "iwae_bound": iwae_bound(log_weights)}

    def sample(self, seeds: tf.Tensor) -> tf.Tensor:
        """Draws x from the top down: seeds int64 [N] to [N, *event_shape]; row i depends on `seeds[i]` alone."""
        return self.generative_pass(seeds)[-1]

    def sample_mean(self, seeds: tf.Tensor) -> tf.Tensor:
        """E[x | h_1] at the h_1 of `sample`: what pictures usually show; [N, *event_shape]."""
        return self.layer_mean(1, self.generative_pass(seeds)[-2])

    def generative_pass(self, seeds: tf.Tensor) -> States:
        """h_L, ..., h_1, x, each layer drawn from the one above: seeds int64 [N] to L + 1 tensors [N, ...]."""
        *latents, v = self.network.generative().sample(seeds)
        return (*latents, self.visibles.events(v))

    def inference_pass(self, x: tf.Tensor, seeds: tf.Tensor) -> States:
        """x, h_1, ..., h_L, each layer drawn from q given the one below: x [N, *event_shape], seeds int64 [N]."""
        states, _ = self._posterior_samples(x, seeds, 1, self._fit_where_needed(x))
        return (x, *(layer[:, 0] for layer in states[1:]))

    def layer_mean(self, layer: int, h: tf.Tensor) -> tf.Tensor:
        """E[x | h_layer], the layers between at their means: [N, D_layer] to [N, *event_shape]."""
        net = self.network.generative()
        for index in range(net.depth - layer + 1, net.depth + 1):
            h = tf.sigmoid(net.logits(index, h))
        return self.visibles.events(h)

    def encode(self, x: tf.Tensor, seeds: tf.Tensor) -> dict[str, tf.Tensor]:
        """h_1, ..., h_L from q(h|x), by name, each [N, D_l]; row i depends on `x[i]` and `seeds[i]` alone."""
        return {f"h_{layer}": h for layer, h in enumerate(self.inference_pass(x, seeds)[1:], 1)}

    def reconstruct(self, x: tf.Tensor, seeds: tf.Tensor | None = None) -> tf.Tensor:
        """E[x | h_1] for h_1 from q: [N, *event_shape] to its shape; without seeds int64 [N], row i takes seed i."""
        seeds = tf.range(tf.shape(x)[0], dtype=tf.int64) if seeds is None else seeds
        return self.layer_mean(1, self.inference_pass(x, seeds)[1])

    def posterior_mean(self, x: tf.Tensor) -> tf.Tensor:
        """q(h_1 = 1 | x), of the recognition net or of mean field, [N, D_1]."""
        v = self.visibles.states(x)
        return tf.sigmoid(self.network.recognition().logits(1, v) if self._has_recognition else self._fit(v)[0])

    def elbo(self, x: tf.Tensor, seeds: tf.Tensor, num_samples: int = 1) -> tf.Tensor:
        """ELBO [N] in nats, the mean over `num_samples` samples of q an example."""
        fit = self._fit_where_needed(x)  # once, not in every block

        def block_mean(seeds: tf.Tensor, size: int) -> tf.Tensor:
            return tf.reduce_mean(self._log_weights(x, seeds, size, fit), axis=1)

        return tf.reduce_mean(over_blocks(block_mean, seeds, num_samples, _BLOCK, self.variable_dtype), axis=0)

    def iwae_bound(self, x: tf.Tensor, seeds: tf.Tensor, num_samples: int) -> tf.Tensor:
        """Importance-weighted bound [N] in nats: samples of the recognition net, of mean field where there is none."""
        return self._iwae_bound(x, seeds, num_samples, self._fit_where_needed(x))

    def endpoints(self) -> dict[str, Endpoint]:
        """The default ones, with seeds where q is drawn from; every layer of a pass down."""
        found = super().endpoints()
        seed, x = found["sample"].inputs, found["encode"].inputs
        both = {**x, **seed}
        return {
            **found,
            "generative_pass": Endpoint(self._generative_endpoint, seed),
            "encode": Endpoint(lambda x, seed: self._seeded(seed, lambda seeds: self.encode(x, seeds)), both),
            "reconstruct": Endpoint(
                lambda x, seed: self._seeded(seed, lambda seeds: {"means": self.reconstruct(x, seeds)}), both
            ),
        }

    @property
    def _has_recognition(self) -> bool:
        return self.network.has_recognition

    def _mean_field_iwae_bound(self, x: tf.Tensor, seeds: tf.Tensor, num_samples: int) -> tf.Tensor:
        """The same of a mean-field q fitted to each example: one yardstick for all procedures; [N], nats."""
        return self._iwae_bound(x, seeds, num_samples, self._fit(self.visibles.states(x)))

    def _iwae_bound(self, x: tf.Tensor, seeds: tf.Tensor, num_samples: int, fit: States | None) -> tf.Tensor:
        def block_bound(seeds: tf.Tensor, size: int) -> tf.Tensor:
            return iwae_bound(self._log_weights(x, seeds, size, fit))

        blocks = over_blocks(block_bound, seeds, num_samples, _BLOCK, self.variable_dtype)
        return iwae_bound(tf.transpose(blocks))

    def _log_weights(self, x: tf.Tensor, seeds: tf.Tensor, num_samples: int, fit: States | None) -> tf.Tensor:
        """log p(x, h_k) - log q(h_k | x), [N, num_samples]; q is `fit` where it is given."""
        states, log_q = self._posterior_samples(x, seeds, num_samples, fit)
        return self.network.log_joint(states) - log_q

    def _posterior_samples(
        self, x: tf.Tensor, seeds: tf.Tensor, num_samples: int, fit: States | None
    ) -> tuple[States, tf.Tensor]:
        """x [N, 1, D_0], h_1, ..., h_L [N, num_samples, D_l] and log q(h|x); q is `fit` where it is given."""
        v = tf.cast(self.visibles.states(x), self.variable_dtype)
        noise = philox.row_uniform(seeds, (num_samples, self.network.num_latents), dtype=v.dtype)
        if fit is None:
            net = self.network.recognition()
            states = net.draw_all(noise, top=v[:, tf.newaxis])
            return states, net.log_likelihood(states)
        logits = [layer[:, tf.newaxis] for layer in fit]
        noises = tf.split(noise, self.network.sizes[1:], axis=-1)
        draws = [tf.cast(u < tf.sigmoid(layer), v.dtype) for u, layer in zip(noises, logits, strict=True)]
        log_q = tf.add_n([bernoulli.log_prob(*pair) for pair in zip(draws, logits, strict=True)])
        return (v[:, tf.newaxis], *draws), log_q

    def _fit_where_needed(self, x: tf.Tensor) -> States | None:
        """The mean-field q of nets that have no recognition net; None for the others."""
        return None if self._has_recognition else self._fit(self.visibles.states(x))

    def _fit(self, v: tf.Tensor) -> States:
        """Logits of the mean-field q of h_1, ..., h_L, [N, D_l]."""
        v = tf.cast(v, self.variable_dtype)
        return belief_mean_field.infer(self.network.generative(), v, self.num_inference_steps)[::-1]

    def _generative_endpoint(self, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        def layers(seeds: tf.Tensor) -> dict[str, tf.Tensor]:
            *latents, x = self.generative_pass(seeds)
            return {"x": x, **{f"h_{layer}": h for layer, h in enumerate(reversed(latents), 1)}}

        return self._seeded(seed, layers)

    def _seeded(self, seed: tf.Tensor, answer: Any) -> dict[str, tf.Tensor]:
        seed = philox.fresh_where_negative(seed)
        return {**answer(seed), "seed": seed}
