"""Score-function training of the recognition net: REINFORCE, NVIL (Mnih & Gregor 2014), VIMCO (Mnih & Rezende 2016).

theta up  log p(x, h),  h ~ q(h|x)
phi   up  (f - baseline) log q(h|x),  f = log p(x, h) - log q(h|x), taken as a constant
NVIL:   f of each layer's own terms, less a network's prediction and a running mean, over a running deviation.
VIMCO:  K samples, the baseline of each being made of the others; no network, no running means.
"""

import dataclasses

import tensorflow as tf

from tfdgm.core.validation import require_at_least
from tfdgm.networks.belief_network import BeliefNetwork
from tfdgm.networks.mlp import mlp
from tfdgm.objectives.elbo import iwae_bound
from tfdgm.objectives.score_function import local_signals, score_function_loss, vimco_loss
from tfdgm.objectives.wake_sleep import reweighted_loss
from tfdgm.procedures.belief_procedure import BeliefProcedure, Learner, Logs, Settings, States, posterior_samples


@dataclasses.dataclass(frozen=True)
class ControlVariates:
    """Which of NVIL's means against variance are in use.

    Attributes:
      centered: subtract the signal's running mean.
      input_dependent: subtract a network's prediction from the layer below.
      normalized: divide by the signal's running deviation where that is above 1.
      local: give each layer's q the terms alone that depend on it.
    """

    centered: bool = True
    input_dependent: bool = True
    normalized: bool = True
    local: bool = True


class ScoreFunction(BeliefProcedure):
    """One sample an example, and the control variates chosen.

    All of them are fixed before the batch is seen, so that baselines leave the gradient unbiased.

    Attributes:
      signal_means: running mean of each layer's signal less the networks' prediction, [L].
      signal_variances: likewise, [L].
    """

    has_recognition = True

    def __init__(
        self, sizes: tuple[int, ...], settings: Settings, *, variates: ControlVariates, name: str = "procedure"
    ) -> None:
        """Args: variates: see `ControlVariates`; the others as those of `BeliefProcedure`."""
        super().__init__(sizes, settings, name=name)
        self.variates = variates
        inputs = sizes[:-1] if variates.input_dependent else ()
        self.baselines = [
            mlp([size], settings.baseline_sizes, [1], activation="tanh", name=f"baseline_{layer}")
            for layer, size in enumerate(inputs, 1)
        ]
        self.signal_means, self.signal_variances = (
            self.add_weight(shape=(len(sizes) - 1,), initializer=start, trainable=False, aggregation="mean", name=name)
            for name, start in (("signal_means", "zeros"), ("signal_variances", "ones"))
        )

    def step(self, learner: Learner, x: tf.Tensor, index: tf.Tensor | None) -> Logs:
        """p by the sample; q by the signal; the baseline networks towards the signal; running moments."""
        del index
        states = tuple(layer[:, 0] for layer in posterior_samples(learner, x, 1))
        generative_loss, log_p = learner.minimize("generative", self._generative_loss, learner.network, states)
        log_q = _log_posteriors(learner.network, states)
        signals = self._signals(log_p, log_q)
        residuals = signals - self._predictions(learner.network, states) if self.baselines else signals
        recognition_loss = learner.minimize("recognition", self._recognition_loss, learner.network, states, residuals)
        logs = {"loss/generative": generative_loss, "loss/recognition": recognition_loss}
        if self.baselines:
            logs["loss/baseline"] = learner.minimize("baseline", self._baseline_loss, learner.network, states, signals)
        self._follow_moments(learner, residuals)
        return {**logs, "elbo": tf.reduce_sum(log_p - log_q, axis=-1)}

    def control(self, residuals: tf.Tensor) -> tf.Tensor:
        """Signals less predictions, [B, L], centred and scaled by the running moments."""
        if self.variates.centered:
            residuals -= self.signal_means.value
        if self.variates.normalized:
            residuals /= tf.maximum(tf.sqrt(self.signal_variances.value), 1.0)
        return residuals

    def _signals(self, log_p: tf.Tensor, log_q: tf.Tensor) -> tf.Tensor:
        local = local_signals(log_p - log_q)
        return local if self.variates.local else tf.repeat(local[:, :1], local.shape[1], axis=1)

    def _generative_loss(self, network: BeliefNetwork, states: States) -> tuple[tf.Tensor, tf.Tensor]:
        log_p = _log_conditionals(network, states)
        return -tf.reduce_sum(log_p, axis=-1), log_p

    def _recognition_loss(self, network: BeliefNetwork, states: States, residuals: tf.Tensor) -> tf.Tensor:
        return score_function_loss(_log_posteriors(network, states), self.control(residuals))

    def _predictions(self, network: BeliefNetwork, states: States) -> tf.Tensor:
        inputs = [network.centered(states[0]), *states[1:-1]]
        predictions = [baseline(below) for baseline, below in zip(self.baselines, inputs, strict=True)]
        return tf.cast(tf.concat(predictions, axis=1), states[0].dtype)  # networks may compute in 16 bits

    def _baseline_loss(self, network: BeliefNetwork, states: States, signals: tf.Tensor) -> tf.Tensor:
        errors = self.control(signals - self._predictions(network, states))
        return 0.5 * tf.reduce_sum(tf.square(errors), axis=-1)

    def _follow_moments(self, learner: Learner, residuals: tf.Tensor) -> None:
        mean, square = (learner.global_mean(tf.reduce_mean(power, axis=0)) for power in (residuals, residuals**2))
        keep = self.settings.moment_decay
        self.signal_means.assign(keep * self.signal_means.value + (1.0 - keep) * mean)
        variance = square - mean**2
        self.signal_variances.assign(keep * self.signal_variances.value + (1.0 - keep) * variance)


class VIMCO(BeliefProcedure):
    """The importance-weighted bound of K samples, each sample's baseline made of the others."""

    has_recognition = True

    def __init__(self, sizes: tuple[int, ...], settings: Settings, **kwargs: str) -> None:
        """Args: as those of `BeliefProcedure`; K is `num_importance_samples`."""
        super().__init__(sizes, settings, **kwargs)
        require_at_least(2, num_importance_samples=settings.num_importance_samples)

    def step(self, learner: Learner, x: tf.Tensor, index: tf.Tensor | None) -> Logs:
        """p, then q, on the same samples."""
        del index
        network = learner.network
        states = posterior_samples(learner, x, self.settings.num_importance_samples)
        log_q = network.log_posterior(states)

        def generative_loss() -> tuple[tf.Tensor, tf.Tensor]:
            log_p = network.log_joint(states)
            return reweighted_loss(log_p, log_p - log_q), log_p - log_q

        loss, log_weights = learner.minimize("generative", generative_loss)
        recognition_loss = learner.minimize(
            "recognition", lambda: vimco_loss(network.log_posterior(states), log_weights)
        )
        return {"loss/generative": loss, "loss/recognition": recognition_loss, "iwae_bound": iwae_bound(log_weights)}


def _log_conditionals(network: BeliefNetwork, states: States) -> tf.Tensor:
    """log p(h_{l-1} | h_l) for l from 1 to L, the last with log p(h_L) besides: [B, L]."""
    net = network.generative()
    *below_top, top = net.log_conditionals(states[::-1])[::-1]
    return tf.stack([*below_top, top + net.log_prior(states[-1])], axis=-1)


def _log_posteriors(network: BeliefNetwork, states: States) -> tf.Tensor:
    """log q(h_l | h_{l-1}) for l from 1 to L: [B, L]."""
    return tf.stack(network.recognition().log_conditionals(states), axis=-1)
