"""Wasserstein GAN, by clipped weights (Arjovsky et al. 2017) or by a gradient penalty (Gulrajani et al. 2017).

W_1(p_data, p_model) = max over 1-Lipschitz f of  E f(x) - E f(G(z))                     (Kantorovich-Rubinstein)
Critic             max  E f(x) - E f(G(z)),  then every weight clipped to [-c, c]        (algorithm 1 of 2017a)
              or   max  E f(x) - E f(G(z)) - lambda E (|grad f(x^)| - 1)^2               (algorithm 1 of 2017b)
Generator          max  E f(G(z))
with x^ drawn on the line between a real and a generated example.
"""

from typing import Any, ClassVar

import tensorflow as tf

from tfdgm.core.types import DataSpec
from tfdgm.core.validation import require_at_least
from tfdgm.models.adversarial import AdversarialModel
from tfdgm.models.base import Batch, Logs
from tfdgm.models.two_players import Minibatch
from tfdgm.objectives.adversarial import wasserstein_critic, wasserstein_generator


class WGAN(AdversarialModel):
    """WGAN and WGAN-GP; the fields are those of `tfdgm.configs.wgan.WGANConfig`."""

    opponent: ClassVar[str] = "critic"

    def __init__(
        self,
        spec: DataSpec,
        *,
        num_critic_steps: int = 5,
        weight_clip: float = 0.0,
        discriminator_normalization: str = "none",
        **kwargs: Any,
    ) -> None:
        """Builds both networks; see `AdversarialModel` for the rest.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        require_at_least(1, num_critic_steps=num_critic_steps)
        require_at_least(0, weight_clip=weight_clip)
        super().__init__(spec, discriminator_normalization=discriminator_normalization, has_origin=False, **kwargs)
        if not weight_clip and self.penalty is None and discriminator_normalization != "spectral":
            raise ValueError(
                "weight_clip is 0 and penalty 'none'; a critic needs one of them, or discriminator_normalization "
                "'spectral', to keep its slope bounded"
            )
        self.num_critic_steps, self.weight_clip = num_critic_steps, weight_clip

    def train_step(self, batch: Batch) -> Logs:
        """n_critic critic steps, each on a minibatch of its own, then a generator step (algorithm 1 of both papers)."""
        for rows in self.minibatches(batch, self.num_critic_steps, "num_critic_steps"):
            loss, logs = self.minimize("critic", self._critic_loss, rows)
            self._clip()
        generator_loss = self.minimize("generator", self._generator_loss, self.fresh(rows, 0))
        return {"loss/critic": loss, "loss/generator": generator_loss, **logs, **self.gradient_norms()}

    def opponent_logs(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> Logs:
        """What the critic takes W_1 for, up to its slope; the penalty is apart."""
        return {"critic_estimate": -wasserstein_critic(real_logits, fake_logits)}

    def _critic_loss(self, rows: Minibatch) -> tuple[tf.Tensor, Logs]:
        fake = tf.stop_gradient(self.generate(rows.seeds, rows.label, training=True))
        real_values, fake_values = self.logit_pair(rows, fake)
        penalty = self.penalty_of(rows, fake)
        loss = wasserstein_critic(real_values, fake_values) + penalty
        return loss, {**self.opponent_logs(real_values, fake_values), "penalty": penalty}

    def _generator_loss(self, rows: Minibatch) -> tf.Tensor:
        fake = self.generate(rows.seeds, rows.label, training=True)
        return wasserstein_generator(self.logit_pair(rows, fake, needs_real=False)[1])

    def _clip(self) -> None:
        if self.weight_clip:
            for variable in self.groups()["critic"]:
                variable.assign(tf.clip_by_value(variable.value, -self.weight_clip, self.weight_clip))
