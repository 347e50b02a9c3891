"""GAN with a knowledge constraint on what it generates, given or learned (Hu et al. 2018).

Generative story:  z ~ N(0, I),  x = G(z)
Constraint         f(x), high where x agrees with what is known; q(x) ~ p_theta(x) exp(alpha f(x))
Discriminator      the GAN's
Generator          min  L(theta) - alpha E f(G(z)),  whose gradient is that of L(theta) + KL(p_theta || q)
Learned f_phi      max  E_data f - E_q f,  E_q by importance weights over samples of G, before the two players' steps
f looks at the statistics s(x) of a constraint of `tfdgm.math.image_constraints`: given, it is 0 within their range and
falls with the distance from it; learned, it is sigmoid(a network of s), a degree of truth: without its bounds nothing
would end its growth where no sample lies where the data do. Without a constraint this is the GAN bit for bit.
"""

import dataclasses
from typing import Any, ClassVar

import tensorflow as tf

from tfdgm.core.types import DataSpec
from tfdgm.core.unified_form import UnifiedForm
from tfdgm.core.validation import require_choice
from tfdgm.math.image_constraints import CONSTRAINTS, ink_of
from tfdgm.models.base import Batch, Logs
from tfdgm.models.gan import GAN
from tfdgm.models.two_players import Minibatch
from tfdgm.networks.mlp import mlp
from tfdgm.objectives.learned_constraints import constraint_loss, implicit_generator_loss

_CONSTRAINT = 100  # stream of the constraint's own samples, behind any number of generator steps


class ConstrainedGAN(GAN):
    """GAN with a constraint; the fields are those of `tfdgm.configs.constrained_gan.ConstrainedGANConfig`."""

    unified: ClassVar[UnifiedForm] = dataclasses.replace(
        GAN.unified,
        minimizes="phi: as a GAN; theta: as a GAN, and KL(p_theta(x|0) || q(x)), q ~ p_theta exp(alpha f)",
        source="Hu et al. 2018b",
    )

    def __init__(
        self,
        spec: DataSpec,
        *,
        constraint: str = "centred",
        constraint_kind: str = "fixed",
        constraint_weight: float = 1.0,
        constraint_hidden_sizes: tuple[int, ...] = (32, 32),
        **kwargs: Any,
    ) -> None:
        """Builds both networks, and the constraint's where it is learned; see `GAN` for the rest.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        require_choice("constraint", constraint, CONSTRAINTS)
        require_choice("constraint_kind", constraint_kind, ("none", "fixed", "learned"))
        if (constraint_kind == "none") != (constraint_weight == 0.0) or constraint_weight < 0.0:
            raise ValueError(
                f"constraint_weight is {constraint_weight} and constraint_kind {constraint_kind!r}; "
                "give 0 with 'none', else a positive number"
            )
        if not spec.is_image:
            raise ValueError(f"constraint is {constraint!r}, but the data's shape is {spec.shape}; it is of images")
        super().__init__(spec, **kwargs)
        self.constraint, self.constraint_weight = CONSTRAINTS[constraint], constraint_weight
        self.constraint_network = None
        if constraint_kind == "learned":
            self.constraint_network = mlp([2], constraint_hidden_sizes, [1], name="constraint")

    def groups(self) -> dict[str, list[Any]]:
        """The constraint where it is learned, and the two players."""
        learned = self.constraint_network
        return {**({"constraint": learned.trainable_variables} if learned is not None else {}), **super().groups()}

    def train_step(self, batch: Batch) -> Logs:
        """A step of the constraint where it is learned, then the two players'."""
        if self.constraint_network is None:
            return super().train_step(batch)
        rows = self.fresh(next(self.minibatches(batch, 1, "")), _CONSTRAINT)
        loss = self.minimize("constraint", self._constraint_loss, rows)
        return {"loss/constraint": loss, **super().train_step(batch)}

    def test_step(self, batch: Batch) -> Logs:
        """The GAN's, and how often samples satisfy the constraint."""
        logs = super().test_step(batch)
        fake = self.sample(self.row_seeds(_CONSTRAINT))
        return {
            **logs,
            "constraint/satisfied": tf.cast(self.constraint.is_satisfied(ink_of(fake, self.spec)), fake.dtype),
        }

    def constraint_values(self, x: tf.Tensor) -> tf.Tensor:
        """f(x): images [B, *event_shape] to [B]."""
        if self.constraint_network is None:
            return self.constraint.values(ink_of(x, self.spec))
        outputs = self.constraint_network(self.constraint.standardized(ink_of(x, self.spec)))
        return tf.sigmoid(tf.cast(tf.squeeze(outputs, axis=1), self.variable_dtype))

    def _constraint_loss(self, rows: Minibatch) -> tf.Tensor:
        fake = tf.stop_gradient(self.generate(rows.seeds, rows.label, training=True))
        values = self.constraint_values(rows.x), self.constraint_values(fake)
        return constraint_loss(*values, self.constraint_weight, self.batch_mean)

    def _generator_loss(self, rows: Minibatch) -> tuple[tf.Tensor, Logs]:
        fake = self.generate(rows.seeds, rows.label, training=True)
        real_logits, fake_logits = self.logit_pair(rows, fake, needs_real=self.adversarial_loss.needs_real)
        loss = self.adversarial_loss.generator(real_logits, fake_logits, self.batch_mean)
        values = self.constraint_values(fake)
        return loss + implicit_generator_loss(values, self.constraint_weight), {"constraint/value": values}
