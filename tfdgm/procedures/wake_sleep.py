"""Wake-sleep (Hinton, Dayan, Frey & Neal 1995) and reweighted wake-sleep (Bornschein & Bengio 2015).

Wake:   h ~ q(h|x), x from the data:   theta up  E log p(x, h)
Sleep:  x, h ~ p:                      phi up    E log q(h|x)        the other KL: two objectives, no common descent
Reweighted: K samples an example, weighted by w_k ~ p(x, h_k) / q(h_k|x), in the wake phase of theta and of phi.
"""

import tensorflow as tf

from tfdgm.core.validation import require_choice
from tfdgm.objectives.elbo import iwae_bound
from tfdgm.objectives.wake_sleep import reweighted_loss
from tfdgm.procedures.belief_procedure import (
    BeliefProcedure,
    Learner,
    Logs,
    Settings,
    States,
    dreams,
    posterior_samples,
)

RECOGNITION_PHASES = ("wake", "sleep", "both")


class WakeSleep(BeliefProcedure):
    """The Helmholtz machine's own: p learns from what q makes of the data, q from what p dreams."""

    has_recognition = True

    def step(self, learner: Learner, x: tf.Tensor, index: tf.Tensor | None) -> Logs:
        """Wake, then sleep; both phases draw by the parameters that the step began with."""
        del index
        network = learner.network
        awake, asleep = posterior_samples(learner, x, 1), dreams(learner)
        log_q = network.log_posterior(awake)[:, 0]
        generative_loss = learner.minimize("generative", lambda: -network.log_joint(awake)[:, 0])
        recognition_loss = learner.minimize("recognition", lambda: -network.log_posterior(asleep))
        elbo = -generative_loss - log_q
        return {"loss/generative": generative_loss, "loss/recognition": recognition_loss, "elbo": elbo}


class ReweightedWakeSleep(BeliefProcedure):
    """Importance weights bring the wake phase towards the gradient of log p(x) itself."""

    has_recognition = True

    def __init__(self, sizes: tuple[int, ...], settings: Settings, **kwargs: str) -> None:
        """Args: as those of `BeliefProcedure`; `recognition_phases` says what q learns from."""
        super().__init__(sizes, settings, **kwargs)
        require_choice("recognition_phases", settings.recognition_phases, RECOGNITION_PHASES)
        phases = settings.recognition_phases
        self.learns_awake, self.learns_asleep = phases in ("wake", "both"), phases in ("sleep", "both")

    def step(self, learner: Learner, x: tf.Tensor, index: tf.Tensor | None) -> Logs:
        """K samples of q; p, then q, by their weights; q also by a dream for each example."""
        del index
        network = learner.network
        awake = posterior_samples(learner, x, self.settings.num_importance_samples)
        asleep = dreams(learner) if self.learns_asleep else None
        log_q = network.log_posterior(awake)

        def generative_loss() -> tuple[tf.Tensor, tf.Tensor]:
            log_p = network.log_joint(awake)
            return reweighted_loss(log_p, log_p - log_q), log_p - log_q

        loss, log_weights = learner.minimize("generative", generative_loss)
        recognition_loss = learner.minimize("recognition", self._recognition_loss, learner, awake, asleep, log_weights)
        bound = iwae_bound(log_weights)
        return {"loss/generative": loss, "loss/recognition": recognition_loss, "iwae_bound": bound}

    def _recognition_loss(
        self, learner: Learner, awake: States, asleep: States | None, log_weights: tf.Tensor
    ) -> tf.Tensor:
        losses = []
        if self.learns_awake:
            losses.append(reweighted_loss(learner.network.log_posterior(awake), log_weights))
        if asleep is not None:
            losses.append(-learner.network.log_posterior(asleep))
        return tf.add_n(losses)
