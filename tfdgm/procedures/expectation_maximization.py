"""EM for sigmoid belief nets without a recognition net: the posterior by Gibbs sampling, or by mean field.

E step:  h ~ p(h|x) by data augmentation       (Neal 1992)     or  q(h|x) = argmax of a bound   (Saul et al. 1996)
M step:  theta up  log p(x, h)                                 or  theta up  the bound at that q
The M step is one step of gradient ascent.
"""

import tensorflow as tf

from tfdgm.core.assertions import checked
from tfdgm.math import belief_gibbs, belief_mean_field
from tfdgm.procedures.belief_procedure import SLEEP_STREAM, WAKE_STREAM, BeliefProcedure, Learner, Logs, Settings


class GibbsEM(BeliefProcedure):
    """Latents are sampled given the data, then taken for observed.

    They start anew in each batch, as a draw from p(h), and have `num_gibbs_sweeps` sweeps of burn-in; or, with
    `num_persistent_examples`, those of each example go on where they were when it was last seen.

    Attributes:
      latents: h_L, ..., h_1 of each example, [num_persistent_examples, sum of D_l]; None where they start anew.

    References:
      Neal (1992), Connectionist learning of belief networks.
    """

    has_recognition = False

    def __init__(self, sizes: tuple[int, ...], settings: Settings, **kwargs: str) -> None:
        """Args: as those of `BeliefProcedure`."""
        super().__init__(sizes, settings, **kwargs)
        self.latents = None
        if settings.num_persistent_examples:
            shape = (settings.num_persistent_examples, sum(sizes[1:]))
            self.latents = self.add_weight(
                shape=shape, initializer="zeros", trainable=False, aggregation="sum", name="latents"
            )

    def step(self, learner: Learner, x: tf.Tensor, index: tf.Tensor | None) -> Logs:
        """E step: sweeps. M step: the complete-data likelihood."""
        network = learner.network
        noise = learner.row_noise((self.settings.num_gibbs_sweeps, network.num_latents), WAKE_STREAM)
        index = None if self.latents is None else self._known(index)
        start = self._prior_draw(learner) if index is None else self._kept(index)
        states = belief_gibbs.run(network.generative(), (*start, x), noise)
        if index is not None:
            self._keep(index, states[:-1])
        return {"loss/generative": learner.minimize("generative", lambda: -network.generative().log_joint(states))}

    def _prior_draw(self, learner: Learner) -> tuple[tf.Tensor, ...]:
        noise = learner.row_noise((sum(self.sizes),), SLEEP_STREAM)
        return learner.network.generative().draw_all(noise)[:-1]

    def _known(self, index: tf.Tensor | None) -> tf.Tensor:
        """`index`, where the table has a row for each: whatever reads or writes it must take this."""
        limit = self.settings.num_persistent_examples
        if index is None:
            raise ValueError(
                f"num_persistent_examples is {limit}, but a batch has no 'index', int64 [B];"
                " feed it, or set num_persistent_examples to 0"
            )
        last = tf.reduce_max(index)
        message = f"num_persistent_examples is {limit}; it must be the number of training examples, which is at least"
        return checked(index, last < limit, message, last + 1)

    def _kept(self, index: tf.Tensor) -> tuple[tf.Tensor, ...]:
        # Beyond 0 and 1 only where `_keep` met an example twice.
        kept = tf.clip_by_value(tf.gather(self.latents.value, index), 0.0, 1.0)
        return tuple(tf.split(kept, self.sizes[:0:-1], axis=1))

    def _keep(self, index: tf.Tensor, latents: tuple[tf.Tensor, ...]) -> None:
        # Replicas add what changed in their own rows. An example that a batch holds twice, across the end of an epoch,
        # adds both changes; its next visit sets that right.
        change = tf.concat(latents, axis=1) - tf.gather(self.latents.value, index)
        self.latents.value.assign_add(tf.scatter_nd(index[:, tf.newaxis], change, self.latents.shape))


class MeanFieldEM(BeliefProcedure):
    """Variational EM: a factorial q for each example, fitted anew in each step, and no sampling at all.

    References:
      Saul, Jaakkola & Jordan (1996), Mean field theory for sigmoid belief networks.
    """

    has_recognition = False

    def step(self, learner: Learner, x: tf.Tensor, index: tf.Tensor | None) -> Logs:
        """E step: q. M step: the bound, q fixed."""
        del index
        network = learner.network
        q = belief_mean_field.infer(network.generative(), x, self.settings.num_mean_field_steps)
        loss = learner.minimize("generative", lambda: -belief_mean_field.bound(network.generative(), x, q))
        return {"loss/generative": loss, "mean_field_bound": -loss}
