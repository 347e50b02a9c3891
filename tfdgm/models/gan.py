"""Generative adversarial network (Goodfellow et al. 2014); DCGAN with convolutional networks (Radford et al. 2016).

Generative story:  z ~ N(0, I),  x = G(z)
Discriminator      max  E log D(x) + E log (1 - D(G(z)))       (eq. 1), k steps (algorithm 1)
Generator          min  E log (1 - D(G(z)))  (minimax)   or   max  E log D(G(z))  (non-saturating), one step
with D = sigmoid(logit). Other losses of `tfdgm.objectives.adversarial` take the places of these two; a label y is seen
by both players (Mirza & Osindero 2014; Miyato & Koyama 2018).
"""

from typing import Any, ClassVar

import tensorflow as tf

from tfdgm.core.types import DataSpec
from tfdgm.core.unified_form import UnifiedForm
from tfdgm.core.validation import require_at_least, require_choice
from tfdgm.models.adversarial import AdversarialModel
from tfdgm.models.base import Batch, Logs
from tfdgm.models.two_players import Minibatch
from tfdgm.objectives.adversarial import LOSSES


class GAN(AdversarialModel):
    """GAN, DCGAN and their conditional forms; the fields are those of `tfdgm.configs.gan.GANConfig`."""

    unified: ClassVar[UnifiedForm] = UnifiedForm(
        x="an example",
        z="noise, which makes p_theta(x|0) implicit",
        y="1 real, 0 generated",
        p="x = G(z), z ~ N(0, I), for 0; p_data(x) for 1",
        discriminator="D(x), learned",
        inference="",
        minimizes="phi: KL(p_theta(y|x) || q(y|x)), in the mean over x; theta: KL(p_theta(x|y) || q^r(x|y)) - JSD",
        source="Goodfellow et al. 2014",
    )

    def __init__(
        self,
        spec: DataSpec,
        *,
        loss: str = "non_saturating",
        num_discriminator_steps: int = 1,
        num_generator_steps: int = 1,
        **kwargs: Any,
    ) -> None:
        """Builds both networks; see `AdversarialModel` for the rest.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        require_choice("loss", loss, LOSSES)
        require_at_least(1, num_discriminator_steps=num_discriminator_steps, num_generator_steps=num_generator_steps)
        super().__init__(spec, has_origin=LOSSES[loss].has_origin, **kwargs)
        self.adversarial_loss = LOSSES[loss]
        self.num_discriminator_steps, self.num_generator_steps = num_discriminator_steps, num_generator_steps

    def train_step(self, batch: Batch) -> Logs:
        """k discriminator steps, each on a minibatch of its own, then the generator's (algorithm 1)."""
        for rows in self.minibatches(batch, self.num_discriminator_steps, "num_discriminator_steps"):
            loss, logs = self.minimize("discriminator", self._discriminator_loss, rows)
        for k in range(self.num_generator_steps):
            generator_loss, terms = self.minimize("generator", self._generator_loss, self.fresh(rows, k))
        return {"loss/discriminator": loss, "loss/generator": generator_loss, **logs, **terms, **self.gradient_norms()}

    def _discriminator_loss(self, rows: Minibatch) -> tuple[tf.Tensor, Logs]:
        fake = tf.stop_gradient(self.generate(rows.seeds, rows.label, training=True))
        real_logits, fake_logits = self.logit_pair(rows, fake)
        penalty = self.penalty_of(rows, fake)
        loss = self.adversarial_loss.discriminator(real_logits, fake_logits, self.batch_mean)
        return loss + penalty, {**self.opponent_logs(real_logits, fake_logits), "penalty": penalty}

    def _generator_loss(self, rows: Minibatch) -> tuple[tf.Tensor, Logs]:
        fake = self.generate(rows.seeds, rows.label, training=True)
        real_logits, fake_logits = self.logit_pair(rows, fake, needs_real=self.adversarial_loss.needs_real)
        return self.adversarial_loss.generator(real_logits, fake_logits, self.batch_mean), {}
